"""Tick boxes and choices whose glyph says what they are, also where there is no colour."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox, RadioButton

_LOOK = """
    background: transparent;
    border: none;
    padding: 0;
    & > .toggle--button { background: transparent; color: $foreground; }
    &.-on > .toggle--button { background: transparent; color: $accent; text-style: bold; }
"""


class TickBox(Checkbox):
    """`[✓]` or `[ ]`."""

    DEFAULT_CSS = f"TickBox {{ {_LOOK} }}"

    @property
    def _button(self) -> Content:
        return Content.styled("[✓]" if self.value else "[ ]", self.get_visual_style("toggle--button"))


class ChoiceButton(RadioButton):
    """`(●)` or `( )`."""

    DEFAULT_CSS = f"ChoiceButton {{ {_LOOK} }}"

    @property
    def _button(self) -> Content:
        return Content.styled("(●)" if self.value else "( )", self.get_visual_style("toggle--button"))
