"""Columns of a table as data, and how they share the width there is: pure, so that no widget need be asked.

A column never wraps: where the width is short, columns leave by priority, and what stays keeps its order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

RowT = TypeVar("RowT")

Tone = Literal["", "muted", "running", "success", "warning", "error"]
"""What a cell's colour says; the theme decides how it looks. The text says it too."""

GAP = 2
"""Cells between two columns."""

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)  # no slots: on Python 3.11 they break the call of a subscripted generic, `Column[TaskRow](…)`
class Column(Generic[RowT]):
    """One column: what it shows of a row, how it sorts and how wide it may be."""

    key: str
    title: str
    text: Callable[[RowT], str]
    """May hold anything from outside: whoever paints it neutralises it."""
    width: int
    """Terminal cells of its content; a `flex` column takes this at least."""
    sort_value: Callable[[RowT], Any] | None = None
    """Comparable with its kind, or None for "no value", which sorts last; the text where this is absent."""
    tone: Callable[[RowT], Tone] | None = None
    align: Literal["left", "right"] = "left"
    flex: int = 0
    """Its share of the width left over."""
    priority: int = 0
    """Where the width is short, the highest leaves first; 0 never leaves."""
    is_searched: bool = True
    """Whether the text filter looks here."""
    is_default: bool = True
    """Whether it is shown before a person chooses."""

    def sort_key_of(self, row: RowT) -> Any:
        return self.text(row) if self.sort_value is None else self.sort_value(row)


@dataclass(frozen=True, slots=True)
class PlacedColumn(Generic[RowT]):
    """A column on screen: its first terminal cell and its width."""

    column: Column[RowT]
    start: int
    width: int

    @property
    def end(self) -> int:
        return self.start + self.width


def place_columns(columns: Sequence[Column[RowT]], width: int, *, start: int = 0) -> tuple[PlacedColumn[RowT], ...]:
    """The columns that fit into `width` cells from `start`, with the rest of the width shared by the flexible ones."""
    staying = list(columns)
    while _needed(staying) > width - start:
        leaving = max(staying, key=lambda column: column.priority, default=None)
        if leaving is None or leaving.priority == 0:
            break
        staying.remove(leaving)
    spare = max(0, width - start - _needed(staying))
    shares = sum(column.flex for column in staying)
    placed, used_shares, used_spare, position = [], 0, 0, start
    for column in staying:
        used_shares += column.flex
        share = (spare * used_shares // shares if shares else 0) - used_spare
        used_spare += share
        placed.append(PlacedColumn(column, position, column.width + share))
        position += column.width + share + GAP
    return tuple(placed)


def natural_key(text: str) -> tuple[str | int, ...]:
    """Sorts `task2` before `task10`; texts and numbers alternate, so any two keys compare."""
    parts: list[str | int] = [*_DIGITS.split(text.casefold())]
    parts[1::2] = map(int, parts[1::2])
    return tuple(parts)


def _needed(columns: Sequence[Column[RowT]]) -> int:
    return sum(column.width for column in columns) + GAP * max(0, len(columns) - 1)
