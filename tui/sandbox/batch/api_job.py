"""Job operations."""

from __future__ import annotations

from tui.sandbox.batch.errors import ServiceError, missing_property
from tui.sandbox.batch.http import Call, Reply, element
from tui.sandbox.batch.listing import list_of, list_reply, parse_list_filter, sorted_rows
from tui.sandbox.batch.records import Job, JobSpec, JobState, key_of
from tui.sandbox.batch.task_book import TaskBook
from tui.sandbox.batch.wire_common import render
from tui.sandbox.batch.wire_job import (
    JOB_FIELDS,
    JOB_PROPERTIES,
    node_tasks_wire,
    parse_job,
    patch_job,
    put_job,
)
from tui.sandbox.batch.wire_task import counts_wire

_DISABLE_OPTIONS = ("requeue", "terminate", "wait")


def create_job(call: Call) -> Reply:
    service = call.service
    job_id, spec = parse_job(call.body())
    existing = service.state.jobs.get(key_of(job_id))
    if existing is not None:
        raise ServiceError("JobBeingDeleted" if existing.state is JobState.DELETING else "JobExists")
    now = service.clock.tick()
    job = Job(
        id=job_id,
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
    # The service names the first run of the job here, not the job.
    return Reply(201, modified=now, acts=True, location=f"{call.base_url}/jobs/job-1")


def list_jobs(call: Call) -> Reply:
    rows = sorted_rows(call, call.service.state.jobs.values(), lambda job: job.id)
    where = parse_list_filter(call, JOB_FIELDS)
    return list_reply(call, "jobs", rows, lambda job: job.id, properties=JOB_PROPERTIES, where=where)


def get_job(call: Call) -> Reply:
    job = call.service.state.job(call.path["job_id"])
    call.check_conditions(job.modified)
    wire = render(job, JOB_PROPERTIES, call.base_url, call.select())
    return element(call, "jobs/@Element", wire, job.modified)


def _changeable(call: Call) -> Job:
    job = call.service.state.changeable_job(call.path["job_id"])
    call.check_conditions(job.modified)
    return job


def _modified(call: Call, job: Job, status: int) -> Reply:
    job.modified = call.service.clock.tick()
    call.service.state.journal.save(job)
    return Reply(status, modified=job.modified, acts=True)


def _set_spec(call: Call, job: Job, spec: JobSpec) -> Reply:
    if job.state in (JobState.COMPLETED, JobState.TERMINATING):
        raise ServiceError("JobCompleted" if job.state is JobState.COMPLETED else "JobBeingTerminated")
    old_pool_id, job.spec = job.spec.pool_id, spec
    if key_of(old_pool_id) != key_of(spec.pool_id):
        if job.state is not JobState.DISABLED:
            job.spec = JobSpec.from_wire({**spec.wire, "poolInfo": {"poolId": old_pool_id}})
            raise ServiceError("JobNotDisabled")
        call.service.state.rebind_job(job, old_pool_id)
    reply = _modified(call, job, 200)
    call.service.job_life.spec_changed(job)
    return reply


def patch(call: Call) -> Reply:
    job = _changeable(call)
    return _set_spec(call, job, patch_job(call.body(), job.spec))


def put(call: Call) -> Reply:
    job = _changeable(call)
    return _set_spec(call, job, put_job(call.body(), job.spec))


def delete_job(call: Call) -> Reply:
    call.service.job_life.delete(_changeable(call))
    return Reply(202)


def terminate_job(call: Call) -> Reply:
    job = _changeable(call)
    call.service.job_life.terminate(job, call.body().text("terminateReason", 1024) or "UserTerminate")
    return Reply(202, modified=job.modified, acts=True)


def disable_job(call: Call) -> Reply:
    job, body = _changeable(call), call.body()
    if not body.has("disableTasks"):
        raise missing_property("disableTasks")
    call.service.job_life.disable(job, body.choice("disableTasks", _DISABLE_OPTIONS, "requeue"))
    return Reply(202, modified=job.modified, acts=True)


def enable_job(call: Call) -> Reply:
    job = _changeable(call)
    call.service.job_life.enable(job)
    return Reply(202, modified=job.modified, acts=True)


def get_task_counts(call: Call) -> Reply:
    job = call.service.state.job(call.path["job_id"])
    wire = {
        "taskCounts": counts_wire(job.tasks.counts),
        "taskSlotCounts": counts_wire(job.tasks.slot_counts),
    }
    return element(call, "taskcountsresult/@Element", wire)


def list_preparation_and_release(call: Call) -> Reply:
    job = call.service.state.job(call.path["job_id"])
    if job.spec.preparation is None and job.spec.release is None:
        raise ServiceError("JobPreparationTaskOrReleaseTaskNotSpecified")
    select = call.select()
    items = node_tasks_wire(job, call.base_url)
    if select is not None:
        items = [{name: value for name, value in item.items() if name in select} for item in items]
    return list_of(call, "jobpreparationandreleasetaskstatuslist", items)
