"""The line of keys at the bottom: every key with its words, each of them for the mouse too.

One widget paints the whole line: a widget a key is styled and laid out a dozen times over at each start of a screen.
Where there is no room for all keys, some are left out, never cut off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.ui.widgets.key_fit import LineKey, left_out

_KEY = "bold $footer-key-foreground on $footer-key-background"
_WORDS = "$footer-description-foreground on $footer-description-background"
_ITEM, _UNDER_MOUSE = "on $footer-item-background", "on $block-hover-background"


@dataclass(frozen=True, slots=True)
class ShownKey:
    """One key of the line, and what the mouse makes of it."""

    line_key: LineKey
    key: str
    """As a keyboard sends it."""
    tooltip: str | None


class KeyLine(Widget):
    """What can be pressed now; painted anew only when the keys are others, which focus alone seldom makes them."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        text-wrap: nowrap;
        color: $footer-foreground;
        background: $footer-background;
        &.-on-key { pointer: pointer; }
    }
    """

    keys: reactive[Sequence[ShownKey]] = reactive[Sequence[ShownKey]](())
    """All that work here, also those for which there is no room."""
    under_mouse: reactive[str] = reactive("")
    """Its id; empty where there is none."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._take_keys)

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def _take_keys(self, screen: Screen[object]) -> None:
        if self.app.app_focus:
            self.keys = tuple(self._keys_of(screen))

    def _keys_of(self, screen: Screen[object]) -> Iterator[ShownKey]:
        """The first key of each action."""
        actions = set()
        for _, binding, is_enabled, tooltip in screen.active_bindings.values():
            if binding.show and binding.action not in actions:
                actions.add(binding.action)
                display = self.app.get_key_display(binding)
                line_key = LineKey(binding.id or binding.action, display, binding.description, is_enabled)
                yield ShownKey(line_key, binding.key, tooltip or None)

    # What is seen

    @property
    def shown(self) -> Sequence[ShownKey]:
        """Those for which there is room, from the left."""
        gone = left_out([key.line_key for key in self.keys], self.app.size.width)
        return [key for key in self.keys if key.line_key.id not in gone]

    def render(self) -> Content:
        return Content("").join([self._painted(key) for key in self.shown])

    def _painted(self, key: ShownKey) -> Content:
        line_key = key.line_key
        content = Content.assemble((f" {line_key.display} ", _KEY), (f"{line_key.words} ", _WORDS))
        content = content.stylize_before(_UNDER_MOUSE if line_key.id == self.under_mouse else _ITEM)
        return content if line_key.is_enabled else content.stylize("dim")

    # The mouse

    def _key_at(self, column: int) -> ShownKey | None:
        end = 0
        for key in self.shown:
            end += key.line_key.width
            if column < end:
                return key
        return None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        key = self._key_at(event.x)
        self.under_mouse = "" if key is None else key.line_key.id
        self.tooltip = None if key is None else key.tooltip
        self.set_class(key is not None, "-on-key")

    def on_leave(self) -> None:
        self.under_mouse = ""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        key = self._key_at(event.x)
        if key is None:
            return
        if key.line_key.is_enabled:
            self.app.simulate_key(key.key)
        else:
            self.app.bell()
