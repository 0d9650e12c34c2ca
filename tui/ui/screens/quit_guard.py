"""Before the program is left while a run goes on or its nodes cost: what that means, and what else could be done.

Dismissed with what a person decided; None means to stay. Staying has the focus.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.ui.screens.base import Question
from tui.ui.text import safe, toned

GuardAnswer = Literal["leave", "release", "delete"]


class QuitGuard(ModalScreen[GuardAnswer | None]):
    """One run's guard: the buttons are what can be done with it."""

    CSS_PATH = ["../styles/answers.tcss", "../styles/quit_guard.tcss"]  # noqa: RUF012 - Textual's name
    AUTO_FOCUS = "#stay"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Stay", id="guard.stay", tooltip="Leave nothing"),
        Binding("down", "app.focus_next", "Down", show=False, id="guard.down", tooltip="The next answer"),
        Binding("up", "app.focus_previous", "Up", show=False, id="guard.up", tooltip="The answer before"),
    ]

    def __init__(self, run_id: str, question: Question, costs: str, *, can_change: bool = True) -> None:
        """`question` says what leaving means, `costs` what goes on costing; nothing that costs, empty."""
        super().__init__()
        self._run_id = run_id
        self._question = question
        self._costs = costs
        self._can_change = can_change and bool(costs)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = safe(f"{self._question.title} · {self._run_id}")
            yield Static(safe(self._question.text, keep_layout=True), markup=False)
            if self._costs:
                yield Static(toned(f"▲ {safe(self._costs)}", "warning"), classes="costs")
            with Vertical(classes="answers"):
                yield Button("Stay here", id="stay", variant="primary", compact=True)
                yield Button(self._question.confirm, id="leave", compact=True)
                if self._can_change:
                    yield Button("Resize its pool to 0 nodes, then quit", id="release", compact=True)
                    yield Button("Delete what it made…, then quit", id="delete", compact=True)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        answers: dict[str | None, GuardAnswer] = {"leave": "leave", "release": "release", "delete": "delete"}
        self.dismiss(answers.get(event.button.id))
