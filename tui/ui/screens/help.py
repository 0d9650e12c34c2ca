"""Help for a screen, made from the bindings that are active on it: it cannot say what is not so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.ui.bindings import action_name
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
        """The screen's own keys, then those of what has the focus, then those that work everywhere."""
        groups: dict[str, list[ActiveBinding]] = {"here": [], "in the focused panel": [], "everywhere": []}
        for active in self._active.values():
            if active.binding.id is not None:
                groups[_group(active)].append(active)
        lines: list[Content] = []
        for title, bindings in groups.items():
            if bindings:
                lines += [*([Content("")] if lines else []), toned(f"{title:>{_KEY_WIDTH}}", "muted")]
                lines += self._group_lines(bindings)
        return lines

    def _group_lines(self, bindings: Iterable[ActiveBinding]) -> list[Content]:
        """One line an action, with every key that does it."""
        keys: dict[tuple[str, str], list[str]] = {}
        for active in bindings:
            name = (active.binding.action, active.binding.tooltip or active.binding.description)
            keys.setdefault(name, []).append(self.app.get_key_display(active.binding))
        lines = []
        for (action, words), names in keys.items():
            is_dangerous = action_name(action) in self._dangerous
            key = toned(f"{', '.join(names):>{_KEY_WIDTH}}  ", "warning" if is_dangerous else "running", is_bold=True)
            lines.append(key + Content(words) + (toned("  changes something", "warning") if is_dangerous else ""))
        return lines


def _group(active: ActiveBinding) -> str:
    if isinstance(active.node, App):
        return "everywhere"
    return "here" if isinstance(active.node, Screen) else "in the focused panel"
