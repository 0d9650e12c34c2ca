"""Writes a file whole or not at all: what was there stays until all of the new is on the disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tui.core.errors import LocalError


def replace_file(path: str, pieces: Iterable[str]) -> int:
    """Writes `pieces` beside `path` and renames; the bytes written. Raises LocalError, and `path` is what it was."""
    target = Path(path).expanduser()
    beside = ""
    try:
        number, beside = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
            size_bytes = file.tell()
        Path(beside).replace(target)
    except OSError as problem:
        raise LocalError("The file cannot be written", f"{target}: {problem.strerror or problem}") from problem
    finally:
        if beside:
            with suppress(OSError):
                Path(beside).unlink()
    return size_bytes
