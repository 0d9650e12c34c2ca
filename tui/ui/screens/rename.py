"""A new name for something: one field, judged while it is typed. Dismissed with the name, or None."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.ui.text import toned


class RenameDialog(ModalScreen[str | None]):
    """`problem` says in words why a name cannot be taken; empty where it can."""

    CSS_PATH = "../styles/rename.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="rename.cancel", tooltip="Change nothing")
    ]

    def __init__(self, title: str, name: str, problem: Callable[[str], str]) -> None:
        super().__init__()
        self._title = title
        self._before = name
        self._problem = problem
        self._input = Input(name, compact=True, max_length=40)
        self._trouble = Static(markup=False)
        self._rename = Button("Rename", id="rename", variant="primary", flat=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._title)
            yield self._input
            yield self._trouble
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", flat=True)
                yield self._rename

    @on(Input.Changed)
    def _judge(self) -> None:
        trouble = self._trouble_of(self._input.value)
        self._trouble.update(toned(f"✗ {trouble}", "error") if trouble else "")
        self._rename.disabled = bool(trouble)

    @on(Input.Submitted)
    def _accept(self) -> None:
        name = self._input.value.strip()
        if not self._trouble_of(name):
            self.dismiss(name if name != self._before else None)

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        if event.button is self._rename:
            self._accept()
        else:
            self.dismiss(None)

    def action_cancel(self) -> None:
        self.dismiss(None)

    def _trouble_of(self, name: str) -> str:
        return "" if name.strip() == self._before else self._problem(name.strip())
