"""The line of keys at the bottom; made anew only when the keys are others, which focus alone seldom makes them.

Where there is no room for all of them, some are left out, never cut off.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from tui.ui.widgets.key_fit import LineKey, left_out

_ShownKey = tuple[str, str, str, bool, str]
"""Action, key as it is shown, description, whether it works now, tooltip."""


class KeyLine(Footer):
    """Textual's footer, which remakes every key and lays the screen out again with each change of focus."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._made_of: list[_ShownKey] | None = None

    def bindings_changed(self, screen: Screen[object]) -> None:
        is_up = screen.app.app_focus and self.is_attached and screen is self.screen
        if is_up:
            shown = self._shown(screen)
            if shown == self._made_of:
                return
            self._made_of = shown
        super().bindings_changed(screen)

    def _shown(self, screen: Screen[object]) -> list[_ShownKey]:
        return [
            (binding.action, self.app.get_key_display(binding), binding.description, is_enabled, tooltip)
            for _, binding, is_enabled, tooltip in screen.active_bindings.values()
            if binding.show
        ]

    # Room

    def compose(self) -> ComposeResult:
        gone = self._left_out()
        for key in super().compose():
            _show(key, gone)
            yield key

    def on_resize(self) -> None:
        gone = self._left_out()
        for key in self.children:
            _show(key, gone)

    def _left_out(self) -> frozenset[str]:
        """Actions of the keys for which there is no room."""
        keys = [
            LineKey(binding.id or "", self.app.get_key_display(binding), binding.description, is_enabled)
            for _, binding, is_enabled, _ in self.screen.active_bindings.values()
            if binding.show
        ]
        gone = left_out(keys, self.app.size.width)
        bindings = (active.binding for active in self.screen.active_bindings.values())
        return frozenset(binding.action for binding in bindings if binding.id in gone)


def _show(key: Widget, gone: frozenset[str]) -> None:
    key.display = getattr(key, "action", None) not in gone
