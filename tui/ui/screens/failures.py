"""Failed tasks by what they have in common, and what can be done with a whole group of them.

stderr of a few tasks of each kind is read, a few at a time; groups are shown at once and become finer as lines come.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.core.bulk import BulkProgress
from tui.core.errors import BatchTuiError, NotFound
from tui.core.failure_groups import FailureGroup, group_failures, last_line, worth_reading
from tui.core.failure_table import line_text, new_failure_table
from tui.core.ids import new_run_id
from tui.core.plan import RunPlan
from tui.core.records import TaskRow
from tui.core.redaction import redact
from tui.core.rerun import retry_plan, retry_words
from tui.core.task_table import short_node_id
from tui.core.units import count_text
from tui.ui.bindings import DangerousBinding
from tui.ui.screens.access import with_access
from tui.ui.screens.base import BatchScreen, Question
from tui.ui.screens.bulk import BulkScreen
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.services import AppServices, JobDesk, LogSource
from tui.ui.text import safe, toned
from tui.ui.widgets.virtual_table import VirtualTable

_REFRESH_S = 3.0
_READ_AT_ONCE = 4
_READ_LIMIT_BYTES = 4_096
_NODES_NAMED = 8
_OVER = ("completed", "terminating", "deleting", "gone")
"""Of a job that takes no task back; one that is disabled only waits to be enabled."""


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """What is to be done with a group on the run's own screen."""

    group: FailureGroup
    action: Literal["show", "download", "retry"]
    plan: RunPlan | None = None
    """The new run to start, where the group is to run again and its job is over."""


class FailuresScreen(BatchScreen[GroupChoice | None]):
    """Dismissed with a group to show or to download logs of; None where a person only looked."""

    CSS_PATH = "../styles/failures.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012 - Textual's name
    AUTO_FOCUS = "VirtualTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "download", "Download logs", id="failures.logs", tooltip="Fetch the logs of the group's tasks"),
        Binding("y", "copy", "Copy ids", id="failures.copy", tooltip="Ids of the group's tasks to the clipboard"),
        DangerousBinding("R", "retry", "Run again", id="failures.retry", tooltip="Run every task of the group again"),
    ]

    def __init__(
        self,
        services: AppServices,
        plan: RunPlan,
        rows: Callable[[], Iterator[TaskRow]],
        *,
        can_download: bool = False,
        can_start: bool = False,
        is_read_only: bool = False,
    ) -> None:
        """`rows` gives the tasks as they are known now; `can_start` says that a new run may follow."""
        super().__init__(services, is_read_only=is_read_only)
        self._plan = plan
        self._rows = rows
        self._can_download = can_download
        self._can_start = can_start
        self._lines: dict[str, str] = {}
        self._table: VirtualTable[FailureGroup] = VirtualTable(
            new_failure_table(), can_mark=False, empty_text="No task has failed.", id="groups", classes="panel"
        )
        self._words = Static("", id="group", classes="panel")

    def compose_body(self) -> Iterable[Widget]:
        yield self._table
        yield self._words

    def on_mount(self) -> None:
        self.title_line.heading = f"{self._plan.run_id}  ›  failures"
        self.refresh_groups()
        self.set_interval(_REFRESH_S, self.refresh_groups)

    # Groups

    def refresh_groups(self) -> None:
        """Groups what has failed by now, and reads on where that would tell more."""
        groups = group_failures(self._rows(), self._lines)
        self._table.model.replace(groups)
        self._table.refresh_rows()
        failed = sum(len(group.task_ids) for group in groups)
        self.title_line.state = (f"✗ {failed:,} failed", "error") if failed else ("✓ none failed", "success")
        self._table.border_title = f"failures · {count_text(len(groups), 'group')} · {count_text(failed, 'task')}"
        self._table.border_subtitle = f"stderr of {count_text(len(self._lines), 'task')} read"
        self._show_group()
        wanted = worth_reading(self._rows(), self._lines)
        if wanted and not any(worker.group == "read" for worker in self.workers):
            self.run_worker(self._read(wanted), group="read")

    async def _read(self, task_ids: tuple[str, ...]) -> None:
        for start in range(0, len(task_ids), _READ_AT_ONCE):
            some = task_ids[start : start + _READ_AT_ONCE]
            found = await asyncio.gather(*map(self._line_of, some))
            self._lines.update((task_id, line) for task_id, line in zip(some, found, strict=True) if line is not None)
        self.call_later(self.refresh_groups)

    async def _line_of(self, task_id: str) -> str | None:
        """Empty where it wrote nothing; None where it cannot be read now."""
        reader = self.services.log_reader(self._plan)
        source = LogSource("task", task_id, "stderr")
        try:
            chunk = await self.services.run_blocking(partial(reader.read, source, None, _READ_LIMIT_BYTES))
        except NotFound:
            return ""
        except BatchTuiError:
            return None
        return last_line(redact(chunk.content.decode(errors="replace")).encode())

    @property
    def _group(self) -> FailureGroup | None:
        row_id = self._table.cursor_id
        return None if row_id is None else self._table.model.get(row_id)

    @on(VirtualTable.RowHighlighted)
    def _show_group(self) -> None:
        group = self._group
        self._words.display = group is not None
        if group is None:
            return
        read = f"read of {group.read:,} of {len(group.task_ids):,}"
        nodes = ", ".join(f"{safe(short_node_id(node))} ({count:,})" for node, count in group.nodes[:_NODES_NAMED])
        more = f" and {len(group.nodes) - _NODES_NAMED:,} more" if len(group.nodes) > _NODES_NAMED else ""
        sample = self._rows_of(group)
        message = "" if sample is None or sample.failure is None else sample.failure.message
        self._words.border_title = Content(safe(group.name))
        facts = (("stderr", f"{line_text(group)}  ({read})"), ("message", message), ("nodes", f"{nodes}{more}"))
        tasks = " ".join(group.task_ids[:8]) + (" …" if len(group.task_ids) > 8 else "")
        lines = [toned(f"{name:<8}", "muted") + safe(words) for name, words in (*facts, ("tasks", tasks)) if words]
        self._words.update(Content("\n").join(lines))

    def _rows_of(self, group: FailureGroup) -> TaskRow | None:
        wanted = group.task_ids[0]
        return next((row for row in self._rows() if row.id == wanted), None)

    # What a person does

    @on(VirtualTable.RowSelected)
    def _on_selected(self, message: VirtualTable.RowSelected) -> None:
        message.stop()
        if (group := self._group) is not None:
            self.dismiss(GroupChoice(group, "show"))

    def action_download(self) -> None:
        if (group := self._group) is not None:
            self.dismiss(GroupChoice(group, "download"))

    def action_copy(self) -> None:
        if (group := self._group) is not None:
            self.app.copy_to_clipboard("\n".join(group.task_ids))
            self.notify(f"{count_text(len(group.task_ids), 'id')} copied", timeout=3)

    def action_retry(self) -> None:
        if (group := self._group) is not None:
            self.run_worker(self._retry(group), group="retry", exclusive=True)

    async def _retry(self, group: FailureGroup) -> None:
        make_desk = self.services.job_desk
        assert make_desk is not None
        desk = make_desk(self._plan)
        try:
            job = await with_access(self, self.services, desk.read_job)
        except BatchTuiError as error:
            self.notify(f"{error}", title="The job cannot be read", severity="error", markup=False)
            return
        if job is None or job.state != "active":
            await self._retry_in_new_run(group, desk, "gone" if job is None else job.state)
            return
        tasks = count_text(len(group.task_ids), "task")
        text = f"{tasks} ({group.name}) become active again and run anew; their exit codes and times are dropped."
        question = Question(f"run {tasks} again?", safe(text), confirm="Run again")
        if await self.app.push_screen_wait(ConfirmDialog(question)):
            title = f"running {tasks} again"
            work = partial(desk.change_tasks, "reactivate")
            bulk: BulkScreen = BulkScreen(title, group.task_ids, work, self.services)
            progress: BulkProgress = await self.app.push_screen_wait(bulk)
            for task_id in progress.done:
                self._lines.pop(task_id, None)

    async def _retry_in_new_run(self, group: FailureGroup, desk: JobDesk, state: str) -> None:
        """Offered only where everything is there that it needs."""
        if not self._can_start or state not in _OVER:
            text = f"The job is {state}: the service runs its tasks no more. A new run of their inputs can."
            self.notify(text, title="Not while the job is over", severity="warning", markup=False)
            return
        now_s = self.services.clock.now_s()
        day = datetime.fromtimestamp(now_s, UTC).date()
        run_id = new_run_id(self._plan.workload_name, day, random.Random())
        try:
            ground = await with_access(self, self.services, desk.read_ground)
            plan = retry_plan(self._plan, group.task_ids, ground, run_id, now_s)
        except BatchTuiError as error:
            self.notify(f"{error}", title="These tasks cannot run again", severity="warning", markup=False)
            return
        tasks = count_text(len(plan.inputs), "task")
        question = Question(f"run {tasks} again as a new run?", safe(retry_words(plan, ground)), confirm="Start it")
        if await self.app.push_screen_wait(ConfirmDialog(question)):
            self.finish(GroupChoice(group, "retry", plan))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "retry" and self.services.job_desk is None:
            return False
        if action == "download" and not self._can_download:
            return False
        return super().check_action(action, parameters)
