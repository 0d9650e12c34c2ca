"""An action on many tasks as it goes: done, failed and left, why each failed, and another try for those."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import DataTable, Static

from tui.core.bulk import BulkProgress, TaskOutcome
from tui.core.errors import BatchTuiError, Interrupted
from tui.core.ports import StopSignal
from tui.core.units import count_text
from tui.ui.services import RunBlocking
from tui.ui.text import joined, safe, toned

Work = Callable[[Sequence[str], StopSignal, Callable[[TaskOutcome], object]], object]
_SHOW_EVERY_S = 0.25
_FAILURES_SHOWN = 200


class BulkScreen(ModalScreen[BulkProgress]):
    """Does `work` on the tasks and shows what becomes of each; dismissed with that."""

    CSS_PATH = "../styles/bulk.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "close", "Close", id="bulk.close", tooltip="Stop what is left, and close"),
        Binding("t", "again", "Try again", id="bulk.again", tooltip="Try those again that were not done"),
    ]

    def __init__(self, title: str, task_ids: Sequence[str], work: Work, run_blocking: RunBlocking) -> None:
        super().__init__()
        self._title = title
        self._work = work
        self._run_blocking = run_blocking
        self._progress = BulkProgress.of(task_ids)
        self._stop = threading.Event()
        self._told: list[TaskOutcome] = []
        self._is_running = False
        self._error = ""
        self._words = Static("", id="bulk-words")
        self._table: DataTable[str] = DataTable(cursor_type="row", id="bulk-failures")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(safe(self._title))
            yield self._words
            yield self._table

    def on_mount(self) -> None:
        self._table.add_columns("task", "why not")
        self.set_interval(_SHOW_EVERY_S, self.show)
        self._begin()

    def _begin(self) -> None:
        self._is_running, self._error = True, ""
        self._table.clear()
        self.run_worker(self._run(), group="bulk")
        self.show()

    async def _run(self) -> None:
        work = partial(self._work, list(self._progress.left), self._stop, self._told.append)
        try:
            await self._run_blocking(lambda: work())
        except Interrupted:
            self._error = "stopped"
        except BatchTuiError as problem:
            self._error = str(problem)
        self._is_running = False
        self.show()
        self.refresh_bindings()

    def show(self) -> None:
        """Takes over what was told since; a list of what a thread appends to is emptied from its front only."""
        while self._told:
            outcome = self._told.pop(0)
            self._progress.take(outcome)
            if outcome.problem and self._table.row_count < _FAILURES_SHOWN:
                self._table.add_row(safe(outcome.task_id), safe(" ".join(outcome.problem.split())))
        progress = self._progress
        parts = [
            toned(f"✓ {len(progress.done):,} done", "success" if progress.done else "muted"),
            toned(f"✗ {len(progress.failed):,} failed", "error" if progress.failed else "muted"),
            toned(f"○ {len(progress.left):,} left", "running" if progress.left else "muted"),
        ]
        lines = [Content(f"{count_text(progress.total, 'task')}   ") + joined(parts, " · ")]
        if self._error:
            lines.append(toned(safe(self._error), "error"))
        hidden = len(progress.failed) - self._table.row_count
        if hidden > 0:
            lines.append(toned(f"{hidden:,} more failed", "muted"))
        state = "working…   esc stops" if self._is_running else "esc closes" + ("   t tries again" * self._can_retry)
        self._words.update(Content("\n").join([*lines, toned(state, "muted")]))
        self._table.display = bool(progress.failed)

    @property
    def _can_retry(self) -> bool:
        return not self._is_running and bool(self._progress.failed or self._progress.left)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return action != "again" or self._can_retry

    def action_again(self) -> None:
        done = self._progress.done
        self._progress = self._progress.again()
        self._progress.done += done
        self._begin()

    def action_close(self) -> None:
        self._stop.set()
        self.dismiss(self._progress)
