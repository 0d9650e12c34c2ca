"""Task operations."""

from __future__ import annotations

from collections.abc import Iterable

from tui.sandbox.batch.attempts import Ending
from tui.sandbox.batch.body import Body
from tui.sandbox.batch.errors import ServiceError, invalid_property
from tui.sandbox.batch.http import MAX_BODY_BYTES, Call, Reply, element
from tui.sandbox.batch.listing import list_of, list_reply, parse_list_filter, read_token
from tui.sandbox.batch.odata import Filter, lower_bound
from tui.sandbox.batch.records import Job, JobState, Task, TaskState, Wire, key_of
from tui.sandbox.batch.times import etag_of, format_time
from tui.sandbox.batch.wire_common import render, require_some
from tui.sandbox.batch.wire_task import (
    TASK_FIELDS,
    TASK_PROPERTIES,
    parse_task,
    replace_constraints,
    task_url,
)

_MAX_COLLECTION = 100


def _open_job(call: Call) -> Job:
    """The job, as long as it takes tasks."""
    job = call.service.state.changeable_job(call.path["job_id"])
    if job.state is JobState.COMPLETED:
        raise ServiceError("JobCompleted")
    if job.state is JobState.TERMINATING:
        raise ServiceError("JobBeingTerminated")
    return job


def _add(call: Call, job: Job, body: Body) -> Task:
    identifier, spec = parse_task(body, job.spec)
    if identifier in job.tasks:
        raise ServiceError("TaskExists")
    return call.service.task_life.add(job, identifier, spec)


def add_task(call: Call) -> Reply:
    job = _open_job(call)
    task = _add(call, job, call.body())
    call.service.scheduler.wake(job.spec.pool_id)
    return Reply(201, modified=task.modified, acts=True, location=task_url(task, call.base_url))


def add_task_collection(call: Call) -> Reply:
    job = _open_job(call)
    if len(call.content) > MAX_BODY_BYTES:
        raise ServiceError("RequestBodyTooLarge", [("MaxLimit", str(MAX_BODY_BYTES))])
    bodies = require_some(call.body().children("value"), "value")
    if len(bodies) > _MAX_COLLECTION:
        reason = f"A collection holds at most {_MAX_COLLECTION} tasks."
        raise invalid_property("value", len(bodies), reason)
    results = [_add_result(call, job, body) for body in bodies]
    call.service.scheduler.wake(job.spec.pool_id)
    return list_of(call, "taskaddresult", results)


def _add_result(call: Call, job: Job, body: Body) -> Wire:
    try:
        task = _add(call, job, body)
    except ServiceError as error:
        wire: Wire = {
            "code": error.code,
            "message": {"lang": "en-US", "value": error.message},
        }
        if error.values:
            wire["values"] = [{"key": key, "value": value} for key, value in error.values]
        return {"status": "clienterror", "taskId": str(body.raw("id") or ""), "error": wire}
    return {
        "status": "Success",
        "taskId": task.id,
        "eTag": etag_of(task.modified),
        "lastModified": format_time(task.modified),
        "location": task_url(task, call.base_url),
    }


def list_tasks(call: Call) -> Reply:
    job = call.service.state.job(call.path["job_id"])
    where = parse_list_filter(call, TASK_FIELDS)
    return list_reply(
        call,
        "tasks",
        _rows(job, where, read_token(call)),
        lambda task: task.id,
        properties=TASK_PROPERTIES,
        where=where,
    )


def _rows(job: Job, where: Filter[Task] | None, after: str | None) -> Iterable[Task]:
    """Candidates in order of their id: those of a delta where the filter asks for one and it is small, or all."""
    since = None if where is None else lower_bound(where.expression, "stateTransitionTime")
    if since is not None:
        changed = job.tasks.changed_since(since, at_most=len(job.tasks) // 4)
        if changed is not None:
            return changed if after is None else [task for task in changed if key_of(task.id) > key_of(after)]
    return job.tasks.in_order(after)


def get_task(call: Call) -> Reply:
    _, task = call.service.state.task(call.path["job_id"], call.path["task_id"])
    call.check_conditions(task.modified)
    wire = render(task, TASK_PROPERTIES, call.base_url, call.select())
    return element(call, "tasks/@Element", wire, task.modified)


def _changeable(call: Call) -> tuple[Job, Task]:
    call.service.state.changeable_job(call.path["job_id"])
    job, task = call.service.state.task(call.path["job_id"], call.path["task_id"])
    call.check_conditions(task.modified)
    return job, task


def put_task(call: Call) -> Reply:
    job, task = _changeable(call)
    if task.state is TaskState.COMPLETED:
        raise ServiceError("TaskCompleted")
    task.spec = replace_constraints(call.body(), task.spec, job.spec)
    task.modified = call.service.clock.tick()
    call.service.state.journal.save(task)
    return Reply(200, modified=task.modified, acts=True)


def terminate_task(call: Call) -> Reply:
    job, task = _changeable(call)
    if task.state is TaskState.COMPLETED:
        raise ServiceError("TaskCompleted")
    if task.attempt is not None:
        call.service.attempts.end(task.attempt, Ending.TERMINATED)
        task.modified = call.service.clock.tick()
        call.service.state.journal.save(task)
    else:
        call.service.task_life.end_waiting(job, task)
        task.modified = task.state_time
    return Reply(204, modified=task.modified, acts=True)


def reactivate_task(call: Call) -> Reply:
    job, task = _changeable(call)
    if job.state in (JobState.COMPLETED, JobState.TERMINATING):
        raise ServiceError("JobCompleted" if job.state is JobState.COMPLETED else "JobBeingTerminated")
    if task.state is not TaskState.COMPLETED:
        raise ServiceError("TaskNotCompleted")
    if task.succeeded:
        raise ServiceError("TaskSucceeded")
    call.service.task_life.reactivate(job, task)
    call.service.scheduler.wake(job.spec.pool_id)
    return Reply(204, modified=task.modified)


def delete_task(call: Call) -> Reply:
    job, task = _changeable(call)
    service = call.service
    if task.attempt is not None:
        service.attempts.end(task.attempt, Ending.DISOWNED)
    elif (node := service.state.find_node(task.pool_id, task.node_id)) is not None:
        service.attempts.remove_files(task, node)
    service.state.remove_task(job, task)
    service.job_life.check_done(job)
    return Reply(200)
