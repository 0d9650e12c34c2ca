"""Whether a person sits in front of this program."""

from __future__ import annotations

import os
import sys

from tui.core.errors import InputError


def is_terminal() -> bool:
    """Whether a person sits at all three streams, at a terminal that can do more than a teletype."""
    return _are_terminals() and not is_dumb()


def require_terminal(what: str, hint: str = "") -> None:
    """Raises InputError where `what`, which paints a screen, cannot be shown."""
    if not _are_terminals():
        raise InputError("There is no terminal here", f"{what} needs stdin, stdout and stderr to be one", hint)
    if is_dumb():
        said = os.environ.get("TERM")
        why = f"TERM is {said}" if said else "TERM is not set"
        raise InputError("This terminal can only append", f"{what} paints a whole screen, and {why}", hint)


def _are_terminals() -> bool:
    streams = (sys.stdin, sys.stdout, sys.stderr)
    # One that the shell closed is None.
    return all(stream is not None and stream.isatty() for stream in streams)


def is_dumb() -> bool:
    """Whether the terminal only ever appends."""
    return os.environ.get("TERM", "dumb") == "dumb"
