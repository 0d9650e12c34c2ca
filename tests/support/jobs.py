"""A job to ask, for tests of the interface: what it says is set by the test, what it was asked is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.support.runs import NOW_S, RUN_ID, FakeLogs, FrozenClock, new_node, new_pool, new_services
from tui.core.bulk import TaskOutcome
from tui.core.ports import StopSignal
from tui.core.records import JobRecord, TaskCounts
from tui.core.rerun import RetryGround
from tui.core.waiting import Situation
from tui.ui.services import AppServices

JOB = JobRecord(RUN_ID, "active", RUN_ID, 0, NOW_S - 300)
SITUATION = Situation(NOW_S, JOB, new_pool(), (new_node(0),), TaskCounts(active=2, running=1))


@dataclass
class FakeJobDesk:
    """Reactivates all but the `refused`."""

    job: JobRecord | None = JOB
    situation: Situation = SITUATION
    ground: RetryGround = RetryGround(3, has_inputs=True)  # noqa: RUF009  # frozen
    refused: dict[str, str] = field(default_factory=dict)
    reactivated: list[str] = field(default_factory=list)

    def read_job(self) -> JobRecord | None:
        return self.job

    def read_ground(self) -> RetryGround:
        return self.ground

    def look(self) -> Situation:
        return self.situation

    def reactivate(self, task_ids: Sequence[str], stop: StopSignal, report: Callable[[TaskOutcome], object]) -> None:
        for task_id in task_ids:
            if stop.is_set():
                return
            problem = self.refused.get(task_id, "")
            if not problem:
                self.reactivated.append(task_id)
            report(TaskOutcome(task_id, problem))


def services_with(desk: FakeJobDesk, logs: FakeLogs | None = None, clock: FrozenClock | None = None) -> AppServices:
    return replace(new_services(logs, clock), job_desk=lambda _plan: desk)
