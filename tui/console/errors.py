"""Errors as a person reads them on stderr: title, what happened, what to do; as the last resort, a crash report."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from tui.core.errors import BatchTuiError, ServiceError
from tui.core.redaction import redact

CRASH_EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h: the program itself is at fault."""


def error_lines(error: BatchTuiError) -> list[str]:
    """`Error: title`, then what and hint, each on lines of its own."""
    lines = [f"Error: {error.title}"]
    if error.what:
        lines += [f"  {line}" for line in error.what.splitlines()]
    if isinstance(error, ServiceError):
        lines += [f"  {name}: {value}" for name, value in error.details]
        if error.request_id:
            lines.append(f"  request {error.request_id}")
    if error.hint:
        lines += [f"  Hint: {line}" for line in error.hint.splitlines()]
    return lines


def error_json(error: BatchTuiError) -> dict[str, str | int]:
    """The same as one JSON object."""
    return {
        "event": "error",
        "title": error.title,
        "what": error.what,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }


def write_crash_report(problem: BaseException, folder: Path, moment: str) -> Path | None:
    """The redacted traceback in a file of its owner's, below `folder`; None where it cannot be written."""
    text = redact("".join(traceback.format_exception(problem)))
    path = folder / f"crash-{moment}-{os.getpid()}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return None
    return path
