"""Tasks on the wire: what a client may send, what it gets back, what it may filter on."""

from __future__ import annotations

from tui.sandbox.batch.body import Body, without_absent
from tui.sandbox.batch.errors import ServiceError, invalid_property, missing_property
from tui.sandbox.batch.odata import EQUALITY, ORDER, PREFIX, FilterField
from tui.sandbox.batch.records import JobSpec, Task, TaskSpec, TaskState, Wire
from tui.sandbox.batch.task_book import TaskCounts
from tui.sandbox.batch.times import etag_of, format_time
from tui.sandbox.batch.wire_common import (
    Properties,
    failure_wire,
    optional_time,
    parse_command_line,
    parse_constraints,
    parse_environment,
    parse_output_files,
    parse_resource_files,
    parse_user_identity,
    refuse_packages,
    result_text,
)

_MAX_DEPENDENCY_CHARACTERS = 64_000
_MAX_SLOTS = 256


def parse_task(body: Body, job: JobSpec) -> tuple[str, TaskSpec]:
    """A task's id and spec from a TaskAddParameter, completed with the service's defaults."""
    identifier = body.identifier()
    wire = {
        "displayName": body.text("displayName", 1024),
        "commandLine": parse_command_line(body),
        "containerSettings": body.raw("containerSettings"),
        "resourceFiles": parse_resource_files(body),
        "outputFiles": parse_output_files(body),
        "environmentSettings": parse_environment(body),
        "affinityInfo": body.raw("affinityInfo"),
        "userIdentity": parse_user_identity(body),
        "multiInstanceSettings": body.raw("multiInstanceSettings"),
        "dependsOn": _dependencies(body, job),
        "exitConditions": _exit_conditions(body, job),
        "constraints": parse_constraints(body, job.max_retries),
        "requiredSlots": body.integer("requiredSlots", 1, 1, _MAX_SLOTS),
    }
    refuse_packages(body)
    return identifier, TaskSpec.from_wire(without_absent(wire))


def replace_constraints(body: Body, task: TaskSpec, job: JobSpec) -> TaskSpec:
    return TaskSpec.from_wire({**task.wire, "constraints": parse_constraints(body, job.max_retries)})


def _dependencies(body: Body, job: JobSpec) -> Wire | None:
    given = body.child("dependsOn")
    if given is None:
        return None
    if not job.uses_task_dependencies:
        raise ServiceError("TaskDependenciesNotSpecifiedOnJob")
    identifiers, ranges = given.texts("taskIds"), given.children("taskIdRanges")
    if sum(map(len, identifiers or ())) > _MAX_DEPENDENCY_CHARACTERS:
        raise ServiceError("TaskDependencyListTooLong")
    parsed = []
    for item in ranges or ():
        for name in ("start", "end"):
            if not item.has(name):
                raise missing_property(name)
        start = item.integer("start", 0, 0, (1 << 31) - 1)
        parsed.append({"start": start, "end": item.integer("end", 0, start, (1 << 31) - 1)})
    wire = without_absent({"taskIds": identifiers or None, "taskIdRanges": parsed or None})
    return wire or None


def _exit_conditions(body: Body, job: JobSpec) -> Wire | None:
    given = body.child("exitConditions")
    if given is None:
        return None
    codes = [
        {"code": item.integer("code", 0, -(1 << 31), (1 << 31) - 1), "exitOptions": _exit_options(item, job)}
        for item in given.children("exitCodes") or ()
    ]
    ranges = []
    for item in given.children("exitCodeRanges") or ():
        start = item.integer("start", 0, -(1 << 31), (1 << 31) - 1)
        end = item.integer("end", 0, start, (1 << 31) - 1)
        ranges.append({"start": start, "end": end, "exitOptions": _exit_options(item, job)})
    wire: Wire = {"exitCodes": codes or None, "exitCodeRanges": ranges or None}
    for name in ("preProcessingError", "fileUploadError", "default"):
        options = given.child(name)
        wire[name] = None if options is None else _parse_options(options, job)
    return without_absent(wire)


def _exit_options(item: Body, job: JobSpec) -> Wire:
    options = item.child("exitOptions")
    if options is None:
        raise missing_property("exitOptions")
    return _parse_options(options, job)


def _parse_options(options: Body, job: JobSpec) -> Wire:
    if options.has("jobAction") and not job.acts_on_failure:
        reason = "jobAction needs a job whose onTaskFailure is performexitoptionsjobaction."
        raise invalid_property("jobAction", options.text("jobAction"), reason)
    if options.has("dependencyAction") and not job.uses_task_dependencies:
        reason = "dependencyAction needs a job whose usesTaskDependencies is true."
        raise invalid_property("dependencyAction", options.text("dependencyAction"), reason)
    wire: Wire = {}
    if options.has("jobAction"):
        wire["jobAction"] = options.choice("jobAction", ("none", "disable", "terminate"), "none")
    if options.has("dependencyAction"):
        wire["dependencyAction"] = options.choice("dependencyAction", ("satisfy", "block"), "block")
    return wire


def task_url(task: Task, base_url: str) -> str:
    return f"{base_url}/jobs/{task.job_id}/tasks/{task.id}"


def task_root(task: Task) -> str:
    """The task's directory below its node's root."""
    return f"workitems/{task.job_id}/job-1/{task.id}"


def execution_wire(task: Task) -> Wire:
    return without_absent(
        {
            "startTime": optional_time(task.start_time),
            "endTime": optional_time(task.end_time),
            "exitCode": task.exit_code,
            "failureInfo": failure_wire(task.failure),
            "result": result_text(task.succeeded),
            "retryCount": task.retry_count,
            "lastRetryTime": optional_time(task.last_retry_time),
            "requeueCount": task.requeue_count,
            "lastRequeueTime": optional_time(task.last_requeue_time),
        }
    )


def _node_info(task: Task, base_url: str) -> Wire | None:
    if task.state is TaskState.ACTIVE:
        return None
    if task.node_id is None:
        return {}
    node_url = f"{base_url}/pools/{task.pool_id}/nodes/{task.node_id}"
    root = task_root(task)
    return {
        "affinityId": f"TVM:{task.node_id}",
        "nodeUrl": node_url,
        "poolId": task.pool_id,
        "nodeId": task.node_id,
        "taskRootDirectory": root,
        "taskRootDirectoryUrl": f"{node_url}/files/{root}",
    }


TASK_PROPERTIES: Properties[Task] = {
    "id": lambda task, _: task.id,
    "displayName": lambda task, _: task.spec.wire.get("displayName"),
    "url": task_url,
    "eTag": lambda task, _: etag_of(task.modified),
    "creationTime": lambda task, _: format_time(task.created),
    "lastModified": lambda task, _: format_time(task.modified),
    "state": lambda task, _: task.state,
    "stateTransitionTime": lambda task, _: format_time(task.state_time),
    "previousState": lambda task, _: task.previous_state,
    "previousStateTransitionTime": lambda task, _: optional_time(task.previous_state_time),
    "commandLine": lambda task, _: task.spec.wire["commandLine"],
    "containerSettings": lambda task, _: task.spec.wire.get("containerSettings"),
    "resourceFiles": lambda task, _: task.spec.wire.get("resourceFiles"),
    "outputFiles": lambda task, _: task.spec.wire.get("outputFiles"),
    "environmentSettings": lambda task, _: task.spec.wire.get("environmentSettings"),
    "affinityInfo": lambda task, _: task.spec.wire.get("affinityInfo"),
    "userIdentity": lambda task, _: task.spec.wire["userIdentity"],
    "multiInstanceSettings": lambda task, _: task.spec.wire.get("multiInstanceSettings"),
    "dependsOn": lambda task, _: task.spec.wire.get("dependsOn"),
    "exitConditions": lambda task, _: task.spec.wire.get("exitConditions"),
    "constraints": lambda task, _: task.spec.wire["constraints"],
    "requiredSlots": lambda task, _: task.spec.required_slots,
    "executionInfo": lambda task, _: execution_wire(task),
    "nodeInfo": _node_info,
}

TASK_FIELDS: dict[str, FilterField[Task]] = {
    "id": FilterField("text", PREFIX, lambda task: task.id),
    "state": FilterField("text", EQUALITY, lambda task: task.state),
    "stateTransitionTime": FilterField("time", ORDER, lambda task: task.state_time),
    "creationTime": FilterField("time", ORDER, lambda task: task.created),
    "lastModified": FilterField("time", ORDER, lambda task: task.modified),
    "lastModifiedTime": FilterField("time", ORDER, lambda task: task.modified),
    "executionInfo/startTime": FilterField("time", ORDER, lambda task: task.start_time),
    "executionInfo/endTime": FilterField("time", ORDER, lambda task: task.end_time),
    "executionInfo/exitCode": FilterField("number", ORDER, lambda task: task.exit_code),
    "executionInfo/result": FilterField("text", EQUALITY, lambda task: result_text(task.succeeded)),
}


def counts_wire(tasks: TaskCounts) -> Wire:
    return {
        "active": tasks.active,
        "running": tasks.running,
        "completed": tasks.completed,
        "succeeded": tasks.succeeded,
        "failed": tasks.failed,
    }
