"""The rail of the new run screen: every step with its state, always in sight.

Beside the step where there is room, with a line of what was chosen; above it in one line where there is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.core.columns import Tone
from tui.ui.text import joined, safe, toned

RailState = Literal["waiting", "current", "done", "wrong"]

_LOOKS: dict[RailState, tuple[str, Tone]] = {
    "waiting": ("○", "muted"),
    "current": ("●", "running"),
    "done": ("✓", "success"),
    "wrong": ("✗", "error"),
}
_LINES_A_STEP = 3
_BETWEEN = " ─ "


@dataclass(frozen=True, slots=True)
class RailStep:
    """One step as the rail shows it."""

    title: str
    state: RailState
    summary: str = ""
    """What was chosen there, in a few words."""


class NewRunRail(Widget):
    """Shows the steps; a click on one chooses it."""

    @dataclass
    class Chosen(Message):
        index: int

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[RailStep, ...] = ()

    def show(self, steps: Sequence[RailStep]) -> None:
        if tuple(steps) != self._steps:
            self._steps = tuple(steps)
            self.refresh()

    def render(self) -> Content:
        if self._is_line:
            return joined((self._title_of(step) for step in self._steps), _BETWEEN).truncate(self.content_size.width)
        lines: list[Content] = []
        for index, step in enumerate(self._steps):
            bar = " " if index == len(self._steps) - 1 else "│"
            words = toned(safe(step.summary), "muted").truncate(self.content_size.width - 2, ellipsis=True)
            lines += [self._title_of(step), toned(f"{bar} ", "muted") + words, toned(bar, "muted")]
        return Content("\n").join(lines)

    def _title_of(self, step: RailStep) -> Content:
        glyph, tone = _LOOKS[step.state]
        is_current = step.state == "current"
        return toned(glyph, tone) + toned(f" {step.title}", "running" if is_current else "", is_bold=is_current)

    @property
    def _is_line(self) -> bool:
        return self.content_size.height < _LINES_A_STEP

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            index = self._at_column(offset.x) if self._is_line else offset.y // _LINES_A_STEP
            if 0 <= index < len(self._steps):
                self.post_message(self.Chosen(index))

    def _at_column(self, column: int) -> int:
        right = 0
        for index, step in enumerate(self._steps):
            right += self._title_of(step).cell_length + len(_BETWEEN)
            if column < right:
                return index
        return len(self._steps)
