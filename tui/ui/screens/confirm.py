"""A decision: one question, two buttons, the harmless one focused. Dismissed with what was decided."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.ui.screens.base import Question


class ConfirmDialog(ModalScreen[bool]):
    """True once confirmed; `esc` and the first button say no."""

    CSS_PATH = "../styles/confirm.tcss"
    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", "Cancel", id="confirm.cancel", tooltip="Change nothing"),
        Binding("left,right", "app.focus_next", "Other button", show=False, id="confirm.other", tooltip="Other button"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        question = self._question
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(question.title)
            yield Static(question.text, markup=False)
            with Horizontal(classes="buttons"):
                yield Button(question.cancel, id="cancel", variant="primary", flat=True)
                yield Button(question.confirm, id="confirm", flat=True)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "confirm")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)
