"""Where a program is that the sandbox's tasks would call: on this machine, or brought along by a Python package."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path


def find_program(name: str) -> str | None:
    """The path of `name`, or None; ffmpeg may also be the one of imageio-ffmpeg, as on the sandbox's nodes."""
    return shutil.which(name) or (_packaged_ffmpeg() if name == "ffmpeg" else None)


def _packaged_ffmpeg() -> str | None:
    """Found without importing the package, which costs more than everything else here."""
    package = importlib.util.find_spec("imageio_ffmpeg")
    for location in (package.submodule_search_locations or ()) if package is not None else ():
        for program in sorted(Path(location, "binaries").glob("ffmpeg-*")):
            if os.access(program, os.X_OK):
                return str(program)
    return None
