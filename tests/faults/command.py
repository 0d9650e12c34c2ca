"""The command line that campaigns share: which of them, and how many sandboxes at a time."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence


def asked_for(
    program: str, description: str, campaigns: Collection[str], arguments: Sequence[str] | None
) -> tuple[Collection[str], int]:
    """The names of campaigns, all of them where none is named, and the sandboxes; exits where a name is unknown."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(campaigns)}")
    parser.add_argument("--workers", type=int, default=2, help="sandboxes at a time")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in campaigns]
    if unknown:
        parser.error(f"no such campaign: {', '.join(unknown)}")
    return given.names or campaigns, given.workers
