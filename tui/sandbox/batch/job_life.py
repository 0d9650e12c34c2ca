"""How a job moves: active, disabled and back, terminating, completed, deleting; with release tasks on the way out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from tui.sandbox.batch.attempts import Attempts, Ending
from tui.sandbox.batch.background import Background
from tui.sandbox.batch.errors import ServiceError
from tui.sandbox.batch.node_tasks import NodeTasks
from tui.sandbox.batch.records import Job, JobState, Task
from tui.sandbox.batch.scheduler import Scheduler
from tui.sandbox.batch.state import BatchState
from tui.sandbox.batch.task_life import exit_options
from tui.sandbox.batch.times import TICKS_PER_SECOND, UNLIMITED_TICKS

ALL_TASKS_COMPLETED = "AllTasksCompleted"
_LONGEST_TIMER_S = 86_400.0
"""An event loop's timers are not made for years: a job's clock is looked at once a day at least."""


class JobLife:
    """The transitions of jobs, each visible at once and finished in the background."""

    def __init__(
        self,
        state: BatchState,
        attempts: Attempts,
        node_tasks: NodeTasks,
        scheduler: Scheduler,
        background: Background,
    ) -> None:
        self._state = state
        self._attempts = attempts
        self._node_tasks = node_tasks
        self._scheduler = scheduler
        self._background = background
        self._timers: dict[Job, asyncio.TimerHandle] = {}

    def resume(self, job: Job) -> None:
        """Take up a new or a stored job where it is."""
        if job.state is JobState.TERMINATING:
            self._spawn(self._finish(job), job)
        elif job.state is JobState.DELETING:
            self._spawn(self._reclaim(job), job)
        elif job.state is JobState.DISABLING:
            self._spawn(self._settle_disabled(job), job)
        elif job.state in (JobState.ACTIVE, JobState.DISABLED):
            self._arm(job)
            self.check_done(job)

    def spec_changed(self, job: Job) -> None:
        """Priority, constraints or what to do at the end were changed."""
        self._arm(job)
        self.check_done(job)
        self._scheduler.wake(job.spec.pool_id)

    def task_completed(self, job: Job, task: Task) -> None:
        """Do what the job says about this task's end and about the end of all."""
        if job.state is not JobState.ACTIVE:
            return
        if job.spec.acts_on_failure:
            action = exit_options(task).get("jobAction", "none" if task.succeeded else "terminate")
            if action == "terminate":
                self.terminate(job, "TaskFailed")
                return
            if action == "disable":
                self.disable(job, "requeue")
                return
        self.check_done(job)

    def check_done(self, job: Job) -> None:
        """Terminate a job that asked for it once none of its tasks is left to do."""
        if job.spec.terminates_when_done and job.state is JobState.ACTIVE and not job.tasks.unfinished:
            self.terminate(job, ALL_TASKS_COMPLETED)

    def terminate(self, job: Job, reason: str) -> None:
        if job.state is JobState.COMPLETED:
            raise ServiceError("JobCompleted")
        if job.state is JobState.TERMINATING:
            raise ServiceError("JobBeingTerminated")
        job.terminate_reason = reason
        self._state.move_job(job, JobState.TERMINATING)
        job.modified = job.state_time
        self._spawn(self._finish(job), job)

    def disable(self, job: Job, running_tasks: str) -> None:
        """`running_tasks` says what becomes of them: requeue, terminate or wait."""
        if job.state in (JobState.DISABLING, JobState.DISABLED):
            return
        if job.state is not JobState.ACTIVE:
            raise ServiceError("JobCompleted" if job.state is JobState.COMPLETED else "JobNotActive")
        self._state.move_job(job, JobState.DISABLING)
        job.modified = job.state_time
        if running_tasks != "wait":
            ending = Ending.REQUEUED if running_tasks == "requeue" else Ending.TERMINATED
            for attempt in list(job.attempts):
                self._attempts.end(attempt, ending)
        self._spawn(self._settle_disabled(job), job)

    def enable(self, job: Job) -> None:
        if job.state is JobState.ACTIVE:
            return
        if job.state not in (JobState.DISABLED, JobState.DISABLING):
            raise ServiceError("JobCompleted" if job.state is JobState.COMPLETED else "JobNotDisabled")
        self._state.move_job(job, JobState.ACTIVE)
        job.modified = job.state_time
        self.check_done(job)
        self._scheduler.wake(job.spec.pool_id)

    def delete(self, job: Job) -> None:
        was_over = job.state is JobState.COMPLETED
        self._state.move_job(job, JobState.DELETING)
        job.modified = job.state_time
        if was_over or not job.attempts:
            job.end_time = job.end_time or job.state_time
        self._spawn(self._reclaim(job), job)

    def _spawn(self, work: Coroutine[Any, Any, None], job: Job) -> None:
        self._background.spawn(work, f"ending of job {job.id}")

    async def _end_attempts(self, job: Job, ending: Ending) -> None:
        attempts = list(job.attempts)
        for attempt in attempts:
            self._attempts.end(attempt, ending)
        await self._node_tasks.end_preparations(job)
        await self._attempts.over(attempts)

    async def _finish(self, job: Job) -> None:
        self._disarm(job)
        await self._end_attempts(job, Ending.TERMINATED)
        await self._node_tasks.release(job)
        if job.state is JobState.TERMINATING:
            self._state.move_job(job, JobState.COMPLETED)
            job.end_time = job.state_time

    async def _settle_disabled(self, job: Job) -> None:
        await self._attempts.over(list(job.attempts))
        if job.state is JobState.DISABLING:
            self._state.move_job(job, JobState.DISABLED)

    async def _reclaim(self, job: Job) -> None:
        self._disarm(job)
        await self._end_attempts(job, Ending.DISOWNED)
        await self._node_tasks.release(job)
        pool = self._state.pools.get(job.spec.pool_id.lower())
        for node in list(pool.nodes.values()) if pool is not None else ():
            self._attempts.remove_job_files(job, node)
        self._state.remove_job(job)

    def _arm(self, job: Job) -> None:
        self._disarm(job)
        if job.spec.max_wall_clock >= UNLIMITED_TICKS:
            return
        left_s = (job.created + job.spec.max_wall_clock - self._state.clock.now()) / TICKS_PER_SECOND
        self._timers[job] = asyncio.get_running_loop().call_later(
            min(max(left_s, 0.0), _LONGEST_TIMER_S), self._check_wall_clock, job
        )

    def _disarm(self, job: Job) -> None:
        timer = self._timers.pop(job, None)
        if timer is not None:
            timer.cancel()

    def _check_wall_clock(self, job: Job) -> None:
        self._timers.pop(job, None)
        if job.state in (JobState.ACTIVE, JobState.DISABLED, JobState.DISABLING):
            if self._state.clock.now() >= job.created + job.spec.max_wall_clock:
                self.terminate(job, "MaxWallClockTimeExpiry")
            else:
                self._arm(job)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
