"""Which columns a table has, in which order and how wide: shown on the table behind while one chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.core.columns import Column
from tui.core.view_columns import ColumnChoice, completed, default_choice, moved, widened
from tui.ui.text import toned

Choice = tuple[ColumnChoice, ...]


class ColumnsDialog(ModalScreen[Choice | None]):
    """Dismissed with what was chosen, or None; `preview` is called at each change."""

    CSS_PATH = "../styles/columns.tcss"
    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="columns.cancel", tooltip="As it was before"),
        Binding("space", "show_or_hide", "Show or hide", id="columns.toggle", tooltip="Show or hide the column"),
        Binding("shift+up,K", "move(-1)", "Left", id="columns.left", tooltip="Further to the left"),
        Binding("shift+down,J", "move(1)", "Right", id="columns.right", tooltip="Further to the right"),
        Binding("plus,right", "widen(1)", "Wider", id="columns.wider", tooltip="A cell wider"),
        Binding("minus,left", "widen(-1)", "Narrower", id="columns.narrower", tooltip="A cell narrower"),
        Binding("r", "reset", "Reset", id="columns.reset", tooltip="As a new table has it"),
    ]

    def __init__(self, columns: Sequence[Column[Any]], choice: Choice, preview: Callable[[Choice], object]) -> None:
        super().__init__()
        self._columns = {column.key: column for column in columns}
        self._before = choice
        self._choice = completed(columns, choice)
        self._preview = preview
        self._list = OptionList()

    def compose(self) -> ComposeResult:
        keys = "space shows or hides · shift+↑↓ moves · ←→ width · r resets · enter keeps · esc cancels"
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "columns"
            yield self._list
            yield Static(toned(keys, "muted"))

    def on_mount(self) -> None:
        self._show(0)

    def _show(self, index: int) -> None:
        self._list.clear_options()
        self._list.add_options(Option(self._line(item), id=item.key) for item in self._choice)
        self._list.highlighted = index

    def _line(self, item: ColumnChoice) -> Content:
        column = self._columns[item.key]
        width = "" if item.width is None else f"{item.width} cells"
        glyph = toned("✓ ", "success") if item.is_shown else toned("– ", "muted")
        return glyph + f"{column.title:<16}" + toned(width, "muted")

    @property
    def _index(self) -> int:
        return self._list.highlighted or 0

    def _take(self, choice: Choice, index: int) -> None:
        self._choice = choice
        self._show(index)
        self._preview(choice)

    def _change(self, item: ColumnChoice) -> None:
        index = self._index
        self._take((*self._choice[:index], item, *self._choice[index + 1 :]), index)

    def action_show_or_hide(self) -> None:
        item = self._choice[self._index]
        self._change(replace(item, is_shown=not item.is_shown))

    def action_move(self, by: int) -> None:
        index = self._index
        choice = moved(self._choice, index, by)
        self._take(choice, min(max(index + by, 0), len(choice) - 1))

    def action_widen(self, by: int) -> None:
        item = self._choice[self._index]
        self._change(widened(self._columns[item.key], item, by))

    def action_reset(self) -> None:
        self._take(default_choice(tuple(self._columns.values())), 0)

    @on(OptionList.OptionSelected)
    def _keep(self) -> None:
        self.dismiss(self._choice)

    def action_cancel(self) -> None:
        self._preview(self._before)
        self.dismiss(None)
