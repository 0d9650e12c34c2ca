"""Adds the tasks, a hundred a request and several requests at once, and then lets the job end with the last of them.

A request whose outcome is unknown is sent again: the service answers for each task whether it is there, which settles
it. One that is too large is split. What a task is refused for is told by its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui.core.errors import Conflict, NotFound, RunFailed, ServiceFault, TooLarge
from tui.core.events import Step
from tui.core.plan import SAS_MARGIN_S, TASKS_PER_REQUEST
from tui.core.records import TaskAddResult
from tui.core.specs import TaskSpec
from tui.core.units import count_text
from tui.engine.context import RunContext
from tui.engine.parallel import in_parallel
from tui.engine.progress import Meter

SUBMIT_WORKERS = 16
"""Requests under way: a service that makes a hundred tasks durable takes its time for each request, not for many."""

_PASSING_CODES = frozenset({"ServerBusy", "OperationTimedOut", "InternalError", "ServiceUnavailable"})
"""Reasons the service gives for a single task that a repetition may overcome."""

_REFUSALS_TOLD = 5


@dataclass(frozen=True, slots=True)
class _Submitted:
    """What became of one chunk: how many tasks are there now, and what was refused."""

    there: int
    refused: tuple[TaskAddResult, ...] = ()


def run(context: RunContext) -> str:
    plan = context.plan
    job = context.retry("looking at the job", lambda: context.batch.get_job(plan.job_id))
    if job is None:
        raise RunFailed("The job is gone", f"{plan.job_id} was deleted", "start a new run")
    _renew_start_task(context)
    there = context.retry("looking for tasks", lambda: _ids_there(context))
    if job.is_over and len(there) < len(plan.inputs):
        raise RunFailed(
            "The job ended before all its tasks were added",
            f"{plan.job_id}: {job.terminate_reason or job.state}",
            "delete what this run made and start a new one",
        )
    meter = Meter(context.publish, context.clock, Step.TASKS, len(plan.inputs), unit="tasks")
    meter.add(len(there))
    refused: list[TaskAddResult] = []
    chunks = _missing_chunks(context, there)
    for outcome in in_parallel(
        chunks, lambda chunk: _submit(context, chunk), workers=SUBMIT_WORKERS, name="submit", stop=context.stop
    ):
        if outcome.error is not None:
            raise outcome.error
        if outcome.result is not None:
            meter.add(outcome.result.there)
            refused.extend(outcome.result.refused)
    if refused:
        raise _refusal(context, refused)
    context.retry("letting the job end by itself", lambda: _end_when_done(context))
    return count_text(len(plan.inputs), "task")


def _renew_start_task(context: RunContext) -> None:
    """Signs the start task of our own pool anew where its SAS would end before the tasks may.

    That is so in a run resumed long after it made the pool: nodes that come up late would be refused their files.
    """
    plan, record = context.plan, context.journal.record
    start_task = plan.set_up_task() if record.has_made("pool", plan.pool.id) else None
    if start_task is None or context.clock.now_s() - record.started_s < SAS_MARGIN_S / 2:
        return
    try:
        context.retry(
            "renewing the start task", lambda: context.batch.renew_start_task(plan.pool.id, start_task, context.sign)
        )
    except (Conflict, NotFound) as problem:  # the pool is on its way out: the watching tells what comes of it
        context.tell(f"the start task of pool {plan.pool.id} was not renewed: {problem}", is_warning=True)


def _ids_there(context: RunContext) -> set[str]:
    """Ids of the run's tasks that the job has; Interrupted between two pages where someone wants to stop."""
    plan = context.plan
    there: set[str] = set()
    for page in context.batch.list_tasks(plan.job_id):
        context.retry.check_stop("looking for tasks")
        there.update(row.id for row in page.rows if plan.input_of(row.id) is not None)
    return there


def _missing_chunks(context: RunContext, there: set[str]) -> Iterator[tuple[TaskSpec, ...]]:
    """What is still to be added, in full requests."""
    plan = context.plan
    if not there:
        yield from plan.chunks()
        return
    missing = [index for index in range(len(plan.inputs)) if plan.task_id(index) not in there]
    for start in range(0, len(missing), TASKS_PER_REQUEST):
        yield tuple(plan.task(index) for index in missing[start : start + TASKS_PER_REQUEST])


def _submit(context: RunContext, chunk: Sequence[TaskSpec]) -> _Submitted:
    """One request, or, where it is too large, two halves of it, each the same way."""
    try:
        return context.retry(f"adding {count_text(len(chunk), 'task')}", lambda: _add(context, chunk))
    except TooLarge as problem:
        if len(chunk) == 1:
            reason = "its command, names and environment are over the service's limit for one request"
            raise RunFailed("A task is too large", f"{chunk[0].id}: {reason}") from problem
    half = len(chunk) // 2
    first, second = _submit(context, chunk[:half]), _submit(context, chunk[half:])
    return _Submitted(first.there + second.there, first.refused + second.refused)


def _add(context: RunContext, chunk: Sequence[TaskSpec]) -> _Submitted:
    results = context.batch.add_tasks(context.plan.job_id, chunk, context.sign)
    refused = tuple(result for result in results if not (result.added or result.already_there))
    passing = [result for result in refused if result.error_code in _PASSING_CODES]
    if passing:
        raise ServiceFault("The service could not add every task", f"{passing[0].task_id}: {passing[0].error_code}")
    answered = {result.task_id for result in results}
    unanswered = [task.id for task in chunk if task.id not in answered]
    if unanswered:
        raise ServiceFault("The service did not answer for every task", unanswered[0])
    return _Submitted(len(results) - len(refused), refused)


def _refusal(context: RunContext, refused: Sequence[TaskAddResult]) -> RunFailed:
    for result in refused[:_REFUSALS_TOLD]:
        context.tell(f"{result.task_id} was refused: {result.error_code}: {result.error_message}", is_warning=True)
    return RunFailed(
        f"{count_text(len(refused), 'task')} refused",
        f"{refused[0].task_id}: {refused[0].error_code}: {refused[0].error_message}",
        "the others were added; the job does not end by itself: resume the run or delete the job",
    )


def _end_when_done(context: RunContext) -> None:
    try:
        context.batch.end_job_when_done(context.plan.job_id)
    except Conflict:
        job = context.batch.get_job(context.plan.job_id)
        if job is None or not job.is_over:
            raise
