"""How a table's line looks: segments of exactly the columns' widths, with whatever came from outside made harmless."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from tui.core.columns import Column, PlacedColumn, RowT, place_columns
from tui.core.table_model import SortOrder
from tui.core.terminal_text import neutralise

MARK_WIDTH = 2
_MARK = "▐ "
_ASCENDING, _DESCENDING = "▲", "▼"

LOOK = """
VirtualTable {
    height: 1fr;
    scrollbar-size: 1 1;
    scrollbar-gutter: stable;
    & > .virtual-table--cursor {
        color: $block-cursor-blurred-foreground;
        background: $block-cursor-blurred-background;
        text-style: $block-cursor-blurred-text-style;
    }
    & > .virtual-table--muted { color: $text-muted; }
    &:focus > .virtual-table--cursor {
        color: $block-cursor-foreground;
        background: $block-cursor-background;
        text-style: $block-cursor-text-style;
    }
}
"""
QUIET = frozenset({"header", "empty", "muted"})
"""Parts that look like `virtual-table--muted`."""
TOKENS: Mapping[str, str] = {
    "header": "bold",
    "empty": "",
    "muted": "",
    "sorted": "bold $accent",
    "marked": "$accent",
    "running": "$text-accent",
    "success": "$text-success",
    "warning": "$text-warning",
    "error": "bold $text-error",
}
"""What parts of a line and tones have beyond the table's own look. Component classes, which only the focus and colours
that follow the background need, would each be styled whenever the table is.
"""
StyleOf = Callable[[str], Style]
"""The style of one of the `TOKENS`."""


class TablePainter(Generic[RowT]):
    """Paints lines for columns placed in a given width; a new width takes a new painter."""

    def __init__(self, columns: Sequence[Column[RowT]], width: int, *, has_marks: bool) -> None:
        self._mark_width = MARK_WIDTH if has_marks else 0
        self.placed: tuple[PlacedColumn[RowT], ...] = place_columns(columns, width, start=self._mark_width)

    @property
    def width(self) -> int:
        """Cells that the columns need: more than there is where no further column may leave."""
        return self.placed[-1].end if self.placed else 0

    def column_at(self, x: int) -> Column[RowT] | None:
        """The column painted at cell `x`."""
        return next((placed.column for placed in self.placed if placed.start <= x < placed.end), None)

    def row(self, row: RowT, base: Style, style_of: StyleOf, *, is_marked: bool, has_tones: bool) -> list[Segment]:
        """One row; without tones every cell looks like `base`, which is how the cursor stays legible."""
        segments = [Segment(_MARK[: self._mark_width], style_of("marked") if has_tones else base)] if is_marked else []
        end = self._mark_width if is_marked else 0
        for placed in self.placed:
            column, style = placed.column, base
            if has_tones and column.tone is not None and (tone := column.tone(row)):
                style = style_of(tone)
            segments.append(Segment(" " * (placed.start - end), base))
            segments.append(Segment(fit(neutralise(column.text(row)), placed.width, column.align), style))
            end = placed.end
        return segments

    def header(self, order: SortOrder | None, style_of: StyleOf) -> list[Segment]:
        """The titles; the glyph of the sorted one says which way."""
        segments, end, base = [], 0, style_of("header")
        for placed in self.placed:
            column, title, style = placed.column, placed.column.title, base
            if order is not None and order.column_key == column.key:
                glyph = _DESCENDING if order.is_descending else _ASCENDING
                title, style = fit(title, min(len(title), placed.width - 1)) + glyph, style_of("sorted")
            segments.append(Segment(" " * (placed.start - end), base))
            segments.append(Segment(fit(title, placed.width, column.align), style))
            end = placed.end
        return segments


def centred(text: str, width: int, around: Style, style: Style) -> list[Segment]:
    """`text` in the middle of a line, cut off where it does not fit."""
    shown = fit(text, min(width, len(text)))
    return [Segment(" " * ((width - len(shown)) // 2), around), Segment(shown, style)]


def fit(text: str, width: int, align: str = "left") -> str:
    """`text` in exactly `width` terminal cells; where something is cut off, `…` says so."""
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    padding = " " * (width - length)
    return padding + text if align == "right" else text + padding
