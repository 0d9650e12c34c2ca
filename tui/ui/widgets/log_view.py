"""Lines of a log as they come: kept up to a limit, wrapped or not, searched.

Invariant: only what is on screen is painted, and a line that came is wrapped once for a width; what is over the limit
is dropped from the beginning in large pieces. The text given is harmless already.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

LINES_KEPT = 10_000
_DROPPED_AT_ONCE = 2_000
"""Dropping means wrapping anew: seldom, then, and many."""
_LONGEST_LINE = 8_192
"""A line without an end is broken here, so that no paint has to measure megabytes."""
_TAB = 8


class LogView(ScrollView, can_focus=True):
    """Follows the end while it is in sight."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log-view--found", "log-view--current"}
    DEFAULT_CSS = """
    LogView {
        scrollbar-size: 1 1;
        & > .log-view--found { background: $warning 30%; color: $foreground; }
        & > .log-view--current { background: $warning; color: $background; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "wrap", "Wrap", id="log.wrap", tooltip="Break long lines, or let them run out of sight"),
        Binding("n", "find(1)", "Next", show=False, id="log.next", tooltip="To the next place found"),
        Binding("N", "find(-1)", "Previous", show=False, id="log.previous", tooltip="To the place found before"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = [""]
        self._rows: list[str] = [""]
        self._rows_of_last = 1
        self._is_wrapped = False
        self._widest = 0
        self._needle = ""
        self._current: int | None = None

    # Verbs

    @property
    def rows(self) -> tuple[str, ...]:
        """The text as it is laid out."""
        return tuple(self._rows)

    def clear(self) -> None:
        self._lines = [""]
        self._current = None
        self._lay_out()

    def write(self, text: str, *, scroll_end: bool) -> None:
        """Appends; an unfinished line goes on with the next piece."""
        added = text.expandtabs(_TAB).split("\n")
        added[0] = self._lines.pop() + added[0]
        del self._rows[len(self._rows) - self._rows_of_last :]
        for line in added:
            for start in range(0, max(1, len(line)), _LONGEST_LINE):
                self._add(line[start : start + _LONGEST_LINE])
        if len(self._lines) > LINES_KEPT:
            del self._lines[: max(_DROPPED_AT_ONCE, len(self._lines) - LINES_KEPT)]
            self._current = None
            self._lay_out()
        self._resized()
        if scroll_end:
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def search(self, needle: str) -> int:
        """Shows where `needle` is, from the end on, whatever the case; how many places there are."""
        self._needle, self._current = needle.casefold(), None
        found = self._places()
        if found:
            self._go_to(found[-1])
        self.refresh()
        return len(found)

    def action_find(self, step: int) -> None:
        found = self._places()
        if not found:
            return
        if self._current is None:
            self._go_to(found[-1])
        elif step > 0:
            self._go_to(next((row for row in found if row > (self._current or 0)), found[0]))
        else:
            self._go_to(next((row for row in reversed(found) if row < (self._current or 0)), found[-1]))

    def action_wrap(self) -> None:
        follows = self.is_vertical_scroll_end
        self._is_wrapped = not self._is_wrapped
        self._current = None
        self._lay_out()
        if follows:
            self.scroll_end(animate=False, immediate=True, force=True)

    # Layout

    def _add(self, line: str) -> None:
        self._lines.append(line)
        width = self.scrollable_content_region.width
        rows = [line]
        if self._is_wrapped and width and (len(line) > width or not line.isascii()):
            rows = chop_cells(line, width) or [""]
        self._rows += rows
        self._rows_of_last = len(rows)
        self._widest = max(self._widest, len(line) if line.isascii() else cell_len(line))

    def _lay_out(self) -> None:
        lines, self._lines, self._rows, self._widest = self._lines, [], [], 0
        for line in lines:
            self._add(line)
        self._resized()

    def _resized(self) -> None:
        region = self.scrollable_content_region
        width = region.width if self._is_wrapped else max(region.width, self._widest)
        ends_empty = len(self._rows) > 1 and not self._rows[-1]
        self.virtual_size = Size(width, len(self._rows) - ends_empty)
        self.refresh()

    def on_resize(self) -> None:
        if self._is_wrapped:
            self._lay_out()
        else:
            self._resized()

    # Search and painting

    def _places(self) -> list[int]:
        needle = self._needle
        return [row for row, text in enumerate(self._rows) if needle in text.casefold()] if needle else []

    def _go_to(self, row: int) -> None:
        self._current = row
        middle = row - self.scrollable_content_region.height // 2
        self.scroll_to(y=middle, animate=False, immediate=True, force=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        row, width, base = top + y, self.size.width, self.rich_style
        text = self._rows[row] if row < len(self._rows) else ""
        segments = self.segments(text)
        if self._needle and self._needle in text.casefold():
            name = "current" if row == self._current else "found"
            segments = self._marked(text, name)
        return Strip(segments).extend_cell_length(left + width, base).crop(left, left + width)

    def segments(self, text: str) -> list[Segment]:
        """How a line looks where nothing is found in it."""
        return [Segment(text, self.rich_style)]

    def _marked(self, text: str, name: str) -> list[Segment]:
        """Where folding the case changes the length the whole line is marked rather than the wrong part."""
        base, style = self.rich_style, self.get_component_rich_style(f"log-view--{name}")
        folded, needle = text.casefold(), self._needle
        if len(folded) != len(text):
            return [Segment(text, style)]
        segments, done = [], 0
        while (place := folded.find(needle, done)) >= 0:
            segments += [Segment(text[done:place], base), Segment(text[place : place + len(needle)], style)]
            done = place + len(needle)
        return [*segments, Segment(text[done:], base)]
