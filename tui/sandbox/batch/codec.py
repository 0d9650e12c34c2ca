"""Records as rows: one JSON text each, read back to an equal record. Names of fields are the format."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from tui.sandbox.batch.records import (
    RECENT_TASKS,
    AllocationState,
    Job,
    JobSpec,
    JobState,
    Node,
    NodeJobTasks,
    NodeState,
    Pool,
    PoolSpec,
    PoolState,
    ResizeError,
    RunInfo,
    Task,
    TaskSpec,
    TaskState,
    Wire,
)
from tui.sandbox.batch.task_book import TaskBook
from tui.sandbox.nodes.records import Failure

to_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _failure(failure: Failure | None) -> list[Any] | None:
    return None if failure is None else [failure.category, failure.code, failure.message, failure.details]


def _to_failure(row: Sequence[Any] | None) -> Failure | None:
    if row is None:
        return None
    category, code, message, details = row
    return Failure(category, code, message, tuple((name, value) for name, value in details))


def _run_info(info: RunInfo | None) -> list[Any] | None:
    if info is None:
        return None
    return [
        info.start_time,
        info.end_time,
        info.exit_code,
        _failure(info.failure),
        info.retry_count,
        info.last_retry_time,
    ]


def _to_run_info(row: Sequence[Any] | None) -> RunInfo | None:
    if row is None:
        return None
    start, end, exit_code, failure, retries, last_retry = row
    return RunInfo(start, end, exit_code, _to_failure(failure), retries, last_retry)


def task_text(task: Task) -> str:
    """What changes in a task's life; its spec is written once, beside it."""
    return to_text(
        [
            task.created,
            task.modified,
            task.state,
            task.state_time,
            task.previous_state,
            task.previous_state_time,
            task.start_time,
            task.end_time,
            task.exit_code,
            _failure(task.failure),
            task.succeeded,
            task.retry_count,
            task.last_retry_time,
            task.requeue_count,
            task.last_requeue_time,
            task.pool_id,
            task.node_id,
            task.attempt_number,
        ]
    )


def task_spec_from(text: str) -> TaskSpec:
    return TaskSpec.from_wire(json.loads(text))


def task_from(job_id: str, task_id: str, order: int, spec: TaskSpec, text: str) -> Task:
    row = json.loads(text)
    return Task(
        job_id=job_id,
        id=task_id,
        order=order,
        spec=spec,
        created=row[0],
        modified=row[1],
        state=TaskState(row[2]),
        state_time=row[3],
        previous_state=None if row[4] is None else TaskState(row[4]),
        previous_state_time=row[5],
        start_time=row[6],
        end_time=row[7],
        exit_code=row[8],
        failure=_to_failure(row[9]),
        succeeded=row[10],
        retry_count=row[11],
        last_retry_time=row[12],
        requeue_count=row[13],
        last_requeue_time=row[14],
        pool_id=row[15],
        node_id=row[16],
        attempt_number=row[17],
    )


def job_text(job: Job) -> str:
    return to_text(
        {
            "id": job.id,
            "spec": job.spec.wire,
            "created": job.created,
            "modified": job.modified,
            "state": job.state,
            "state_time": job.state_time,
            "previous_state": job.previous_state,
            "previous_state_time": job.previous_state_time,
            "start_time": job.start_time,
            "end_time": job.end_time,
            "terminate_reason": job.terminate_reason,
            "node_tasks": {
                node_id: [tasks.pool_id, _run_info(tasks.preparation), _run_info(tasks.release)]
                for node_id, tasks in job.node_tasks.items()
            },
        }
    )


def job_from(text: str) -> Job:
    row = json.loads(text)
    previous = row["previous_state"]
    return Job(
        id=row["id"],
        spec=JobSpec.from_wire(row["spec"]),
        created=row["created"],
        modified=row["modified"],
        state=JobState(row["state"]),
        state_time=row["state_time"],
        tasks=TaskBook(),
        start_time=row["start_time"],
        previous_state=None if previous is None else JobState(previous),
        previous_state_time=row["previous_state_time"],
        end_time=row["end_time"],
        terminate_reason=row["terminate_reason"],
        node_tasks={
            node_id: NodeJobTasks(pool_id, _to_run_info(preparation), _to_run_info(release))
            for node_id, (pool_id, preparation, release) in row["node_tasks"].items()
        },
    )


def pool_text(pool: Pool) -> str:
    return to_text(
        {
            "id": pool.id,
            "spec": pool.spec.wire,
            "created": pool.created,
            "modified": pool.modified,
            "state": pool.state,
            "state_time": pool.state_time,
            "allocation_state": pool.allocation_state,
            "allocation_state_time": pool.allocation_state_time,
            "resize_timeout": pool.resize_timeout,
            "target_dedicated": pool.target_dedicated,
            "target_low_priority": pool.target_low_priority,
            "resize_errors": [[error.code, error.message] for error in pool.resize_errors],
            "nodes_made": pool.nodes_made,
        }
    )


def pool_from(text: str) -> Pool:
    row = json.loads(text)
    return Pool(
        **row
        | {
            "spec": PoolSpec.from_wire(row["spec"]),
            "state": PoolState(row["state"]),
            "allocation_state": AllocationState(row["allocation_state"]),
            "resize_errors": tuple(ResizeError(code, message) for code, message in row["resize_errors"]),
        }
    )


def node_text(node: Node) -> str:
    return to_text(
        {
            "pool_id": node.pool_id,
            "id": node.id,
            "is_dedicated": node.is_dedicated,
            "number": node.number,
            "state": node.state,
            "state_time": node.state_time,
            "allocation_time": node.allocation_time,
            "boot_time": node.boot_time,
            "scheduling_enabled": node.scheduling_enabled,
            "tasks_run": node.tasks_run,
            "tasks_succeeded": node.tasks_succeeded,
            "start_task": node.start_task,
            "start_task_info": _run_info(node.start_task_info),
            "recent_tasks": [[task.job_id, task.id] for task in node.recent_tasks],
            "error": _failure(node.error),
        }
    )


def node_from(text: str, find_task: Mapping[tuple[str, str], Task]) -> Node:
    row: Wire = json.loads(text)
    recent = (find_task.get((job_id, task_id)) for job_id, task_id in row["recent_tasks"])
    return Node(
        **row
        | {
            "state": NodeState(row["state"]),
            "start_task_info": _to_run_info(row["start_task_info"]),
            "recent_tasks": deque((task for task in recent if task is not None), maxlen=RECENT_TASKS),
            "error": _to_failure(row["error"]),
        }
    )
