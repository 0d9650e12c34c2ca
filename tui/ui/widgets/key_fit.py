"""Which keys the bottom line shows where it has no room for all of them.

Help and Quit are always shown: whatever is left out is in the help.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

LEFT_OUT_FIRST = (
    "run.refresh",
    "run.sort",
    "run.nodes",
    "run.why",
    "run.failures",
    "run.failed",
    "run.pause",
    "run.change",
    "run.log",
    "table.open",
)
"""Ids of bindings in the order in which they make room."""
ALWAYS_SHOWN = ("app.help", "app.quit")
_SPACES = 3
"""Around the key and behind its words."""


@dataclass(frozen=True, slots=True)
class LineKey:
    """One key of the line."""

    id: str
    display: str
    words: str
    is_enabled: bool = True

    @property
    def width(self) -> int:
        return cell_len(self.display) + cell_len(self.words) + _SPACES


def left_out(keys: Sequence[LineKey], room: int) -> frozenset[str]:
    """Ids of the keys that make room: first those that do nothing now, then as ranked, then from the right."""
    excess, gone = sum(key.width for key in keys) - room, set()
    for key in _in_order(keys):
        if excess <= 0:
            break
        excess -= key.width
        gone.add(key.id)
    return frozenset(gone)


def _in_order(keys: Sequence[LineKey]) -> Iterable[LineKey]:
    ranks = {name: rank for rank, name in enumerate(LEFT_OUT_FIRST)}
    return sorted(
        (key for key in reversed(keys) if key.id not in ALWAYS_SHOWN),
        key=lambda key: (key.is_enabled, ranks.get(key.id, len(ranks))),
    )
