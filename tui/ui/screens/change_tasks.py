"""Several tasks ended, reactivated or deleted at once: what that means for each action, chosen and confirmed.

Dismissed with the change to make, which names its tasks: whatever the table shows later, they are those listed here.
Cancel has the focus until a person moves it, and nothing is done before the last button is pressed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, RadioSet, Static

from tui.core.errors import BatchTuiError
from tui.core.plan import RunPlan
from tui.core.records import TaskRow
from tui.core.task_changes import TASK_ACTIONS, TaskChange, task_changes
from tui.core.units import count_text
from tui.ui import task_change_words as words
from tui.ui.screens.access import with_access
from tui.ui.services import AppServices, JobDesk
from tui.ui.text import joined, safe, toned
from tui.ui.widgets.ticks import ChoiceButton


class ChangeTasksDialog(ModalScreen[TaskChange | None]):
    """For `rows` as they were known when it was opened; `hidden` of them the filter hides."""

    CSS_PATH = "../styles/change_tasks.tcss"
    AUTO_FOCUS = "#cancel"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - Textual's name
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="change.cancel", tooltip="Change nothing"),
        Binding("tab,down,right", "app.focus_next", "Next", show=False, id="change.next", tooltip="To the next field"),
        Binding(
            "shift+tab,up,left", "app.focus_previous", "Previous", show=False, id="change.previous", tooltip="Back"
        ),
        Binding("pageup", "page(-1)", "Up", show=False, id="change.page-up", tooltip="Look further up"),
        Binding("pagedown", "page(1)", "Down", show=False, id="change.page-down", tooltip="Look further down"),
    ]

    def __init__(
        self, services: AppServices, desk: JobDesk, plan: RunPlan, rows: Sequence[TaskRow], *, hidden: int = 0
    ) -> None:
        super().__init__()
        self._services = services
        self._desk = desk
        self._job_id = plan.job_id
        self._rows = rows
        self._hidden = hidden
        self._stop = threading.Event()
        self._changes: tuple[TaskChange, ...] = ()
        self._chosen: TaskChange | None = None
        self._content = VerticalScroll(id="content", can_focus=False)
        self._states = Static("", id="states")
        self._status = Static(toned("● looking at the job and what its nodes have…", "running"), id="status")
        self._buttons = {action: ChoiceButton(action, compact=True, id=action) for action in TASK_ACTIONS}
        self._choice = RadioSet(*self._buttons.values(), compact=True, id="choice")
        self._consequences = Static("", id="consequences")
        self._typed = Input(id="typed", compact=True, select_on_focus=False)
        question = f"This cannot be undone. Type the name of their job, {safe(self._job_id)}, to confirm:"
        self._ask = Vertical(Static(toned(question, "warning")), self._typed, id="ask")
        self._cancel = Button("Cancel", id="cancel", variant="primary", flat=True)
        self._confirm = Button("", id="confirm", variant="error", flat=True)

    def compose(self) -> ComposeResult:
        count = len(self._rows)
        with Vertical(classes="dialog") as dialog:
            what = safe(self._rows[0].id) if count == 1 else count_text(count, "task")
            dialog.border_title = f"change {what}"
            with self._content:
                yield self._states
                if self._hidden:
                    yield Static(toned(f"▲ {words.hidden_words(self._hidden, count)}", "warning"), id="hidden")
                yield self._status
                yield self._consequences
            yield self._ask
            with Horizontal(classes="buttons"):
                yield self._cancel
                yield self._confirm

    def on_mount(self) -> None:
        self._show()
        self.run_worker(self._look(), group="look", exclusive=True)

    def on_unmount(self) -> None:
        self._stop.set()

    async def _look(self) -> None:
        """What the service says decides; sorted out on the same thread, since there may be very many tasks."""

        def look() -> tuple[Content, tuple[TaskChange, ...]]:
            ground = self._desk.read_task_ground([row.id for row in self._rows], self._stop)
            return words.state_counts(self._rows), task_changes(self._rows, ground)

        try:
            states, changes = await with_access(self, self._services, look)
        except BatchTuiError as error:
            self._status.update(joined([toned(f"✗ {safe(str(error))}", "error"), Content(safe(error.hint))], "\n"))
            self._cancel.label = "Close"
        else:
            self._states.update(states)
            self._offer(changes)

    def _offer(self, changes: tuple[TaskChange, ...]) -> None:
        self._changes = changes
        for change in changes:
            button = self._buttons[change.action]
            button.label = words.choice_label(change, len(self._rows))
            button.disabled = not change.task_ids
        named = [row.id for row in self._rows[: words.IDS_NAMED]]
        self._status.update(toned(words.ids_words(named, total=len(self._rows)), "muted"))
        self._content.mount(self._choice, before=self._consequences)  # its cursor begins at what is possible
        self._show()

    # What is chosen

    @on(RadioSet.Changed)
    def _choose(self, message: RadioSet.Changed) -> None:
        self._chosen = next(change for change in self._changes if change.action == message.pressed.id)
        self._status.display = False  # what is listed from now on is what the action concerns
        self._show()

    @property
    def _is_confirmed(self) -> bool:
        chosen = self._chosen
        return chosen is not None and (not chosen.needs_typing or self._typed.value.strip() == self._job_id)

    @on(Input.Changed)
    def _show(self) -> None:
        chosen = self._chosen
        self._consequences.display = self._confirm.display = chosen is not None
        self._ask.display = chosen is not None and chosen.needs_typing
        self._confirm.disabled = not self._is_confirmed
        if chosen is not None:
            self._consequences.update(joined(words.consequence_lines(chosen), "\n"))
            self._confirm.label = words.confirm_label(chosen)

    def on_key(self, event: events.Key) -> None:
        """Whoever begins to type the name need not look for its field first, which takes what reaches it by itself."""
        letter = event.character or ""
        if self._ask.display and (letter.isalnum() or letter in "-_") and letter:
            event.stop()
            self.set_focus(self._typed)
            self._typed.insert_text_at_cursor(letter)

    def action_page(self, pages: int) -> None:
        """Scrolls what a short terminal cuts off; the focus stays where it is."""
        self._content.scroll_relative(y=pages * max(1, self._content.size.height - 2), animate=False)

    @on(Input.Submitted)
    def _on_submitted(self) -> None:
        if self._is_confirmed:
            self._confirm.focus()

    @on(Button.Pressed, "#confirm")
    def _on_confirm(self) -> None:
        if self._is_confirmed:
            self.dismiss(self._chosen)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)
