"""Makes pools and jobs of synthetic tasks inside the running service, and keeps endless ones from ending.

A job of any size is made in pieces, so that the service goes on answering meanwhile. Everything is stored as for any
other job: after a restart it is there, and what was running runs again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from tui.sandbox.batch.body import Body, check_identifier
from tui.sandbox.batch.errors import ServiceError
from tui.sandbox.batch.records import AllocationState, Job, JobState, Pool, PoolSpec, PoolState, TaskSpec, TaskState
from tui.sandbox.batch.service import BatchService
from tui.sandbox.batch.task_book import TaskBook
from tui.sandbox.batch.times import TICKS_PER_SECOND
from tui.sandbox.batch.wire_job import parse_job
from tui.sandbox.batch.wire_pool import parse_pool
from tui.sandbox.batch.wire_task import parse_task
from tui.sandbox.simulation.nodes import SIMULATION, SimulatedHost, SimulatedPool
from tui.sandbox.simulation.past import Past
from tui.sandbox.simulation.recipe import Recipe

_PIECE = 400
"""Tasks added between two chances for others; each is a transaction, too."""
_SPECS = 32
"""Different commands among the tasks of a job: they are shared, or a million tasks would not fit."""
_RETRYING_SPECS = 8
_PAST_S = 3_600.0
"""How long ago a job without a pace of its own began."""
_RESERVE_S = 3.0
"""Tasks that wait in an endless job, in seconds of its own pace."""


class Seeder:
    """Seeds one service."""

    def __init__(self, service: BatchService, host: SimulatedHost) -> None:
        self._service = service
        self._host = host

    async def seed(self, recipe: Recipe) -> None:
        """Make the recipe's pool and job with all its tasks; raises the service's own conflicts."""
        state = self._service.state
        for name in (recipe.job_id, recipe.pool_id):
            check_identifier("job", name)
        if recipe.pool_id.lower() in state.pools:
            raise ServiceError("PoolExists")
        if recipe.job_id.lower() in state.jobs:
            raise ServiceError("JobExists")
        self._add_pool(recipe)
        job = self._add_job(recipe)
        await asyncio.sleep(0)  # the pool's nodes are there then, and tasks that have ended name theirs
        specs = _task_specs(recipe, job)
        digits = max(6, len(str(recipe.tasks - 1)))
        done = round(recipe.done * recipe.tasks)
        past = Past(self._service.state, recipe, job, done)
        for begin in range(0, recipe.tasks, _PIECE):
            if job.state is not JobState.ACTIVE:
                return
            for number in range(begin, min(begin + _PIECE, recipe.tasks)):
                identifier, spec = f"task-{number:0{digits}}", specs[number % _SPECS]
                if number < done:
                    past.add(number, identifier, spec)
                else:
                    self._service.task_life.add(job, identifier, spec)
            self._service.scheduler.wake(recipe.pool_id)
            await self._service.written()
            await asyncio.sleep(0)
        self._remember(job)

    def _add_pool(self, recipe: Recipe) -> None:
        service = self._service
        _, spec = parse_pool(Body(_pool_wire(recipe)))
        now = service.clock.tick()
        pool = Pool(
            id=recipe.pool_id,
            spec=PoolSpec.from_wire({**spec.wire, SIMULATION: recipe.to_wire()}),
            created=now,
            modified=now,
            state=PoolState.ACTIVE,
            state_time=now,
            allocation_state=AllocationState.RESIZING,
            allocation_state_time=now,
            resize_timeout=0,
            target_dedicated=recipe.nodes - recipe.spot_nodes,
            target_low_priority=recipe.spot_nodes,
        )
        service.state.add_pool(pool)
        service.allocation.start_first_resize(pool)

    def _add_job(self, recipe: Recipe) -> Job:
        service = self._service
        body = {
            "id": recipe.job_id,
            "poolInfo": {"poolId": recipe.pool_id},
            "jobPreparationTask": {"commandLine": "/bin/sh -c 'renderer --version'"},
            "metadata": [{"name": "seeded", "value": str(recipe.seed)}],
        }
        _, spec = parse_job(Body(body))
        past_s = recipe.done * recipe.tasks * 2 / recipe.changes_per_s if recipe.churn else _PAST_S
        now = service.clock.tick() - round(past_s * TICKS_PER_SECOND)
        job = Job(
            id=recipe.job_id,
            spec=spec,
            created=now,
            modified=now,
            state=JobState.ACTIVE,
            state_time=now,
            tasks=TaskBook(),
            start_time=now,
        )
        service.state.add_job(job)
        service.job_life.resume(job)
        return job

    # endless jobs

    def endless_pools(self) -> Iterator[SimulatedPool]:
        for pool in self._service.state.pools.values():
            shared = self._host.simulated(pool.id) if SIMULATION in pool.spec.wire else None
            if shared is not None and shared.recipe.is_endless:
                yield shared

    def resume(self) -> None:
        """Take up endless jobs that were stored: what is completed waits for its next turn."""
        for shared in self.endless_pools():
            for job in self._service.state.jobs_of(self._service.state.pool(shared.recipe.pool_id)):
                self._remember(job)

    def _remember(self, job: Job) -> None:
        """What of an endless job is completed already waits for its next turn, the oldest first."""
        shared = self._host.simulated(job.spec.pool_id)
        if shared is not None and shared.recipe.is_endless:
            done = sorted((task.state_time, task.id) for task in job.tasks if task.state is TaskState.COMPLETED)
            shared.finished.extendleft((job.id, task_id) for _, task_id in reversed(done))

    def recycle(self) -> None:
        """Let completed tasks of endless jobs become active again, the oldest first, so that work never runs out."""
        for shared in self.endless_pools():
            job = self._service.state.jobs.get(shared.recipe.job_id.lower())
            if job is None or job.state is not JobState.ACTIVE:
                continue
            wanted = shared.recipe.changes_per_s * _RESERVE_S / 3 - len(job.tasks.ready)
            while wanted > 0 and shared.finished:
                wanted -= self._reactivate(*shared.finished.popleft())
                shared.is_recycling = True
            self._service.scheduler.wake(shared.recipe.pool_id)

    def _reactivate(self, job_id: str, task_id: str) -> bool:
        job = self._service.state.jobs.get(job_id.lower())
        task = None if job is None else job.tasks.get(task_id)
        if job is None or task is None or task.state is not TaskState.COMPLETED:
            return False
        self._service.task_life.reactivate(job, task)
        return True


def _pool_wire(recipe: Recipe) -> dict[str, Any]:
    image = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
    return {
        "id": recipe.pool_id,
        "vmSize": "standard_d2s_v3",
        "taskSlotsPerNode": recipe.slots,
        "virtualMachineConfiguration": {"imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04"},
        "startTask": {"commandLine": "/bin/sh -c 'apt-get install --yes renderer'", "waitForSuccess": True},
        "metadata": [{"name": "seeded", "value": str(recipe.seed)}],
    }


def _task_specs(recipe: Recipe, job: Job) -> list[TaskSpec]:
    return [
        parse_task(
            Body(
                {
                    "id": "task",
                    "commandLine": f"renderer --scene scene-{number:02}.blend --seed {recipe.seed}",
                    "constraints": {"maxTaskRetryCount": 2 if number < _RETRYING_SPECS else 0},
                }
            ),
            job.spec,
        )[1]
        for number in range(_SPECS)
    ]
