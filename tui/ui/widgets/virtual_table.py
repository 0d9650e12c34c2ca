"""A table that paints only the lines on screen, for any number of rows.

What is shown, and in which order, is the `TableModel`'s; this widget keeps a cursor on a row id, and cursor and
viewport stay with their rows while the model changes. Whoever changes the model calls `refresh_rows()` once
afterwards. A painted line is kept by everything that changes its look: a refresh costs what changed on screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style as VisualStyle

from tui.core.columns import Column, RowT
from tui.core.table_model import TableModel
from tui.ui.widgets.row_arranger import ARRANGED_ASIDE, Arranged, RowArranger
from tui.ui.widgets.table_painter import LOOK, QUIET, TOKENS, TablePainter, centred

_HEADER_LINES = 1
_STRIPS_KEPT = 1_024
"""A few screens of lines: enough to scroll back and forth without painting anew."""


KEYS: list[BindingType] = [
    Binding("up,k", "move(-1)", "Up", show=False, id="table.up", tooltip="To the row above"),
    Binding("down,j", "move(1)", "Down", show=False, id="table.down", tooltip="To the row below"),
    Binding("pageup", "page(-1)", "Page up", show=False, id="table.page-up", tooltip="A screen up"),
    Binding("pagedown", "page(1)", "Page down", show=False, id="table.page-down", tooltip="A screen down"),
    Binding("home", "go(0)", "First", show=False, id="table.first", tooltip="To the first row"),
    Binding("end,G", "go(1)", "Last", show=False, id="table.last", tooltip="To the last row"),
    Binding("left", "scroll_left", "Left", show=False, id="table.left", tooltip="Scroll left"),
    Binding("right", "scroll_right", "Right", show=False, id="table.right", tooltip="Scroll right"),
    Binding("enter", "select", "Open", id="table.open", tooltip="Open the row under the cursor"),
    Binding("space", "mark", "Mark", show=False, id="table.mark", tooltip="Mark or unmark the row"),
    Binding("shift+up", "mark_to(-1)", "Mark up", show=False, id="table.mark-up", tooltip="Mark upwards"),
    Binding("shift+down", "mark_to(1)", "Mark down", show=False, id="table.mark-down", tooltip="Mark downwards"),
    Binding("a", "marks('mark_shown')", "Mark all", show=False, id="table.mark-all", tooltip="Mark every row shown"),
    Binding("i", "marks('invert_marks')", "Invert", show=False, id="table.invert", tooltip="Swap marked and unmarked"),
    Binding("u", "marks('clear_marks')", "Unmark all", show=False, id="table.unmark", tooltip="Drop every mark"),
]


@dataclass
class _TableMessage(Message):
    table: VirtualTable[Any]

    @property
    def control(self) -> VirtualTable[Any]:
        return self.table


class VirtualTable(ScrollView, Generic[RowT], can_focus=True):
    """Shows a `TableModel`; `refresh_rows` after each change of it."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"virtual-table--cursor", "virtual-table--muted"}
    DEFAULT_CSS = LOOK
    BINDINGS = KEYS

    @dataclass
    class RowHighlighted(_TableMessage):
        """The cursor is on another row; None where there is none."""

        row_id: str | None

    @dataclass
    class RowSelected(_TableMessage):
        """Enter, or a click on the row under the cursor."""

        row_id: str

    @dataclass
    class SortRequested(_TableMessage):
        """A click on a column's title; the screen may call `sort_by`."""

        column_key: str

    @dataclass
    class MarksChanged(_TableMessage):
        """Rows were marked or unmarked."""

    @dataclass
    class Rearranged(_TableMessage):
        """An order that was asked for is shown now."""

    def __init__(
        self,
        model: TableModel[RowT],
        *,
        is_live: Callable[[RowT], bool] = lambda row: False,  # noqa: ARG005 - called by position
        can_mark: bool = True,
        empty_text: str = "",
        aside_from: int = ARRANGED_ASIDE,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        """`is_live` rows are painted anew at each `tick`; from `aside_from` rows on, a thread sorts and filters."""
        super().__init__(id=id, classes=classes)
        self._model = model
        self._is_live = is_live
        self._can_mark = can_mark
        self._empty_text = empty_text
        self._cursor = 0
        self._cursor_id: str | None = None
        self._top_id: str | None = None
        self._ticks = 0
        self._arranger: RowArranger[RowT] = RowArranger(model, self, self._on_arranged, aside_from)
        self._columns = tuple(column for column in model.columns if column.is_default)
        self._painter: TablePainter[RowT] = TablePainter(self._columns, 0, has_marks=can_mark)
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(_STRIPS_KEPT)
        self._styles: dict[str, Style] = {}

    # Verbs

    @property
    def model(self) -> TableModel[RowT]:
        return self._model

    @property
    def cursor_id(self) -> str | None:
        """The row under the cursor."""
        return self._cursor_id

    def refresh_rows(self) -> None:
        """Shows what the model holds now; cursor and viewport stay on their rows."""
        top, top_id, before = round(self.scroll_y), self._top_id, self._cursor
        was_empty = self._cursor_id is None
        is_cursor_shown = was_empty or top <= before < top + self._page
        count = len(self._model)
        if self.virtual_size.height != count + _HEADER_LINES:
            self.virtual_size = Size(self.virtual_size.width, count + _HEADER_LINES)
        self._set_cursor(self._model.settle_cursor(self._cursor_id, before))
        if is_cursor_shown:  # wherever it went: its row may have gone
            wanted = 0 if was_empty else top + self._cursor - before
        else:
            position = None if top_id is None else self._model.position_of(top_id)
            wanted = top if position is None else position
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, immediate=True)
        self._remember_top()
        self.refresh()

    def tick(self) -> None:
        """Paints rows anew that change by the clock alone."""
        self._ticks += 1
        self.refresh()

    def repaint(self) -> None:
        """Paints every row anew: what they look like depends on something that has changed."""
        self._strips.clear()
        self.refresh()

    def move_to(self, row_id: str) -> None:
        """Puts the cursor on a row, if it is shown."""
        position = self._model.position_of(row_id)
        if position is not None:
            self._go_to(position)

    def sort_by(self, column_key: str) -> None:
        """Ascending; a second time descending; a third time natural order."""
        self._arranger.sort_by(column_key)

    def sort_by_next_column(self) -> None:
        """Through the columns on screen, from left to right, and back to natural order."""
        self._arranger.sort_by_next([placed.column.key for placed in self._painter.placed])

    def reverse_sort(self) -> None:
        """The other direction of the column it is sorted by."""
        self._arranger.reverse()

    def show_only(self, predicate: Callable[[RowT], bool] | None) -> None:
        """Shows the rows that satisfy `predicate`, or all."""
        self._arranger.arrange(self._arranger.order, predicate)

    @property
    def is_arranging(self) -> bool:
        """Whether what was asked for last is still being worked out."""
        return self._arranger.is_busy

    def _on_arranged(self) -> None:
        self.refresh_rows()
        self.post_message(self.Rearranged(self))

    @on(Arranged)
    def _adopt(self, message: Arranged) -> None:
        message.stop()
        self._arranger.adopt(message.found)

    def show_columns(self, columns: Sequence[Column[RowT]]) -> None:
        """Some of the model's columns, in any order."""
        self._columns = tuple(columns)
        self.on_resize()
        self.refresh()

    def show_empty_text(self, text: str) -> None:
        """What an empty table says."""
        if text != self._empty_text:
            self._empty_text = text
            self.refresh()

    # Cursor

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - _HEADER_LINES)

    def _go_to(self, position: int) -> None:
        """Moves the cursor and what is on screen with it; only the lines concerned are painted."""
        count = len(self._model)
        if not count:
            return
        before = self._cursor
        self._set_cursor(min(max(position, 0), count - 1))
        self.refresh_lines(before + _HEADER_LINES)
        self.refresh_lines(self._cursor + _HEADER_LINES)
        top = round(self.scroll_y)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True)
        elif self._cursor >= top + self._page:
            self.scroll_to(y=self._cursor - self._page + 1, animate=False, immediate=True)

    def _set_cursor(self, position: int | None) -> None:
        row_id = None if position is None else self._model.id_at(position)
        self._cursor = position or 0
        if row_id != self._cursor_id:
            self._cursor_id = row_id
            self.post_message(self.RowHighlighted(self, row_id))

    def _remember_top(self) -> None:
        top = round(self.scroll_y)
        self._top_id = self._model.id_at(top) if top < len(self._model) else None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._remember_top()

    # Actions

    def action_move(self, lines: int) -> None:
        self._go_to(self._cursor + lines)

    def action_page(self, pages: int) -> None:
        self._go_to(self._cursor + pages * self._page)

    def action_go(self, share: int) -> None:
        """To the first row, or with 1 to the last."""
        self._go_to(share * (len(self._model) - 1))

    def action_select(self) -> None:
        if self._cursor_id is not None:
            self.post_message(self.RowSelected(self, self._cursor_id))

    def action_mark(self) -> None:
        if self._cursor_id is not None:
            self._model.toggle_mark(self._cursor_id)
            self._go_to(self._cursor + 1)
            self._tell_marks()

    def action_mark_to(self, lines: int) -> None:
        first_id = self._cursor_id
        self._go_to(self._cursor + lines)
        if first_id is not None and self._cursor_id is not None:
            self._model.mark_range(first_id, self._cursor_id)
            self._tell_marks()

    def action_marks(self, change: Literal["mark_shown", "invert_marks", "clear_marks"]) -> None:
        getattr(self._model, change)()
        self._tell_marks()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return self._can_mark or "mark" not in action

    def _tell_marks(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged(self))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y < _HEADER_LINES:
            x = offset.x + round(self.scroll_x)
            if (column := self._painter.column_at(x)) is not None:
                self.post_message(self.SortRequested(self, column.key))
            return
        position = round(self.scroll_y) + offset.y - _HEADER_LINES
        if position >= len(self._model):
            return
        is_second = position == self._cursor and event.chain > 1
        before_id = self._cursor_id
        self._go_to(position)
        if event.shift and self._can_mark and before_id and self._cursor_id:
            self._model.mark_range(before_id, self._cursor_id)
            self._tell_marks()
        elif is_second:
            self.action_select()

    # Painting

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self.repaint()

    def on_resize(self) -> None:
        width = self.scrollable_content_region.width
        self._painter = TablePainter(self._columns, width, has_marks=self._can_mark)
        self.virtual_size = Size(max(width, self._painter.width), len(self._model) + _HEADER_LINES)
        self._strips.clear()
        if self._cursor_id is not None:
            self._go_to(self._cursor)

    def render_line(self, y: int) -> Strip:
        left, width = self.scroll_offset.x, self.size.width
        if y < _HEADER_LINES:
            return self._crop(self._painter.header(self._model.sort_order, self._style), self._style("header"))
        position = self.scroll_offset.y + y - _HEADER_LINES
        if position >= len(self._model):
            return self._blank(y, width)
        row_id, row = self._model.id_at(position), self._model.row_at(position)
        is_cursor, is_marked = row_id == self._cursor_id, row_id in self._model.marked
        live_tick = self._ticks if self._is_live(row) else 0
        key = (row_id, self._model.version_at(position), live_tick, is_cursor, is_marked, self.has_focus, left, width)
        strip = self._strips.get(key)
        if strip is None:
            base = self.get_component_rich_style("virtual-table--cursor") if is_cursor else self.rich_style
            segments = self._painter.row(row, base, self._style, is_marked=is_marked, has_tones=not is_cursor)
            strip = self._strips[key] = self._crop(segments, base)
        return strip

    def _crop(self, segments: list[Segment], style: Style) -> Strip:
        left, width = self.scroll_offset.x, self.size.width
        return Strip(segments).extend_cell_length(left + width, style).crop(left, left + width)

    def _blank(self, y: int, width: int) -> Strip:
        middle = max(_HEADER_LINES + 1, self.scrollable_content_region.height // 3)
        if len(self._model) or y != middle:
            return Strip.blank(width, self.rich_style)
        return self._crop(centred(self._empty_text, width, self.rich_style, self._style("empty")), self.rich_style)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            base = self.get_visual_style("virtual-table--muted") if name in QUIET else self.visual_style
            look = VisualStyle.parse(TOKENS[name], self.app.theme_variables)
            style = self._styles[name] = (base + look).rich_style
        return style
