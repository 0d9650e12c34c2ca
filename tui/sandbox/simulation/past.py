"""Tasks that have ended before anybody looked: records as the service would have left them, spread over the past."""

from __future__ import annotations

from tui.sandbox.batch.node_tasks import failure_of
from tui.sandbox.batch.records import Job, Task, TaskSpec, TaskState
from tui.sandbox.batch.state import BatchState
from tui.sandbox.batch.times import TICKS_PER_SECOND
from tui.sandbox.simulation import outcomes
from tui.sandbox.simulation.recipe import Recipe

_LASTED_S = 2.0
"""How long such a task lasted on average, at most."""


class Past:
    """Adds ended tasks to a job that began in the past, the earliest first."""

    def __init__(self, state: BatchState, recipe: Recipe, job: Job, count: int) -> None:
        self._state = state
        self._recipe = recipe
        self._job = job
        self._nodes = list(state.pool(recipe.pool_id).nodes.values())
        self._step = (state.clock.now() - job.created) // (count + 1)
        """Ticks between two endings."""

    def add(self, number: int, identifier: str, spec: TaskSpec) -> None:
        """The task that ended as the `number`-th, counted from 0."""
        job, recipe = self._job, self._recipe
        first, outcome = (
            outcomes.outcome_of(
                recipe.seed, recipe.failures, job.id, identifier, is_first=is_first, may_retry=spec.max_retries != 0
            )
            for is_first in (True, False)
        )
        retries = int(first != outcome) if outcome.exit_code in (0, None) else spec.max_retries
        end = job.created + (number + 1) * self._step
        lasted_s = outcomes.duration_s(recipe.seed, job.id, identifier, _LASTED_S)
        start = max(end - round(lasted_s * TICKS_PER_SECOND), job.created)
        node = self._nodes[number % len(self._nodes)] if self._nodes else None
        if node is not None:
            node.tasks_run += 1 + retries
            node.tasks_succeeded += outcome.succeeded
        task = Task(
            job_id=job.id,
            id=identifier,
            order=job.tasks.take_order(),
            spec=spec,
            created=job.created,
            modified=job.created,
            state=TaskState.COMPLETED,
            state_time=end,
            previous_state=TaskState.RUNNING,
            previous_state_time=start,
            start_time=start,
            end_time=end,
            exit_code=outcome.exit_code,
            failure=failure_of(outcome),
            succeeded=outcome.succeeded,
            retry_count=retries,
            last_retry_time=start if retries else None,
            pool_id=recipe.pool_id,
            node_id=None if node is None else node.id,
            attempt_number=1 + retries,
        )
        self._state.add_task(job, task)
