"""Lines of a log as they come: kept up to a limit, wrapped or not, searched.

Invariant: only what is on screen is painted, and a line that came is wrapped once for a width; lines that come or go
above what is looked at do not move it. The text given is harmless already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.core import log_search
from tui.core.log_cuts import broken
from tui.core.log_window import LogEdit
from tui.ui.widgets.log_rows import LogRows

LINES_KEPT = 10_000
"""Of what is only written; lines of a window are as many as that holds."""
_DROPPED_AT_ONCE = 2_000
"""Seldom, then, and many."""

Wanted = Literal["earlier", "later", "beginning", "end"]


class LogView(ScrollView, can_focus=True):
    """Follows the end while it is in sight."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log-view--found", "log-view--current", "log-view--edge"}
    DEFAULT_CSS = """
    LogView {
        scrollbar-size: 1 1;
        & > .log-view--found { background: $warning 30%; color: $foreground; }
        & > .log-view--current { background: $warning; color: $background; text-style: bold; }
        & > .log-view--edge { color: $accent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "wrap", "Wrap", id="log.wrap", tooltip="Break long lines, or let them run out of sight"),
        Binding("n", "find(1)", "Next", show=False, id="log.next", tooltip="To the next place found"),
        Binding("N", "find(-1)", "Previous", show=False, id="log.previous", tooltip="To the place found before"),
        Binding("g", "scroll_home", "Beginning", show=False, id="log.beginning", tooltip="To the log's beginning"),
        Binding("f,G", "scroll_end", "Follow", show=False, id="log.end", tooltip="To the log's end, and on with it"),
    ]

    @dataclass
    class Reached(Message):
        """A person went to where the lines end and the log does not, or asks for its beginning or end."""

        wanted: Wanted

    @dataclass
    class NoneFurther(Message):
        """No place found is left in that direction, among lines that are not all of the log's."""

        step: Literal[-1, 1]

    def __init__(self) -> None:
        super().__init__()
        self._laid_out = LogRows()
        self._above = self._below = ""
        self._is_moving = False
        self._is_end_in_sight = True
        self._is_wrapped = False
        self._needle = ""
        self._current: int | None = None

    # Verbs

    @property
    def rows(self) -> tuple[str, ...]:
        """The text as it is laid out."""
        return tuple(self._laid_out.rows)

    @property
    def line_looked_at(self) -> int | None:
        """The first line in sight; None where the end is."""
        if self.is_vertical_scroll_end:
            return None
        return self._laid_out.line_of(self.scroll_offset.y - bool(self._above))

    def clear(self) -> None:
        self.apply((LogEdit(is_anew=True, after=("",)),), follow=False)
        self.show_edges("", "")

    def write(self, text: str, *, scroll_end: bool) -> None:
        """Appends; an unfinished line goes on with the next piece. What is over the limit is dropped."""
        added = text.split("\n")
        added[0] = self._laid_out.lines[-1] + added[0]
        edits = [LogEdit(after=[piece for line in added for piece in broken(line)])]
        count = len(self._laid_out.lines) - 1 + len(edits[0].after)
        if count > LINES_KEPT:
            edits.append(LogEdit(dropped_first=max(_DROPPED_AT_ONCE, count - LINES_KEPT)))
        self.apply(edits, follow=scroll_end)

    def apply(self, edits: Sequence[LogEdit], *, follow: bool) -> None:
        """Takes over what became of the lines; what is in sight stays, or is the end with `follow`."""
        self.app.animator.force_stop_animation(self, "scroll_y")
        moved = sum(self._apply(edit) for edit in edits)
        top = self.scroll_y + moved
        self._resized()
        if follow:
            self._move_to(self.max_scroll_y)
        elif moved or top > self.max_scroll_y:
            self._move_to(top)
        self._is_end_in_sight = self.is_vertical_scroll_end

    def show_edges(self, above: str, below: str) -> None:
        """Says in lines of their own what of the log is not here; empty where nothing is missing."""
        if (above, below) == (self._above, self._below):
            return
        follows, top = self.is_vertical_scroll_end, self.scroll_y + bool(above) - bool(self._above)
        self._above, self._below = above, below
        self._resized()
        self._move_to(self.max_scroll_y if follows else top)

    def go_to_line(self, line: int) -> None:
        """Puts a line at the top."""
        self._move_to(self._laid_out.row_of(line) + bool(self._above and line))

    def find_in_line(self, line: int, step: Literal[-1, 1]) -> None:
        """To the first place found from `line` on in that direction; where none is, to the line."""
        rows = self._laid_out.rows_of(line)
        found = [row for row in self.places if row in rows]
        self._go_to((found[-1] if step < 0 else found[0]) if found else rows[0])

    def search(self, needle: str) -> int:
        """Shows where `needle` is, from the end on, whatever the case; how many places there are."""
        self._needle, self._current = needle.casefold(), None
        found = self.places
        if found:
            self._go_to(found[-1])
        self.refresh()
        return len(found)

    def action_find(self, step: Literal[-1, 1]) -> None:
        """Round and round where all of the log is here."""
        found, current = self.places, self._current
        if current is None and found:
            self._go_to(found[-1])
            return
        ahead = [row for row in found if current is not None and (row - current) * step > 0]
        if ahead:
            self._go_to(ahead[0] if step > 0 else ahead[-1])
        elif self._needle and (self._above or self._below):
            self.post_message(self.NoneFurther(step))
        elif found:
            self._go_to(found[0] if step > 0 else found[-1])

    def action_wrap(self) -> None:
        self._is_wrapped = not self._is_wrapped
        self._lay_out()

    # Where the lines end

    def action_scroll_home(self) -> None:
        if not self._above:
            super().action_scroll_home()
            return
        self._move_to(0)
        self.post_message(self.Reached("beginning"))

    def action_scroll_end(self) -> None:
        if not self._below:
            super().action_scroll_end()
            return
        self._move_to(self.max_scroll_y)
        self.post_message(self.Reached("end"))

    def action_scroll_up(self) -> None:
        if not self._is_at_edge(-1):
            super().action_scroll_up()

    def action_page_up(self) -> None:
        if not self._is_at_edge(-1):
            super().action_page_up()

    def action_scroll_down(self) -> None:
        if not self._is_at_edge(1):
            super().action_scroll_down()

    def action_page_down(self) -> None:
        if not self._is_at_edge(1):
            super().action_page_down()

    def on_mouse_scroll_up(self) -> None:
        self._is_at_edge(-1)

    def on_mouse_scroll_down(self) -> None:
        self._is_at_edge(1)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._is_end_in_sight = self.is_vertical_scroll_end
        if not self._is_moving and round(old_value) != round(new_value):
            self._is_at_edge(-1 if new_value < old_value else 1)

    def _is_at_edge(self, step: Literal[-1, 1]) -> bool:
        """Whether the lines end in that direction, but not the log; that is told, then."""
        if step < 0:
            is_at_edge = bool(self._above) and self.scroll_offset.y <= 0
        else:
            is_at_edge = bool(self._below) and self.is_vertical_scroll_end
        if is_at_edge:
            self.post_message(self.Reached("earlier" if step < 0 else "later"))
        return is_at_edge

    def _move_to(self, top: float) -> None:
        self._is_moving = True
        try:
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
        finally:
            self._is_moving = False

    # Layout

    def _apply(self, edit: LogEdit) -> int:
        """By how many rows what is in sight has moved."""
        moved = self._laid_out.apply(edit)
        if self._current is not None:
            current = self._current + moved
            self._current = None if edit.is_anew or not 0 <= current < len(self._laid_out) else current
        return moved

    def _lay_out(self) -> None:
        """For another width; what is in sight stays there as far as it can."""
        line = self.line_looked_at
        self._current = None
        self._laid_out.lay_out(self.scrollable_content_region.width if self._is_wrapped else 0)
        self._resized()
        if line is None:
            self._move_to(self.max_scroll_y)
        else:
            self.go_to_line(line)

    def _resized(self) -> None:
        region = self.scrollable_content_region
        width = region.width if self._is_wrapped else max(region.width, self._laid_out.widest)
        self.virtual_size = Size(width, bool(self._above) + len(self._laid_out) + bool(self._below))
        self.refresh()

    def on_resize(self) -> None:
        follows = self._is_end_in_sight
        if self._is_wrapped:
            self._lay_out()
        else:
            self._resized()
        if follows:
            self._move_to(self.max_scroll_y)

    # Search and painting

    @property
    def places(self) -> list[int]:
        """Rows with what is searched."""
        return self._laid_out.places(self._needle)

    def _go_to(self, row: int) -> None:
        self._current = row
        self._move_to(row + bool(self._above) - self.scrollable_content_region.height // 2)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        row, width, base = top + y - bool(self._above), self.size.width, self.rich_style
        edge = self._above if row < 0 else self._below if row == len(self._laid_out) else ""
        if edge:
            return Strip([Segment(edge, self.get_component_rich_style("log-view--edge"))]).adjust_cell_length(
                width, base
            )
        text = self._laid_out.rows[row] if row < len(self._laid_out) else ""
        found = log_search.spans(self._laid_out.rows, row, self._needle) if text else []
        segments = self._marked(text, found, "current" if row == self._current else "found")
        return Strip(segments).extend_cell_length(left + width, base).crop(left, left + width)

    def segments(self, text: str) -> list[Segment]:
        """How a line looks where nothing is found in it."""
        return [Segment(text, self.rich_style)]

    def _marked(self, text: str, found: Sequence[tuple[int, int]], name: str) -> list[Segment]:
        """With what is found in it standing out."""
        if not found:
            return self.segments(text)
        base, style = self.rich_style, self.get_component_rich_style(f"log-view--{name}")
        segments, done = [], 0
        for start, stop in found:
            segments += [Segment(text[done:start], base), Segment(text[start:stop], style)]
            done = stop
        return [*segments, Segment(text[done:], base)]
