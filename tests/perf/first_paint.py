"""The program on a terminal of its own, up to the first frame it paints; it is killed then and reaches nothing."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_LIMIT_S = 60.0
_SHOWN = b"batch-tui"
"""The title of Home; it comes with the rest of its first frame."""
_ACCOUNT = "paintedaccount"
_KEY = "cGFpbnRlZCBwYWludGVkIHBhaW50ZWQgcGFpbnRlZA=="


def compiled_environment(folder: Path) -> dict[str, str]:
    """This environment with byte code kept in `folder`: an installed program's is there when it starts."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**environment, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def home_painted(folder: Path) -> Callable[[], None]:
    """Opens `batch-tui` with an account in its environment, in a home of its own, until Home is on the screen."""
    environment = {
        **compiled_environment(folder),
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "AZURE_BATCH_ACCOUNT": _ACCOUNT,
        "AZURE_BATCH_ACCESS_KEY": _KEY,
        "AZURE_BATCH_ENDPOINT": "http://127.0.0.1:9",
        "AZURE_STORAGE_ACCOUNT": _ACCOUNT,
        "AZURE_STORAGE_KEY": _KEY,
    }
    return lambda: _until_shown([sys.executable, "-m", "tui.cli"], _SHOWN, environment)


def _until_shown(command: list[str], text: bytes, environment: Mapping[str, str]) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 120))
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        try:
            _read_until(ours, text)
        finally:
            process.kill()
            os.close(ours)


def _read_until(terminal: int, text: bytes) -> None:
    shown, until_s = b"", time.monotonic() + _LIMIT_S
    while text not in shown:
        readable, _, _ = select.select([terminal], [], [], until_s - time.monotonic())
        if not readable:
            raise TimeoutError(f"{text!r} never came: {shown[-500:]!r}")
        shown += os.read(terminal, 65_536)
