"""What a run screen does with several of its tasks at once: ends them, runs them again, or deletes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import BindingType

from tui.core.bulk import BulkProgress
from tui.core.events import RunEvent, TasksChanged
from tui.core.records import TaskRow
from tui.core.task_changes import TaskChange
from tui.core.units import count_text
from tui.ui import task_change_words
from tui.ui.bindings import DangerousBinding
from tui.ui.screens.bulk import BulkScreen
from tui.ui.screens.change_tasks import ChangeTasksDialog
from tui.ui.screens.run_looks import RunLooks
from tui.ui.services import JobDesk, PausableSession, RunSession


class RunChanges(RunLooks):
    """The marked tasks are meant, hidden ones included; where none is marked, the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        DangerousBinding(
            "c", "change_tasks", "Change", id="run.change", tooltip="End, reactivate or delete marked tasks"
        ),
    ]

    _session: RunSession | None

    def action_change_tasks(self) -> None:
        make_desk, row = self.services.job_desk, self._list.cursor_row
        rows = self._list.chosen or (() if row is None else (row,))
        if make_desk is None or not rows:
            self.notify("No task is marked, and none is under the cursor.", timeout=3)
            return
        hidden = self.tasks.hidden_mark_count
        self.run_worker(self._change(make_desk(self.view.plan), rows, hidden), group="change tasks", exclusive=True)

    async def _change(self, desk: JobDesk, rows: Sequence[TaskRow], hidden: int) -> None:
        dialog = ChangeTasksDialog(self.services, desk, self.view.plan, rows, hidden=hidden)
        change: TaskChange | None = await self.app.push_screen_wait(dialog)
        if change is None:
            return
        title = f"{task_change_words.DOING[change.action]} {count_text(len(change.task_ids), 'task')}"
        bulk: BulkScreen = BulkScreen(title, change.task_ids, partial(desk.change_tasks, change.action), self.services)
        progress: BulkProgress = await self.app.push_screen_wait(bulk)
        if change.action == "delete":
            self._forget(set(progress.done))
        if isinstance(self._session, PausableSession):
            self._session.refresh_now()
        if self.view.is_over and change.action != "delete" and progress.done:
            self.notify("The run is over: its tasks are shown as they were then.", timeout=8)
        if progress.failed or progress.left:
            counts = f"{len(progress.done):,} done, {len(progress.failed):,} failed, {len(progress.left):,} left"
            self.notify(counts, title=title, severity="warning", timeout=8)

    def _forget(self, gone: Collection[str]) -> None:
        """Takes deleted tasks from the table, marks included, where it is whole: else the list to come does."""
        read_s = self.view.tasks_read_s
        if gone and read_s is not None and not self._counted.is_behind:
            rest = tuple(row for row in self.tasks.rows if row.id not in gone)
            self.feed([TasksChanged(rest, True, read_s, read_s)])

    def feed(self, events: Sequence[RunEvent]) -> None:
        """Takes over a batch of events."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "change_tasks" and self.services.job_desk is None:
            return False
        return super().check_action(action, parameters)
