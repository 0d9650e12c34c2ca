"""Everything the service knows, in memory; every change is handed to a journal, which makes it outlive the process.

Only the event loop thread touches it. Lookups raise the service's own NotFound errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeAlias

from tui.sandbox.batch.errors import ServiceError
from tui.sandbox.batch.records import Job, JobState, Node, NodeState, Pool, PoolState, Task, TaskState, key_of
from tui.sandbox.batch.times import ServiceClock

Record: TypeAlias = Pool | Node | Job | Task


class Journal(Protocol):
    """Keeps records; what it was told is durable once its next flush has ended."""

    def save(self, record: Record) -> None: ...

    def drop(self, record: Record) -> None: ...


class BatchState:
    """Pools and jobs by id, and what hangs below them."""

    def __init__(self, clock: ServiceClock, journal: Journal) -> None:
        self.clock = clock
        self.journal = journal
        self.pools: dict[str, Pool] = {}
        self.jobs: dict[str, Job] = {}
        self._jobs_by_pool: dict[str, dict[str, Job]] = {}

    # pools and nodes

    def pool(self, pool_id: str) -> Pool:
        pool = self.pools.get(key_of(pool_id))
        if pool is None:
            raise ServiceError("PoolNotFound")
        return pool

    def changeable_pool(self, pool_id: str) -> Pool:
        pool = self.pool(pool_id)
        if pool.state is PoolState.DELETING:
            raise ServiceError("PoolBeingDeleted")
        return pool

    def node(self, pool_id: str, node_id: str) -> Node:
        node = self.pool(pool_id).nodes.get(key_of(node_id))
        if node is None:
            raise ServiceError("NodeNotFound")
        return node

    def find_node(self, pool_id: str | None, node_id: str | None) -> Node | None:
        pool = self.pools.get(key_of(pool_id or ""))
        return None if pool is None else pool.nodes.get(key_of(node_id or ""))

    def add_pool(self, pool: Pool) -> None:
        self.pools[pool.key] = pool
        self.journal.save(pool)

    def remove_pool(self, pool: Pool) -> None:
        del self.pools[pool.key]
        self.journal.drop(pool)

    def add_node(self, pool: Pool, node: Node) -> None:
        pool.nodes[key_of(node.id)] = node
        self.journal.save(node)
        self.journal.save(pool)

    def remove_node(self, pool: Pool, node: Node) -> None:
        pool.nodes.pop(key_of(node.id), None)
        self.journal.drop(node)

    def move_node(self, node: Node, state: NodeState) -> None:
        if node.state is not state:
            node.state, node.state_time = state, self.clock.tick()
        self.journal.save(node)

    # jobs and tasks

    def job(self, job_id: str) -> Job:
        job = self.jobs.get(key_of(job_id))
        if job is None:
            raise ServiceError("JobNotFound")
        return job

    def changeable_job(self, job_id: str) -> Job:
        job = self.job(job_id)
        if job.state is JobState.DELETING:
            raise ServiceError("JobBeingDeleted")
        return job

    def task(self, job_id: str, task_id: str) -> tuple[Job, Task]:
        job = self.job(job_id)
        task = job.tasks.get(task_id)
        if task is None:
            raise ServiceError("TaskNotFound")
        return job, task

    def jobs_of(self, pool: Pool) -> Iterable[Job]:
        return self._jobs_by_pool.get(pool.key, {}).values()

    def add_job(self, job: Job) -> None:
        self.jobs[job.key] = job
        self._jobs_by_pool.setdefault(key_of(job.spec.pool_id), {})[job.key] = job
        self.journal.save(job)

    def remove_job(self, job: Job) -> None:
        del self.jobs[job.key]
        self._unbind(job)
        self.journal.drop(job)

    def rebind_job(self, job: Job, old_pool_id: str) -> None:
        """The job's spec names another pool now."""
        self._jobs_by_pool.get(key_of(old_pool_id), {}).pop(job.key, None)
        self._jobs_by_pool.setdefault(key_of(job.spec.pool_id), {})[job.key] = job

    def _unbind(self, job: Job) -> None:
        self._jobs_by_pool.get(key_of(job.spec.pool_id), {}).pop(job.key, None)

    def move_job(self, job: Job, state: JobState) -> None:
        job.enter(state, self.clock.tick())
        self.journal.save(job)

    def add_task(self, job: Job, task: Task) -> None:
        job.tasks.add(task)
        self.journal.save(task)

    def remove_task(self, job: Job, task: Task) -> None:
        job.tasks.remove(task)
        self.journal.drop(task)

    def move_task(self, job: Job, task: Task, state: TaskState, *, succeeded: bool | None = None) -> int:
        """Change the task's state and say when."""
        now = self.clock.tick()
        job.tasks.move(task, state, now, succeeded=succeeded)
        self.journal.save(task)
        return now
