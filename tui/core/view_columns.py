"""Which columns of a table are shown, in which order and how wide, as a person chose; a choice outlives its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.core.columns import Column, RowT

NARROWEST, WIDEST = 3, 80


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """One column: whether it is shown, and its width where it is not its own."""

    key: str
    is_shown: bool = True
    width: int | None = None


def default_choice(columns: Sequence[Column[RowT]]) -> tuple[ColumnChoice, ...]:
    return tuple(ColumnChoice(column.key, column.is_default) for column in columns)


def completed(columns: Sequence[Column[RowT]], choice: Sequence[ColumnChoice]) -> tuple[ColumnChoice, ...]:
    """`choice` for the columns that there are: what it does not know stands at the end, as it is by default."""
    known = {column.key for column in columns}
    kept = {item.key: item for item in choice if item.key in known}
    return (*kept.values(), *(item for item in default_choice(columns) if item.key not in kept))


def chosen(columns: Sequence[Column[RowT]], choice: Sequence[ColumnChoice]) -> tuple[Column[RowT], ...]:
    """The columns to show; all that are shown by default where none is chosen. A chosen width is kept to."""
    of_key = {column.key: column for column in columns}
    found = [
        of_key[item.key] if item.width is None else replace(of_key[item.key], width=_within(item.width), flex=0)
        for item in completed(columns, choice)
        if item.is_shown
    ]
    return tuple(found) or tuple(column for column in columns if column.is_default)


def moved(choice: Sequence[ColumnChoice], index: int, by: int) -> tuple[ColumnChoice, ...]:
    """The column at `index` further on or back, as far as it goes."""
    items = list(choice)
    item = items.pop(index)
    items.insert(min(max(index + by, 0), len(items)), item)
    return tuple(items)


def widened(column: Column[RowT], item: ColumnChoice, by: int) -> ColumnChoice:
    return replace(item, width=_within((column.width if item.width is None else item.width) + by))


def _within(width: int) -> int:
    return min(max(width, NARROWEST), WIDEST)
