"""An ended run shown again: its journal replayed as events, its tasks and pool as the service has them now.

Changes nothing. Where the service cannot be asked, or the job is gone, the tasks are those that were journaled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tui.core.errors import NotFound, ServiceError
from tui.core.events import (
    Notice,
    PoolChanged,
    RunEnded,
    RunStarted,
    RunSummary,
    Step,
    StepChanged,
    StepState,
    TasksChanged,
)
from tui.core.ports import Publish, StopSignal
from tui.core.records import TaskRow, TaskState
from tui.core.redaction import redact
from tui.engine.listing import ListingLeft, told
from tui.engine.run_record import Ending, RunRecord
from tui.engine.run_tools import RunTools
from tui.engine.summaries import interrupted


def revisit(tools: RunTools, record: RunRecord, stop: StopSignal, publish: Publish) -> RunSummary:
    """Publishes everything known of the run; gives its summary, with what of it is left now."""
    plan, clock = record.plan, tools.clock
    publish(RunStarted(plan.run_id, record.started_s, is_resumed=True))
    for step in Step:
        # Of an ended run, what its journal does not mention was skipped.
        state = record.steps.get(step, StepState.WAITING if record.outcome is None else StepState.SKIPPED)
        if state is not StepState.WAITING:
            publish(StepChanged(step, state, record.last_s, record.step_summaries.get(step, "")))
    summary = record.summary or interrupted(record, record.last_s)
    try:
        pool = tools.batch.get_pool(plan.pool.id)
        nodes = tools.batch.list_nodes(plan.pool.id) if pool is not None else ()
        publish(PoolChanged(pool, nodes, clock.now_s()))
        rows = _read_rows(tools, plan.job_id, stop, publish)
    except ServiceError as problem:
        publish(Notice(redact(f"as journaled: {problem}"), is_warning=True))
        rows = None
    if rows is None:
        rows = tuple(_journaled_rows(record))
    if rows:
        publish(TasksChanged(rows, True, clock.now_s(), clock.now_s()))
    summary = replace(summary, leftovers=record.leftovers)
    publish(RunEnded(summary))
    return summary


def _read_rows(tools: RunTools, job_id: str, stop: StopSignal, publish: Publish) -> tuple[TaskRow, ...] | None:
    """None where there is no job any more; none at all where nobody waits for them."""
    pages = told(tools.batch.list_tasks(job_id), tools.clock, publish, stop, is_first=True)
    try:
        return tuple(row for page in pages for row in page.rows)
    except NotFound:
        return None
    except ListingLeft:
        return ()


def _journaled_rows(record: RunRecord) -> Iterator[TaskRow]:
    """What came of each task; when and where is not journaled."""
    outcome, plan = record.outcome, record.plan
    if outcome is None or outcome.ending is not Ending.ALL_DONE:
        return
    failed = set(outcome.failed)
    for index in range(len(plan.inputs)):
        task_id = plan.task_id(index)
        yield TaskRow(task_id, TaskState.COMPLETED, "", succeeded=task_id not in failed)
