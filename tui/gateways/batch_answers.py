"""The service's JSON as records; the only place that knows how Batch spells its properties in answers.

Absent and null properties are the same to the service, and here. Times become Unix seconds, but a task's state
transition time stays verbatim: it goes back into the filter of the next poll.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from tui.core.records import (
    FailureInfo,
    ImageInfo,
    ImageReference,
    JobRecord,
    NodeFile,
    NodePreparation,
    NodeRecord,
    PoolRecord,
    ResizeError,
    TaskAddResult,
    TaskCounts,
    TaskDetail,
    TaskRow,
    TaskState,
)
from tui.core.terminal_text import neutralise
from tui.core.units import parse_iso_duration, parse_timestamp
from tui.gateways.errors import plain_message

Json = Mapping[str, Any]


def task_row(item: Json) -> TaskRow:
    execution: Json = item.get("executionInfo") or {}
    result = execution.get("result")
    return TaskRow(
        id=item["id"],
        state=TaskState(item["state"]),
        state_transition_time=item["stateTransitionTime"],
        exit_code=execution.get("exitCode"),
        failure=_failure(execution.get("failureInfo")),
        succeeded=None if result is None else result.lower() == "success",
        node_id=(item.get("nodeInfo") or {}).get("nodeId") or "",
        start_time_s=_time(execution.get("startTime")),
        end_time_s=_time(execution.get("endTime")),
        retry_count=execution.get("retryCount") or 0,
        requeue_count=execution.get("requeueCount") or 0,
    )


def task_detail(item: Json) -> TaskDetail:
    constraints: Json = item.get("constraints") or {}
    depends_on: Json = item.get("dependsOn") or {}
    return TaskDetail(
        row=task_row(item),
        command_line=item.get("commandLine", ""),
        creation_time_s=parse_timestamp(item["creationTime"]),
        previous_state=item.get("previousState", ""),
        environment=tuple(
            (setting["name"], setting.get("value") or "") for setting in item.get("environmentSettings") or ()
        ),
        resource_file_paths=tuple(file.get("filePath", "") for file in item.get("resourceFiles") or ()),
        required_slots=item.get("requiredSlots", 1),
        depends_on=tuple(depends_on.get("taskIds") or ()),
        depends_on_ranges=tuple(
            (int(part["start"]), int(part["end"])) for part in depends_on.get("taskIdRanges") or ()
        ),
        max_retry_count=int(constraints.get("maxTaskRetryCount", 0)),
        max_wall_clock_s=_duration(constraints.get("maxWallClockTime")),
        retention_s=_duration(constraints.get("retentionTime")),
    )


def task_counts(item: Json) -> TaskCounts:
    """The service's `running` includes tasks that are being prepared; its slot counts are not used."""
    counts: Json = item.get("taskCounts") or item
    return TaskCounts(
        active=counts.get("active", 0),
        running=counts.get("running", 0),
        succeeded=counts.get("succeeded", 0),
        failed=counts.get("failed", 0),
    )


def task_add_result(item: Json) -> TaskAddResult:
    """The service capitalises `status` as it likes, so an error counts wherever there is one."""
    error: Json = item.get("error") or {}
    status = str(item.get("status", "")).lower()
    if not error and status == "success":
        return TaskAddResult(item["taskId"])
    return TaskAddResult(item["taskId"], error.get("code") or status or "Unknown", _message(error))


def pool(item: Json) -> PoolRecord:
    image: Json = (item.get("virtualMachineConfiguration") or {}).get("imageReference") or {}
    return PoolRecord(
        id=item["id"],
        state=item.get("state", ""),
        allocation_state=item.get("allocationState", ""),
        vm_size=item.get("vmSize", ""),
        target_dedicated=int(item.get("targetDedicatedNodes") or 0),
        target_spot=int(item.get("targetLowPriorityNodes") or 0),
        current_dedicated=int(item.get("currentDedicatedNodes") or 0),
        current_spot=int(item.get("currentLowPriorityNodes") or 0),
        slots_per_node=int(item.get("taskSlotsPerNode") or 1),
        creation_time_s=parse_timestamp(item["creationTime"]),
        resize_errors=tuple(_resize_error(error) for error in item.get("resizeErrors") or ()),
        metadata=_metadata(item),
        image=" ".join(str(image[part]) for part in ("publisher", "offer", "sku", "version") if image.get(part)),
        has_start_task=bool(item.get("startTask")),
    )


def node(item: Json) -> NodeRecord:
    start_task: Json = item.get("startTaskInfo") or {}
    return NodeRecord(
        id=item["id"],
        state=item.get("state", ""),
        is_dedicated=bool(item.get("isDedicated", True)),
        running_tasks=item.get("runningTasksCount", 0),
        running_slots=item.get("runningTaskSlotsCount", 0),
        state_transition_time_s=_time(item.get("stateTransitionTime")) or 0.0,
        total_tasks_run=item.get("totalTasksRun", 0),
        start_task_exit_code=start_task.get("exitCode"),
        start_task_failure=_failure(start_task.get("failureInfo")),
    )


def preparation(item: Json) -> NodePreparation:
    """The service counts its retries into `running`."""
    execution: Json = item.get("jobPreparationTaskExecutionInfo") or {}
    return NodePreparation(
        node_id=item.get("nodeId", ""),
        is_over=str(execution.get("state", "")).lower() == "completed",
        exit_code=execution.get("exitCode"),
        failure=_failure(execution.get("failureInfo")),
    )


def job(item: Json) -> JobRecord:
    execution: Json = item.get("executionInfo") or {}
    constraints: Json = item.get("constraints") or {}
    preparation: Json = item.get("jobPreparationTask") or {}
    return JobRecord(
        id=item["id"],
        state=item.get("state", ""),
        pool_id=execution.get("poolId") or (item.get("poolInfo") or {}).get("poolId", ""),
        priority=int(item.get("priority") or 0),
        creation_time_s=parse_timestamp(item["creationTime"]),
        terminate_reason=neutralise(execution.get("terminateReason") or ""),
        end_time_s=_time(execution.get("endTime")),
        max_wall_clock_s=_duration(constraints.get("maxWallClockTime")),
        terminates_when_done=str(item.get("onAllTasksComplete", "")).lower() == "terminatejob",
        metadata=_metadata(item),
        needs_preparation=bool(preparation) and preparation.get("waitForSuccess", True),
    )


def image(item: Json) -> ImageInfo:
    reference: Json = item["imageReference"]
    return ImageInfo(
        reference=ImageReference(
            reference["publisher"], reference["offer"], reference["sku"], reference.get("version") or "latest"
        ),
        node_agent_sku_id=item["nodeAgentSKUId"],
        is_verified=str(item.get("verificationType", "")).lower() == "verified",
        os_type=str(item.get("osType", "")).lower(),
        capabilities=tuple(item.get("capabilities") or ()),
        end_of_life_s=_time(item.get("batchSupportEndOfLife")),
    )


def node_file(item: Json) -> NodeFile:
    properties: Json = item.get("properties") or {}
    return NodeFile(
        name=item["name"],
        is_directory=bool(item.get("isDirectory")),
        size_bytes=int(properties.get("contentLength") or 0),
        last_modified_s=_any_time(properties.get("lastModified")),
    )


def found_file(name: str, headers: Mapping[str, str]) -> NodeFile:
    """A file as the headers of an answer about it tell; these have no other version of it than its time."""
    return NodeFile(
        name=name,
        is_directory=False,
        size_bytes=int(headers["Content-Length"]),
        last_modified_s=_any_time(headers.get("Last-Modified")),
    )


def _failure(item: Json | None) -> FailureInfo | None:
    if not item:
        return None
    return FailureInfo(
        category=neutralise(item.get("category") or ""),
        code=neutralise(item.get("code") or ""),
        message=plain_message(item.get("message") or ""),
        details=_pairs(item.get("details") or ()),
    )


def _pairs(items: Sequence[Json]) -> tuple[tuple[str, str], ...]:
    return tuple((neutralise(item.get("name") or ""), plain_message(item.get("value") or "")) for item in items)


def _resize_error(item: Json) -> ResizeError:
    """Message and values in one text: the values say which quota or size it was."""
    values = "; ".join(f"{name}: {value}" for name, value in _pairs(item.get("values") or ()))
    message = plain_message(item.get("message") or "")
    return ResizeError(neutralise(item.get("code") or ""), f"{message} ({values})" if values else message)


def _message(error: Json) -> str:
    message = error.get("message")
    text = message.get("value", "") if isinstance(message, Mapping) else message or ""
    values = "; ".join(f"{value.get('key', '')}: {value.get('value', '')}" for value in error.get("values") or ())
    return f"{plain_message(text)} ({plain_message(values)})" if values else plain_message(text)


def _metadata(item: Json) -> dict[str, str]:
    return {entry["name"]: entry.get("value") or "" for entry in item.get("metadata") or ()}


def _time(text: str | None) -> float | None:
    return parse_timestamp(text) if text else None


def _any_time(text: str | None) -> float | None:
    """File times are ISO 8601 on the wire of today and RFC 1123 on that of older services."""
    if not text:
        return None
    return parse_timestamp(text) if text[0].isdigit() else parsedate_to_datetime(text).timestamp()


def _duration(text: str | None) -> float | None:
    return parse_iso_duration(text) if text else None
