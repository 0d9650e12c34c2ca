"""The Batch service put together: state, store, scheduler, nodes. Its REST API is a client of this like any other.

All of it lives on one event loop thread. What later parts add (faults, latency, seeded jobs) goes through `state`,
`task_life`, `job_life` and `allocation`; tasks need no launch to exist.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from tui.sandbox.batch.allocation import Allocation, NoLimits, PoolTimings
from tui.sandbox.batch.attempts import Attempts
from tui.sandbox.batch.background import Background
from tui.sandbox.batch.job_life import JobLife
from tui.sandbox.batch.launches import Account, Launches
from tui.sandbox.batch.node_tasks import NodeTasks
from tui.sandbox.batch.ports import Limits, NodeHost
from tui.sandbox.batch.records import Job, JobState, Node, Pool, Task, TaskState
from tui.sandbox.batch.scheduler import Scheduler
from tui.sandbox.batch.state import BatchState
from tui.sandbox.batch.store import Store
from tui.sandbox.batch.task_life import TaskLife
from tui.sandbox.batch.times import ServiceClock

_LOG = logging.getLogger(__name__)


class BatchService:
    """One Batch account. Opens its state file when made; raises `StoreError` where that cannot be."""

    def __init__(
        self,
        *,
        account: Account,
        host: NodeHost,
        state_path: Path,
        timings: PoolTimings | None = None,
        clock: ServiceClock | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.account = account
        self.host = host
        self.clock = clock or ServiceClock()
        self.store = Store(state_path)
        self.state = BatchState(self.clock, self.store)
        self.background = Background()
        self.launches = Launches(host, account)
        self.node_tasks = NodeTasks(self.state, self.launches, self.background, lost=self._agent_lost)
        self.task_life = TaskLife(self.state, self._task_completed)
        self.attempts = Attempts(
            self.state,
            self.task_life,
            self.launches,
            self.node_tasks,
            self.background,
            freed=self._node_freed,
            lost=self._agent_lost,
        )
        self.scheduler = Scheduler(self.state, self.node_tasks, self.attempts.start)
        self.job_life = JobLife(self.state, self.attempts, self.node_tasks, self.scheduler, self.background)
        self.allocation = Allocation(
            self.state,
            host,
            self.attempts,
            self.node_tasks,
            self.scheduler,
            self.background,
            timings or PoolTimings(),
            limits or NoLimits(),
        )
        self.before_files: Callable[[Node, Task | None], None] = _nothing
        """Called before somebody looks at the files of a task, or of a node itself."""

    async def start(self) -> None:
        """Take up what the state file holds: nodes boot, tasks that were on them wait for their next run."""
        pools, jobs = self.store.load()
        self.clock.advance_to(_latest(pools, jobs))
        for pool in pools:
            self.state.add_pool(pool)
        for job in jobs:
            self.state.add_job(job)
            self.node_tasks.forget_unfinished(job)
            self._restore_tasks(job)
        for pool in pools:
            self.allocation.resume(pool)
        for job in jobs:
            self.job_life.resume(job)

    async def written(self) -> None:
        """Return once every change made so far would outlive the process."""
        await self.store.written()

    async def close(self) -> None:
        """End every node's agent and everything that runs on it, then write and close the state."""
        self.job_life.close()
        await self.background.close()
        agents = [
            node.agent for pool in self.state.pools.values() for node in pool.nodes.values() if node.agent is not None
        ]
        for problem in await asyncio.gather(*(agent.close() for agent in agents), return_exceptions=True):
            if isinstance(problem, BaseException):
                _LOG.error("a node's agent did not close: %r", problem)
        self.store.close()

    def _restore_tasks(self, job: Job) -> None:
        for task in sorted(job.tasks, key=lambda task: task.order):
            is_over = task.state is TaskState.COMPLETED
            if is_over and job.spec.uses_task_dependencies and self.task_life.satisfies(task):
                job.tasks.dependencies.satisfy(task)
        for task in sorted(job.tasks, key=lambda task: task.order):
            if task.state is TaskState.COMPLETED:
                continue
            if task.state is not TaskState.ACTIVE:
                self.task_life.requeue(job, task)
            elif job.tasks.dependencies.add(task):
                job.tasks.ready.push(task)

    def _task_completed(self, job: Job, task: Task) -> None:
        self.job_life.task_completed(job, task)
        if job.state is JobState.ACTIVE:
            self.scheduler.wake(job.spec.pool_id)

    def _node_freed(self, node: Node) -> None:
        self.state.journal.save(node)
        self.scheduler.wake(node.pool_id)

    def _agent_lost(self, node: Node) -> None:
        self.allocation.agent_lost(node)


def _nothing(_node: Node, _task: Task | None) -> None:
    return


def _latest(pools: list[Pool], jobs: list[Job]) -> int:
    """The newest time in a stored state; times after a restart are later still."""
    times = [time for pool in pools for time in (pool.modified, pool.state_time, pool.allocation_state_time)]
    times += [node.state_time for pool in pools for node in pool.nodes.values()]
    times += [time for job in jobs for time in (job.modified, job.state_time)]
    times += [time for job in jobs for task in job.tasks for time in (task.modified, task.state_time)]
    return max(times, default=0)
