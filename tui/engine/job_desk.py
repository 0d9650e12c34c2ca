"""What may be asked of a run's job while somebody looks at it: why it waits, and to change some of its tasks.

Every method blocks and raises only `core.errors`; it may be called from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from tui.core.errors import NotFound
from tui.core.plan import RunPlan
from tui.core.ports import StopSignal
from tui.core.records import JobRecord, TaskCounts, TaskDetail, TaskState
from tui.core.rerun import RetryGround
from tui.core.task_changes import TaskGround
from tui.core.task_reading import TaskAction
from tui.core.waiting import Situation
from tui.engine.run_tools import RunTools
from tui.engine.task_changes import Tell, change_tasks, read_task_ground

_MAX_DEPENDENCIES_READ = 20


@dataclass(frozen=True, slots=True)
class JobDesk:
    """One run's job. `tools` opens its account when a call needs it."""

    plan: RunPlan
    tools: Callable[[], RunTools] = field(repr=False)

    def read_job(self) -> JobRecord | None:
        """None where it is gone."""
        return self.tools().batch.get_job(self.plan.job_id)

    def read_ground(self) -> RetryGround:
        """What a new run of some of its inputs could rest on."""
        tools, plan = self.tools(), self.plan
        pool = tools.batch.get_pool(plan.pool.id)
        nodes = pool.target_nodes if pool is not None and pool.state == "active" else None
        return RetryGround(nodes, tools.storage.get_container(plan.input_container) is not None)

    def look(self) -> Situation:
        """Everything that decides whether tasks run, read now."""
        tools, plan = self.tools(), self.plan
        batch = tools.batch
        job, pool = batch.get_job(plan.job_id), batch.get_pool(plan.pool.id)
        nodes = () if pool is None else batch.list_nodes(pool.id)
        counts, waiting, unmet, unread = TaskCounts(), None, tuple[str, ...](), 0
        if job is not None:
            counts = batch.count_tasks(plan.job_id)
            waiting = self._waiting(tools) if counts.active else None
            unmet, unread = ((), 0) if waiting is None else self._unmet(tools, waiting)
        may_be_barred = job is not None and job.needs_preparation and counts.active
        preparations = batch.list_preparations(self.plan.job_id) if may_be_barred else ()
        return Situation(tools.clock.now_s(), job, pool, nodes, counts, waiting, unmet, unread, preparations)

    def _waiting(self, tools: RunTools) -> TaskDetail | None:
        """One that waits, looked for among the first of the list only: any will do."""
        try:
            for page in islice(tools.batch.list_tasks(self.plan.job_id), 3):
                found = next((row for row in page.rows if row.state is TaskState.ACTIVE), None)
                if found is not None:
                    return tools.batch.get_task(self.plan.job_id, found.id)
        except NotFound:
            pass
        return None

    def _unmet(self, tools: RunTools, waiting: TaskDetail) -> tuple[tuple[str, ...], int]:
        """Dependencies that are not completed, and how many were not looked at.

        A range gives numbers, and the id may have zeros in front: a number that is no id as it stands counts as not
        looked at.
        """

        def state_of(task_id: str) -> TaskState | None:
            detail = tools.batch.get_task(self.plan.job_id, task_id)
            return None if detail is None else detail.row.state

        named = waiting.depends_on
        ranges = waiting.depends_on_ranges
        numbers = (str(number) for first, last in ranges for number in range(first, last + 1))
        total = len(named) + sum(last - first + 1 for first, last in ranges)
        states = {name: state_of(name) for name in islice(chain(named, numbers), _MAX_DEPENDENCIES_READ)}
        unseen = {name for name, state in states.items() if state is None} - set(named)
        unmet = tuple(name for name, state in states.items() if state is not TaskState.COMPLETED and name not in unseen)
        return unmet, total - len(states) + len(unseen)

    def read_task_ground(self, task_ids: Sequence[str], stop: StopSignal) -> TaskGround:
        """What decides what may be done with these tasks, and what is lost with them."""
        return read_task_ground(self.tools(), self.plan, task_ids, stop)

    def change_tasks(self, action: TaskAction, task_ids: Sequence[str], stop: StopSignal, tell: Tell) -> None:
        """Does it to exactly these tasks; see `task_changes`."""
        change_tasks(self.tools(), self.plan.job_id, action, task_ids, stop, tell)
