"""An action on many tasks as it goes: done, failed and left, why each failed, and another try for those.

Its tasks are those it was made with, whatever a table shows meanwhile. It is stopped before it closes, so that a person
has seen how many were done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import DataTable, Static

from tui.core.bulk import BulkProgress, TaskOutcome
from tui.core.errors import AccessRefused, BatchTuiError, Interrupted
from tui.core.events import Notice
from tui.core.ports import StopSignal
from tui.core.units import count_text
from tui.ui.screens.access import Refusal, regain_access
from tui.ui.services import AppServices
from tui.ui.text import joined, safe, toned

Work = Callable[[Sequence[str], StopSignal, Callable[[TaskOutcome | Notice], object]], object]
_SHOW_EVERY_S = 0.25
_FAILURES_SHOWN = 200
_TAKEN_AT_ONCE = 2_000
"""Outcomes of a fast service; more would be felt between two keys."""


class BulkScreen(ModalScreen[BulkProgress]):
    """Does `work` on the tasks and shows what becomes of each; dismissed with that."""

    CSS_PATH = "../styles/bulk.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Stop or close", id="bulk.close", tooltip="Stop what is left; then close"),
        Binding("enter", "close_ended", "Close", show=False, id="bulk.close-ended", tooltip="Close once it has ended"),
        Binding("t", "again", "Try again", id="bulk.again", tooltip="Try those again that were not done"),
    ]

    def __init__(self, title: str, task_ids: Sequence[str], work: Work, services: AppServices) -> None:
        super().__init__()
        self._title = title
        self._work = work
        self._services = services
        self._progress = BulkProgress.of(task_ids)
        self._stop = threading.Event()
        self._told: deque[TaskOutcome | Notice] = deque()
        self._is_running = False
        self._error = self._waits = ""
        self._words = Static("", id="bulk-words")
        self._table: DataTable[str] = DataTable(cursor_type="row", id="bulk-failures")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(safe(self._title))
            yield self._words
            yield self._table

    def on_mount(self) -> None:
        self._table.add_columns("task", "why not")
        self._table.display = False
        self.set_interval(_SHOW_EVERY_S, self.show)
        self._begin()

    def on_unmount(self) -> None:
        self._stop.set()

    def _begin(self) -> None:
        self._stop = threading.Event()
        self._is_running, self._error = True, ""
        self._table.clear()
        self.run_worker(self._run(), group="bulk")
        self.show()

    async def _run(self) -> None:
        while (refused := await self._try()) is not None and await self._regain(refused):
            self._error = ""
        self._is_running = False
        self.show()
        self.refresh_bindings()

    async def _try(self) -> AccessRefused | None:
        """Works on what is left; gives what refused access, where that ended it."""
        work = partial(self._work, list(self._progress.left), self._stop, self._told.append)
        refused = None
        try:
            await self._services.run_blocking(lambda: work())
        except Interrupted:
            self._error = "stopped"
        except BatchTuiError as problem:
            self._error = str(problem)
            refused = problem if isinstance(problem, AccessRefused) else None
        while self._told:
            self.show()
        return refused

    async def _regain(self, refused: AccessRefused) -> bool:
        done = f"{len(self._progress.done):,} of {count_text(self._progress.total, 'task')}"
        return await regain_access(self, self._services, Refusal(refused, f"{done} are done, the others were not."))

    def show(self) -> None:
        """Takes over what was told since, some of it where that is much."""
        for _ in range(min(len(self._told), _TAKEN_AT_ONCE)):
            self._take(self._told.popleft())
        progress = self._progress
        parts = [
            toned(f"✓ {len(progress.done):,} done", "success" if progress.done else "muted"),
            toned(f"✗ {len(progress.failed):,} failed", "error" if progress.failed else "muted"),
            toned(f"○ {len(progress.left):,} left", "running" if progress.left else "muted"),
        ]
        lines = [Content(f"{count_text(progress.total, 'task')}   ") + joined(parts, " · ")]
        lines += [toned(f"{count:,} of those done: {safe(note)}", "muted") for note, count in progress.notes.items()]
        if self._error:
            lines.append(toned(safe(self._error), "error"))
        elif self._is_running and self._waits:
            lines.append(toned(safe(self._waits), "warning"))
        hidden = len(progress.failed) - self._table.row_count
        if hidden > 0:
            lines.append(toned(f"{hidden:,} more failed", "muted"))
        self._words.update(Content("\n").join([*lines, toned(self._state, "muted")]))
        self._show_failures(bool(progress.failed))

    def _show_failures(self, are_there: bool) -> None:
        """The table has the focus while it is seen, so that it can be scrolled; hidden, it would keep the enter key."""
        if are_there is not self._table.display:
            self._table.display = are_there
            self.set_focus(self._table if are_there else None)

    @property
    def _state(self) -> str:
        if self._is_running and self._stop.is_set():
            return "stopping: what is under way is waited for   esc closes"
        if self._is_running:
            return "working…   esc stops"
        return "esc closes" + ("   t tries again" * self._can_retry)

    def _take(self, told: TaskOutcome | Notice) -> None:
        if isinstance(told, Notice):
            self._waits = " ".join(told.text.split())
            return
        self._waits = ""
        self._progress.take(told)
        if told.problem and self._table.row_count < _FAILURES_SHOWN:
            self._table.add_row(safe(told.task_id), safe(" ".join(told.problem.split())))

    @property
    def _can_retry(self) -> bool:
        return not self._is_running and bool(self._progress.failed or self._progress.left)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return action != "again" or self._can_retry

    def action_again(self) -> None:
        self._progress = self._progress.again()
        self._begin()

    def action_close(self) -> None:
        """Stops what is left; closes where it has ended, or once more while it does."""
        if self._is_running and not self._stop.is_set():
            self._stop.set()
            self.show()
            return
        self._stop.set()
        self.dismiss(self._progress)

    @on(DataTable.RowSelected)
    def action_close_ended(self) -> None:
        if not self._is_running:
            self.dismiss(self._progress)
