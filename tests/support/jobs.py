"""A job to ask, for tests of the interface: what it says is set by the test, what it was asked is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.support.runs import NOW_S, RUN_ID, FakeLogs, FrozenClock, new_node, new_pool, new_services
from tui.core.bulk import TaskOutcome
from tui.core.errors import Interrupted
from tui.core.events import Notice
from tui.core.ports import StopSignal
from tui.core.records import JobRecord, TaskCounts
from tui.core.rerun import RetryGround
from tui.core.task_changes import TaskGround
from tui.core.task_reading import TaskAction
from tui.core.waiting import Situation
from tui.ui.services import AppServices

JOB = JobRecord(RUN_ID, "active", RUN_ID, 0, NOW_S - 300)
SITUATION = Situation(NOW_S, JOB, new_pool(), (new_node(0),), TaskCounts(active=2, running=1))


@dataclass
class FakeJobDesk:
    """Changes all tasks but the `refused`."""

    job: JobRecord | None = JOB
    situation: Situation = SITUATION
    ground: RetryGround = RetryGround(3, has_inputs=True)  # noqa: RUF009  # frozen
    refused: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    task_ground: TaskGround = TaskGround(JOB, frozenset({new_node(0).id}))  # noqa: RUF009  # frozen
    changed: list[tuple[TaskAction, str]] = field(default_factory=list)
    before_change: Callable[[str], object] = lambda _: None

    def read_job(self) -> JobRecord | None:
        return self.job

    def read_ground(self) -> RetryGround:
        return self.ground

    def look(self) -> Situation:
        return self.situation

    def read_task_ground(self, task_ids: Sequence[str], stop: StopSignal) -> TaskGround:  # noqa: ARG002
        return self.task_ground

    def change_tasks(
        self,
        action: TaskAction,
        task_ids: Sequence[str],
        stop: StopSignal,
        tell: Callable[[TaskOutcome | Notice], object],
    ) -> None:
        for task_id in task_ids:
            self.before_change(task_id)
            if stop.is_set():
                raise Interrupted("Stopped", action)
            problem = self.refused.get(task_id, "")
            if not problem:
                self.changed.append((action, task_id))
            tell(TaskOutcome(task_id, problem, "" if problem else self.notes.get(task_id, "")))


def services_with(desk: FakeJobDesk, logs: FakeLogs | None = None, clock: FrozenClock | None = None) -> AppServices:
    return replace(new_services(logs, clock), job_desk=lambda _plan: desk)
