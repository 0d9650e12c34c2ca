"""A run as it is shown: events folded, one by one, into what a screen, a console line and a summary need.

Only `apply` changes it and only one thread may own it; rows are kept by id, and a full list drops what it lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tui.core.errors import BatchTuiError
from tui.core.events import (
    CountsChanged,
    Notice,
    PollReport,
    PoolChanged,
    Progress,
    RunEnded,
    RunEvent,
    RunStarted,
    RunSummary,
    Step,
    StepChanged,
    StepState,
    TasksArriving,
    TasksChanged,
)
from tui.core.plan import RunPlan
from tui.core.records import NodeRecord, PoolRecord, TaskCounts, TaskRow, TaskStatus


@dataclass(slots=True)
class StepView:
    """One step: its state, how far it is, and how it ended."""

    step: Step
    state: StepState = StepState.WAITING
    started_s: float | None = None
    ended_s: float | None = None
    progress: Progress | None = None
    summary: str = ""


@dataclass(slots=True)
class RunView:
    """Everything known of one run."""

    plan: RunPlan
    started_s: float | None = None
    steps: dict[Step, StepView] = field(default_factory=lambda: {step: StepView(step) for step in Step})
    pool: PoolRecord | None = None
    nodes: tuple[NodeRecord, ...] = ()
    pool_read_s: float | None = None
    tasks: dict[str, TaskRow] = field(default_factory=dict)
    tasks_read_s: float | None = None
    service_counts: TaskCounts | None = None
    poll: PollReport | None = None
    notices: list[Notice] = field(default_factory=list)
    summary: RunSummary | None = None
    problem: BatchTuiError | None = None
    """What stopped it, where something did."""

    def apply(self, event: RunEvent) -> None:
        """Folds one event in."""
        match event:
            case RunStarted():
                self.started_s = event.at_s
                self.poll = self.summary = self.problem = None  # a run that goes on is not over any more
            case StepChanged():
                self._change_step(event)
            case Progress():
                self.steps[event.step].progress = event
            case PoolChanged():
                self.pool, self.nodes, self.pool_read_s = event.pool, event.nodes, event.at_s
            case TasksChanged():
                self._merge_tasks(event)
            case TasksArriving():
                self._hear()
            case CountsChanged():
                self.service_counts = event.counts
            case PollReport():
                self.poll = event
            case Notice():
                self.notices.append(event)
            case RunEnded():
                self.summary, self.problem = event.summary, event.problem

    def _change_step(self, event: StepChanged) -> None:
        view = self.steps[event.step]
        view.state, view.summary = event.state, event.summary
        if event.state is StepState.RUNNING:
            view.started_s, view.ended_s = event.at_s, None
        else:
            view.ended_s = event.at_s

    def _hear(self) -> None:
        """The service answers; whether the poll succeeds, it will report itself."""
        if self.poll is not None and self.poll.trouble:
            self.poll = replace(self.poll, trouble="", throttled_until_s=None)

    def _merge_tasks(self, event: TasksChanged) -> None:
        if event.is_full:
            self.tasks = {row.id: row for row in event.rows}
        else:
            self.tasks.update((row.id, row) for row in event.rows)
        self.tasks_read_s = event.at_s

    @property
    def current_step(self) -> StepView | None:
        """The step under way, or the one that failed."""
        for view in self.steps.values():
            if view.state in (StepState.RUNNING, StepState.FAILED):
                return view
        return None

    @property
    def counts(self) -> TaskCounts:
        """Counted from the rows, which are what the table shows."""
        return count_rows(self.tasks.values())

    @property
    def is_over(self) -> bool:
        return self.summary is not None


def count_rows(rows: Iterable[TaskRow]) -> TaskCounts:
    """Counts of `rows` by what a person reads; a task being prepared counts as running."""
    found = Counter(row.status for row in rows)
    return TaskCounts(
        active=found[TaskStatus.ACTIVE],
        running=found[TaskStatus.RUNNING] + found[TaskStatus.PREPARING],
        succeeded=found[TaskStatus.SUCCEEDED],
        failed=found[TaskStatus.FAILED],
    )
