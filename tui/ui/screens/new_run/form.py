"""The parts of a form: a row of label, controls and a note; a text field; a choice; a tick.

`enter` in any of them means "go on", `up` and `down` go from field to field. A problem stands in place of the note, on
the row of its field, with a glyph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.core.planning import Problem
from tui.ui.text import joined, safe, toned

_MOVES: tuple[Binding, ...] = (
    Binding("down", "app.focus_next", "Next field", show=False, id="form.down", tooltip="To the next field"),
    Binding("up", "app.focus_previous", "Field before", show=False, id="form.up", tooltip="To the field before"),
)


class FormInput(Input):
    """One line of text for one option of the draft."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Next", id="form.submit", tooltip="On to the next step"),
        *_MOVES,
    ]

    def __init__(
        self, option: str, *, width: int | None = None, suggester: Suggester | None = None, classes: str | None = None
    ) -> None:
        """`width` in cells; without it the field takes what is left."""
        super().__init__(compact=True, suggester=suggester, select_on_focus=False, classes=classes)
        self.option = option
        if width is not None:
            self.styles.width = width

    def show(self, text: str) -> None:
        """Takes over the draft's text; what a person is typing is the draft's text already."""
        if self.value != text:
            self.value = text


class Choice(Widget, can_focus=True):
    """One of a few, side by side: `left` and `right` change it."""

    DEFAULT_CSS = """
    Choice { width: auto; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Choose", show=False, id="form.left", tooltip="The choice before"),
        Binding("right,space", "move(1)", "Choose", key_display="←→", id="form.right", tooltip="The next choice"),
        *_MOVES,
    ]
    index: reactive[int] = reactive(0)

    @dataclass
    class Changed(Message):
        choice: Choice

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self._words = tuple(words)

    def render(self) -> Content:
        parts = [
            toned(f"● {word}", "running" if self.has_focus else "", is_bold=True)
            if index == self.index
            else toned(f"○ {word}", "muted")
            for index, word in enumerate(self._words)
        ]
        return joined(parts, "   ")

    def get_content_width(self, *_: object) -> int:
        return sum(len(word) + 2 for word in self._words) + 3 * (len(self._words) - 1)

    def watch_index(self, before: int, after: int) -> None:
        if before != after:
            self.post_message(self.Changed(self))

    def action_move(self, by: int) -> None:
        self.index = (self.index + by) % len(self._words)

    def on_click(self, event: events.Click) -> None:
        left = 0
        for index, word in enumerate(self._words):
            left += len(word) + 5
            if event.x < left:
                self.index = index
                return


class Tick(Widget, can_focus=True):
    """Yes or no: `space` or a click changes it."""

    DEFAULT_CSS = """
    Tick { width: auto; height: 1; margin-right: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "Tick", id="form.tick", tooltip="Tick, or take the tick away"),
        *_MOVES,
    ]
    value: reactive[bool] = reactive(False)

    @dataclass
    class Changed(Message):
        tick: Tick

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def render(self) -> Content:
        box = toned("[✓]" if self.value else "[ ]", "running" if self.has_focus else "", is_bold=self.has_focus)
        return box + toned(f" {self._words}", "" if self.value or self.has_focus else "muted")

    def get_content_width(self, *_: object) -> int:
        return len(self._words) + 4

    def watch_value(self, before: bool, after: bool) -> None:
        if before != after:
            self.post_message(self.Changed(self))

    def action_tick(self) -> None:
        self.value = not self.value

    def on_click(self) -> None:
        self.action_tick()


class Pick(Widget, can_focus=True):
    """Something that is chosen elsewhere: `space` or a click asks for that."""

    DEFAULT_CSS = """
    Pick { width: 1fr; height: 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pick", "Choose", id="form.pick", tooltip="Choose another"),
        *_MOVES,
    ]
    text: reactive[str] = reactive("")

    @dataclass
    class Requested(Message):
        pick: Pick

    def render(self) -> Content:
        room = self.content_size.width - 2
        words = toned(safe(self.text), "running" if self.has_focus else "", is_bold=self.has_focus)
        words = words.truncate(room, ellipsis=True)
        return words + " " * (room - words.cell_length) + toned(" ▾", "muted")

    def action_pick(self) -> None:
        self.post_message(self.Requested(self))

    def on_click(self) -> None:
        self.action_pick()


class FormRow(Horizontal):
    """Label, controls, and what there is to say of them: a note, or the first problem of the row's options."""

    DEFAULT_CSS = """
    FormRow {
        height: auto;
        & > .form-label { width: 15; color: $text-muted; }
        & > .form-note { width: 1fr; height: auto; color: $text-muted; padding-left: 2; }
        & > .form-label.-focused { color: $text-accent; text-style: bold; }
        & > FormInput { width: 1fr; background: $surface; }
        & > .whole-line { width: 2fr; max-width: 72; }
        & > FormInput.-wrong { background: $error 20%; }
        &.-spoken > .form-note { padding-left: 0; }
        & > .form-word { width: auto; padding: 0 2 0 1; }
    }
    """

    def __init__(self, label: str, *controls: Widget, note: str = "", classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._label = Static(label, classes="form-label", markup=False)
        self._controls = controls
        self._note = note
        self._problem: Problem | None = None
        self._shown: Content | None = None
        self._says = Static("", classes="form-note", markup=False)

    @property
    def label(self) -> str:
        return str(self._label.content)

    @label.setter
    def label(self, text: str) -> None:
        if text != self.label:
            self._label.update(text)

    @property
    def fields(self) -> tuple[FormInput, ...]:
        return tuple(control for control in self._controls if isinstance(control, FormInput))

    def compose(self) -> ComposeResult:
        yield self._label
        yield from self._controls
        yield self._says

    def on_mount(self) -> None:
        self._show()

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _on_focus_moved(self) -> None:
        self._label.set_class(self.has_focus_within, "-focused")

    def say(self, note: str) -> None:
        """What stands beside the controls while nothing is wrong."""
        self._note = note
        self._show()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Takes what concerns its fields out of `problems`, and shows the first of it."""
        options = {field.option for field in self.fields}
        mine = [problem for problem in problems if problem.option in options]
        self._problem = mine[0] if mine else None
        for field in self.fields:
            field.set_class(any(problem.option == field.option for problem in mine), "-wrong")
        self._show()

    def _show(self) -> None:
        """Paints only what differs: a form of many rows is told of every key that is typed in one of them."""
        words = Content(self._note)
        if self._problem is not None:
            hint = f"; {self._problem.hint}" if self._problem.hint else ""
            words = toned(f"✗ {safe(self._problem.what)}{safe(hint)}", "error")
        if self._shown is None or not words.is_same(self._shown):
            self._shown = words
            self._says.update(words)
            self._says.display = bool(words)


def word(text: str) -> Static:
    """A word between controls."""
    return Static(text, classes="form-word", markup=False)
