"""Help for a screen, made from the bindings that are active on it: it cannot say what is not so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.ui.text import toned

_KEY_WIDTH = 16


class HelpScreen(ModalScreen[None]):
    """Lists the keys of the screen it was opened on, those that change something marked."""

    CSS_PATH = "../styles/help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Close", id="help.close", tooltip="Back to the screen")
    ]

    def __init__(self, bindings: Mapping[str, ActiveBinding], dangerous: frozenset[str]) -> None:
        super().__init__()
        self._active = bindings
        self._dangerous = dangerous

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "keys on this screen"
            dialog.border_subtitle = "esc closes"
            yield Static(Content("\n").join(self._lines()))

    def _lines(self) -> list[Content]:
        """One line an action, with every key that does it."""
        keys: dict[tuple[str, str], list[str]] = {}
        for active in self._active.values():
            if active.binding.description and not active.binding.system:
                name = (active.binding.action, active.binding.tooltip or active.binding.description)
                keys.setdefault(name, []).append(self.app.get_key_display(active.binding))
        lines = []
        for (action, words), names in keys.items():
            is_dangerous = action in self._dangerous
            key = toned(f"{', '.join(names):>{_KEY_WIDTH}}  ", "warning" if is_dangerous else "running", is_bold=True)
            lines.append(key + Content(words) + (toned("  changes something", "warning") if is_dangerous else ""))
        return lines
