"""Reads one task of a run, with its job and its files, and acts on it."""

from __future__ import annotations

from tui.core.errors import Conflict, NotFound, ServiceError
from tui.core.plan import RunPlan
from tui.core.records import NodeFile
from tui.core.redaction import redact
from tui.core.task_reading import TaskAction, TaskReading
from tui.engine.run_tools import RunTools


def read_task(tools: RunTools, plan: RunPlan, task_id: str) -> TaskReading:
    """One reading; a job or task that is gone is part of it. Raises ServiceError where the service cannot tell."""
    batch = tools.batch
    try:
        job, detail = batch.get_job(plan.job_id), batch.get_task(plan.job_id, task_id)
    except NotFound:
        job, detail = None, None
    files: tuple[NodeFile, ...] = ()
    trouble = ""
    if detail is None:
        trouble = "the task is gone, and its files with it"
    elif not detail.row.node_id:
        trouble = "the task has not been on a node"
    else:
        try:
            files = batch.list_task_files(plan.job_id, task_id)
        except (NotFound, Conflict):
            trouble = "its node is gone, and its files with it; the logs may be in the output container"
        except ServiceError as problem:
            trouble = redact(str(problem))
    return TaskReading(tools.clock.now_s(), detail, job, files, trouble)


def act_on_task(tools: RunTools, plan: RunPlan, task_id: str, action: TaskAction) -> None:
    """Raises what the service says against it."""
    match action:
        case "terminate":
            tools.batch.terminate_task(plan.job_id, task_id)
        case "reactivate":
            tools.batch.reactivate_task(plan.job_id, task_id)
        case "delete":
            tools.batch.delete_task(plan.job_id, task_id)
