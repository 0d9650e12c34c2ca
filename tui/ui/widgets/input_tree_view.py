"""The tree of inputs on screen: paints only the lines that are visible, for any number of files.

What is shown, and what is chosen, is the `InputSelection`'s. Whoever changes it calls `refresh_rows()` once
afterwards; the cursor and what is around it stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.core.input_selection import InputSelection
from tui.core.input_tree import FolderNode, Node
from tui.core.terminal_text import neutralise
from tui.ui.widgets.input_tree_painter import LinePainter
from tui.ui.widgets.table_painter import fit

_HEADER_LINES = 1

InsteadLine = tuple[str, str]
"""A line of text and one of the painter's `PARTS`, or nothing for plain text."""


class InputTreeView(ScrollView, can_focus=True):
    """Shows one selection, and lets a person change it."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "input-tree--header",
        "input-tree--cursor",
        "input-tree--box",
        "input-tree--folder",
        "input-tree--muted",
        "input-tree--trouble",
    }
    DEFAULT_CSS = """
    InputTreeView {
        height: 1fr;
        scrollbar-size: 1 1;
        scrollbar-gutter: stable;
        & > .input-tree--header { color: $text-muted; text-style: bold; }
        & > .input-tree--cursor {
            color: $block-cursor-blurred-foreground;
            background: $block-cursor-blurred-background;
        }
        &:focus > .input-tree--cursor {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        & > .input-tree--box { color: $text-accent; text-style: bold; }
        & > .input-tree--folder { text-style: bold; }
        & > .input-tree--muted { color: $text-muted; }
        & > .input-tree--trouble { color: $text-warning; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="inputs.toggle", tooltip="Choose the file or all of the folder, or not"),
        Binding("a", "mark_all", "All", id="inputs.all", tooltip="Choose everything shown, in every folder"),
        Binding("u", "clear", "None", show=False, id="inputs.none", tooltip="Choose nothing, here or elsewhere"),
        Binding("i", "invert", "Invert", show=False, id="inputs.invert", tooltip="Swap chosen and not chosen"),
        Binding("enter", "open_or_close", "Open", id="inputs.open", tooltip="Open or close the folder"),
        Binding("right,l", "open", "Open", show=False, id="inputs.right", tooltip="Open the folder, go into it"),
        Binding(
            "left,h", "close", "Close", show=False, id="inputs.left", tooltip="Close the folder, or to the one above"
        ),
        Binding("shift+down", "mark_to(1)", "Mark down", show=False, id="inputs.mark-down", tooltip="Choose downwards"),
        Binding("shift+up", "mark_to(-1)", "Mark up", show=False, id="inputs.mark-up", tooltip="Choose upwards"),
        Binding("up,k", "move(-1)", "Up", show=False, id="inputs.up", tooltip="To the line above"),
        Binding("down,j", "move(1)", "Down", show=False, id="inputs.down", tooltip="To the line below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="inputs.page-up", tooltip="A screen up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="inputs.page-down", tooltip="A screen down"),
        Binding("home,g", "first", "First", show=False, id="inputs.first", tooltip="To the first line"),
        Binding("end,G", "last", "Last", show=False, id="inputs.last", tooltip="To the last line"),
    ]

    @dataclass
    class Marked(Message):
        """A person has chosen something, or not any more."""

        view: InputTreeView

    @dataclass
    class Opened(Message):
        """A folder was opened; nobody may have read it yet."""

        view: InputTreeView
        folder: FolderNode

    def __init__(self, selection: InputSelection) -> None:
        super().__init__()
        self._selection = selection
        self._painter = LinePainter(0)
        self._instead: tuple[InsteadLine, ...] = ()
        self._opens_by_enter = True
        self._was_folder = False
        self._cursor_line: int | None = None
        """Where the cursor was when the rows were last shown."""

    # Verbs

    def show(self, selection: InputSelection) -> None:
        """Another selection, from its top."""
        self._selection = selection
        self.scroll_to(y=0, animate=False, immediate=True)
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Shows what the selection holds now; the cursor keeps its place on screen."""
        rows, top = self._selection.rows, round(self.scroll_y)
        self._resize_to(len(rows))
        offset = self._cursor_line - top if self._cursor_line is not None else None
        if offset is not None and 0 <= offset < self._page and rows.position != self._cursor_line:
            self.scroll_to(y=rows.position - offset, animate=False, immediate=True)
        self._cursor_line = rows.position if len(rows) else None
        self.refresh()
        self._refresh_bindings()

    def show_instead(self, lines: Sequence[InsteadLine]) -> None:
        """What stands where the lines would, while there are none."""
        if tuple(lines) != self._instead:
            self._instead = tuple(lines)
            self.refresh()

    def let_enter_open(self, is_so: bool) -> None:
        """Whether `enter` opens folders; otherwise it is left to whoever is around."""
        if is_so is not self._opens_by_enter:
            self._opens_by_enter = is_so
            self.refresh_bindings()

    # Cursor

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - _HEADER_LINES)

    @property
    def node(self) -> Node | None:
        """Under the cursor."""
        rows = self._selection.rows
        return rows.cursor if len(rows) else None

    def go_to(self, position: int) -> None:
        """Puts the cursor on a line, and the line on screen."""
        rows = self._selection.rows
        if not len(rows):
            return
        rows.move_to(position)
        self._cursor_line = rows.position
        top = round(self.scroll_y)
        if rows.position < top:
            self.scroll_to(y=rows.position, animate=False, immediate=True)
        elif rows.position >= top + self._page:
            self.scroll_to(y=rows.position - self._page + 1, animate=False, immediate=True)
        self.refresh()
        self._refresh_bindings()

    def _refresh_bindings(self) -> None:
        """The footer is made anew only where `enter` means something else from here on."""
        is_folder = isinstance(self.node, FolderNode)
        if is_folder is not self._was_folder:
            self._was_folder = is_folder
            self.refresh_bindings()

    def _resize_to(self, count: int) -> None:
        size = Size(self.scrollable_content_region.width, count + _HEADER_LINES)
        if self.virtual_size != size:
            self.virtual_size = size

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return action != "open_or_close" or (self._opens_by_enter and isinstance(self.node, FolderNode))

    def action_move(self, lines: int) -> None:
        self.go_to(self._selection.rows.position + lines)

    def action_page(self, pages: int) -> None:
        self.go_to(self._selection.rows.position + pages * self._page)

    def action_first(self) -> None:
        self.go_to(0)

    def action_last(self) -> None:
        self.go_to(len(self._selection.rows) - 1)

    def action_mark(self) -> None:
        if (node := self.node) is not None:
            self._selection.toggle(node)
            self.action_move(1)
            self._tell()

    def action_mark_to(self, lines: int) -> None:
        rows = self._selection.rows
        first = rows.position
        self.action_move(lines)
        self._selection.mark_rows(rows.span(first, rows.position))
        self._tell()

    def action_mark_all(self) -> None:
        self._selection.mark_all()
        self._tell()

    def action_invert(self) -> None:
        self._selection.invert()
        self._tell()

    def action_clear(self) -> None:
        self._selection.clear()
        self._tell()

    def _tell(self) -> None:
        self.refresh()
        self.post_message(self.Marked(self))

    def action_open_or_close(self) -> None:
        if isinstance(node := self.node, FolderNode):
            self._close(node) if node.is_open else self._open(node)

    def action_open(self) -> None:
        """Opens the folder; of an open one, goes to what is in it."""
        node, rows = self.node, self._selection.rows
        if not isinstance(node, FolderNode):
            return
        if not node.is_open:
            self._open(node)
        elif rows.position + 1 < len(rows) and rows[rows.position + 1].parent is node:
            self.action_move(1)

    def action_close(self) -> None:
        """Closes the folder; of anything else, goes to the folder it is in."""
        node, rows = self.node, self._selection.rows
        if isinstance(node, FolderNode) and node.is_open:
            self._close(node)
        elif node is not None and node.parent is not None:
            position = rows.position_of(node.parent)
            if position is not None:
                self.go_to(position)

    def _open(self, folder: FolderNode) -> None:
        self._selection.rows.open(folder)
        self.refresh_rows()
        self.post_message(self.Opened(self, folder))

    def _close(self, folder: FolderNode) -> None:
        self._selection.rows.close(folder)
        self.refresh_rows()
        self.go_to(self._selection.rows.position)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        rows = self._selection.rows
        position = round(self.scroll_y) + (offset.y if offset else 0) - _HEADER_LINES
        if offset is None or offset.y < _HEADER_LINES or position >= len(rows):
            return
        before = rows.position
        self.go_to(position)
        node = rows[position]
        part = self._painter.part_at(node, offset.x)
        if event.shift:
            self._selection.mark_rows(rows.span(before, position))
            self._tell()
        elif part == "box":
            self._selection.toggle(node)
            self._tell()
        elif isinstance(node, FolderNode) and (part == "arrow" or event.chain > 1):
            self.action_open_or_close()

    # Painting

    def on_resize(self) -> None:
        self._painter = LinePainter(self.scrollable_content_region.width)
        self._resize_to(len(self._selection.rows))
        if self._cursor_line is not None:
            self.go_to(self._selection.rows.position)

    def render_line(self, y: int) -> Strip:
        width, rows = self.size.width, self._selection.rows
        if not len(rows):
            return self._line_instead(y, width)
        if y < _HEADER_LINES:
            return self._fitted(self._painter.header(self._style), self.rich_style)
        position = self.scroll_offset.y + y - _HEADER_LINES
        if position >= len(rows):
            return Strip.blank(width, self.rich_style)
        is_cursor = position == rows.position
        base = self._style("cursor") if is_cursor else self.rich_style
        return self._fitted(self._painter.line(rows[position], base, self._style, has_tones=not is_cursor), base)

    def _fitted(self, segments: list[Segment], style: Style) -> Strip:
        width = self.size.width
        return Strip(segments).extend_cell_length(width, style).crop(0, width)

    def _line_instead(self, y: int, width: int) -> Strip:
        index = y - max(1, (self.scrollable_content_region.height - len(self._instead)) // 3)
        if not 0 <= index < len(self._instead):
            return Strip.blank(width, self.rich_style)
        text, part = self._instead[index]
        style = self._style(part) if part else self.rich_style
        return self._fitted([Segment(fit(neutralise(text), width), style)], self.rich_style)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"input-tree--{name}")
