"""Jobs on the wire: what a client may send, what it gets back, what it may filter on."""

from __future__ import annotations

from tui.sandbox.batch.body import Body, check_identifier, without_absent
from tui.sandbox.batch.errors import ServiceError, invalid_property, missing_property
from tui.sandbox.batch.odata import EQUALITY, ORDER, PREFIX, FilterField
from tui.sandbox.batch.records import Job, JobSpec, Wire
from tui.sandbox.batch.times import etag_of, format_time
from tui.sandbox.batch.wire_common import (
    NO_LIMIT,
    Properties,
    optional_time,
    parse_command_line,
    parse_constraints,
    parse_environment,
    parse_name_values,
    parse_resource_files,
    parse_user_identity,
    run_info_wire,
)

_ON_ALL_COMPLETE = ("noaction", "terminatejob")
_ON_FAILURE = ("noaction", "performexitoptionsjobaction")


def parse_job(body: Body) -> tuple[str, JobSpec]:
    """A job's id and spec from a JobAddParameter, completed with the service's defaults."""
    identifier = body.identifier()
    preparation, release = body.child("jobPreparationTask"), body.child("jobReleaseTask")
    if release is not None and preparation is None:
        raise ServiceError("JobPreparationTaskNotSpecified")
    if body.has("jobManagerTask"):
        raise invalid_property("jobManagerTask", "", "The sandbox does not run job manager tasks.")
    wire = {
        "displayName": body.text("displayName", 1024),
        "priority": body.integer("priority", 0, -1000, 1000),
        "maxParallelTasks": _max_parallel_tasks(body, -1),
        "usesTaskDependencies": body.flag("usesTaskDependencies", False),
        "allowTaskPreemption": body.flag("allowTaskPreemption", False),
        "constraints": _constraints(body.child("constraints")),
        "jobPreparationTask": None if preparation is None else _preparation(preparation),
        "jobReleaseTask": None if release is None else _release(release),
        "commonEnvironmentSettings": parse_environment(body, "commonEnvironmentSettings"),
        "networkConfiguration": body.raw("networkConfiguration"),
        "poolInfo": _pool_info(body),
        "metadata": parse_name_values(body, "metadata"),
        "onAllTasksComplete": body.choice("onAllTasksComplete", _ON_ALL_COMPLETE, "noaction"),
        "onTaskFailure": body.choice("onTaskFailure", _ON_FAILURE, "noaction"),
    }
    if preparation is not None and release is not None:
        _check_distinct(wire["jobPreparationTask"], wire["jobReleaseTask"])
    return identifier, JobSpec.from_wire(without_absent(wire))


def patch_job(body: Body, spec: JobSpec) -> JobSpec:
    """PATCH: what is named changes, the rest stays."""
    wire = dict(spec.wire)
    wire["priority"] = body.integer("priority", spec.priority, -1000, 1000)
    wire["maxParallelTasks"] = _max_parallel_tasks(body, spec.max_parallel_tasks)
    wire["allowTaskPreemption"] = body.flag("allowTaskPreemption", wire["allowTaskPreemption"])
    wire["onAllTasksComplete"] = body.choice("onAllTasksComplete", _ON_ALL_COMPLETE, wire["onAllTasksComplete"])
    if (constraints := body.child("constraints")) is not None:
        wire["constraints"] = _constraints(constraints)
    if body.has("metadata"):
        wire["metadata"] = parse_name_values(body, "metadata")
    if body.has("poolInfo"):
        wire["poolInfo"] = _pool_info(body)
    return JobSpec.from_wire(without_absent(wire))


def put_job(body: Body, spec: JobSpec) -> JobSpec:
    """PUT: what is not named returns to its default."""
    wire = dict(spec.wire)
    wire["priority"] = body.integer("priority", 0, -1000, 1000)
    wire["maxParallelTasks"] = _max_parallel_tasks(body, -1)
    wire["allowTaskPreemption"] = body.flag("allowTaskPreemption", False)
    wire["onAllTasksComplete"] = body.choice("onAllTasksComplete", _ON_ALL_COMPLETE, "noaction")
    wire["constraints"] = _constraints(body.child("constraints"))
    wire["metadata"] = parse_name_values(body, "metadata")
    wire["poolInfo"] = _pool_info(body)
    return JobSpec.from_wire(without_absent(wire))


def _max_parallel_tasks(body: Body, default: int) -> int:
    value = body.integer("maxParallelTasks", default, -1, (1 << 31) - 1)
    if value == 0:
        raise invalid_property("maxParallelTasks", value, "The value must be -1 or greater than 0.")
    return value


def _constraints(body: Body | None) -> Wire:
    given = body or Body({})
    return {
        "maxWallClockTime": given.duration("maxWallClockTime", NO_LIMIT),
        "maxTaskRetryCount": given.integer("maxTaskRetryCount", 0, -1, 1 << 30),
    }


def _pool_info(body: Body) -> Wire:
    info = body.child("poolInfo")
    if info is None:
        raise missing_property("poolInfo")
    if info.has("autoPoolSpecification"):
        raise invalid_property("autoPoolSpecification", "", "The sandbox has no auto pools.")
    pool_id = info.required_text("poolId")
    check_identifier("poolId", pool_id)
    return {"poolId": pool_id}


def _preparation(body: Body) -> Wire:
    return without_absent(
        {
            "id": body.identifier(default="jobpreparation"),
            "commandLine": parse_command_line(body),
            "containerSettings": body.raw("containerSettings"),
            "resourceFiles": parse_resource_files(body),
            "environmentSettings": parse_environment(body),
            "constraints": parse_constraints(body, 0),
            "userIdentity": parse_user_identity(body),
            "waitForSuccess": body.flag("waitForSuccess", True),
            "rerunOnNodeRebootAfterSuccess": body.flag("rerunOnNodeRebootAfterSuccess", True),
        }
    )


def _release(body: Body) -> Wire:
    return without_absent(
        {
            "id": body.identifier(default="jobrelease"),
            "commandLine": parse_command_line(body),
            "containerSettings": body.raw("containerSettings"),
            "resourceFiles": parse_resource_files(body),
            "environmentSettings": parse_environment(body),
            "maxWallClockTime": body.duration("maxWallClockTime", "PT15M"),
            "retentionTime": body.duration("retentionTime", "P7D"),
            "userIdentity": parse_user_identity(body),
        }
    )


def _check_distinct(preparation: Wire, release: Wire) -> None:
    if preparation["id"].lower() == release["id"].lower():
        raise invalid_property("id", release["id"], "Preparation and release task must have different ids.")


def _execution(job: Job, _: str) -> Wire:
    return without_absent(
        {
            "startTime": format_time(job.start_time),
            "endTime": optional_time(job.end_time),
            "poolId": job.spec.pool_id,
            "terminateReason": job.terminate_reason,
        }
    )


JOB_PROPERTIES: Properties[Job] = {
    "id": lambda job, _: job.id,
    "displayName": lambda job, _: job.spec.wire.get("displayName"),
    "url": lambda job, base_url: f"{base_url}/jobs/{job.id}",
    "eTag": lambda job, _: etag_of(job.modified),
    "lastModified": lambda job, _: format_time(job.modified),
    "creationTime": lambda job, _: format_time(job.created),
    "state": lambda job, _: job.state,
    "stateTransitionTime": lambda job, _: format_time(job.state_time),
    "previousState": lambda job, _: job.previous_state,
    "previousStateTransitionTime": lambda job, _: optional_time(job.previous_state_time),
    "priority": lambda job, _: job.spec.priority,
    "maxParallelTasks": lambda job, _: job.spec.max_parallel_tasks,
    "usesTaskDependencies": lambda job, _: job.spec.uses_task_dependencies,
    "allowTaskPreemption": lambda job, _: job.spec.wire["allowTaskPreemption"],
    "constraints": lambda job, _: job.spec.wire["constraints"],
    "jobPreparationTask": lambda job, _: job.spec.preparation,
    "jobReleaseTask": lambda job, _: job.spec.release,
    "commonEnvironmentSettings": lambda job, _: job.spec.wire.get("commonEnvironmentSettings"),
    "networkConfiguration": lambda job, _: job.spec.wire.get("networkConfiguration"),
    "poolInfo": lambda job, _: job.spec.wire["poolInfo"],
    "metadata": lambda job, _: job.spec.wire.get("metadata"),
    "executionInfo": _execution,
    "onAllTasksComplete": lambda job, _: job.spec.wire["onAllTasksComplete"],
    "onTaskFailure": lambda job, _: job.spec.wire["onTaskFailure"],
}

JOB_FIELDS: dict[str, FilterField[Job]] = {
    "id": FilterField("text", PREFIX, lambda job: job.id),
    "state": FilterField("text", EQUALITY, lambda job: job.state),
    "stateTransitionTime": FilterField("time", ORDER, lambda job: job.state_time),
    "creationTime": FilterField("time", ORDER, lambda job: job.created),
    "lastModified": FilterField("time", ORDER, lambda job: job.modified),
    "executionInfo/startTime": FilterField("time", ORDER, lambda job: job.start_time),
    "executionInfo/endTime": FilterField("time", ORDER, lambda job: job.end_time),
    "executionInfo/poolId": FilterField("text", PREFIX, lambda job: job.spec.pool_id),
}


def node_tasks_wire(job: Job, base_url: str) -> list[Wire]:
    """How the job's preparation and release tasks did, node by node."""
    preparation, release = job.spec.preparation, job.spec.release
    items = []
    for node_id, tasks in sorted(job.node_tasks.items()):
        node_url = f"{base_url}/pools/{tasks.pool_id}/nodes/{node_id}"
        wire: Wire = {"poolId": tasks.pool_id, "nodeId": node_id, "nodeUrl": node_url}
        for name, spec, info in (
            ("jobPreparationTaskExecutionInfo", preparation, tasks.preparation),
            ("jobReleaseTaskExecutionInfo", release, tasks.release),
        ):
            if spec is not None and info is not None:
                root = f"workitems/{job.id}/job-1/{spec['id']}"
                wire[name] = run_info_wire(
                    info,
                    {"taskRootDirectory": root, "taskRootDirectoryUrl": f"{node_url}/files/{root}"},
                )
        items.append(wire)
    return items
