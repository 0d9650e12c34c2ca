"""Whether a person sits in front of this program."""

from __future__ import annotations

import os
import sys


def is_terminal() -> bool:
    """Whether a person sits at all three streams, at a terminal that can do more than a teletype."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    # One that the shell closed is None.
    return all(stream is not None and stream.isatty() for stream in streams) and not is_dumb()


def is_dumb() -> bool:
    """Whether the terminal only ever appends."""
    return os.environ.get("TERM", "dumb") == "dumb"
