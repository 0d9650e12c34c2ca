"""Events as JSON objects, one a line: the stable interface of `--json`.

Every object has `event`, `at` (UTC, ISO 8601) and `run`; the last one of a run is its `summary`, or an `error`, whose
`run` is null where it came before the run had a name.
Names and meanings stay; further keys may be added.
"""

from __future__ import annotations

from tui.console.safe_text import Json
from tui.core import units
from tui.core.events import (
    CountsChanged,
    FailedTask,
    Leftover,
    Notice,
    PollReport,
    PoolChanged,
    Progress,
    RunEnded,
    RunEvent,
    RunStarted,
    RunSummary,
    StepChanged,
    TasksArriving,
    TasksChanged,
)
from tui.core.plan import RunPlan
from tui.core.records import FailureInfo, NodeRecord, PoolRecord, TaskCounts, TaskRow


def event_json(event: RunEvent, plan: RunPlan, now_s: float) -> dict[str, Json]:
    """`now_s` stamps the events that carry no time of their own."""
    name, body = _name_and_body(event, plan)
    at_s = body.pop("at_s", None)
    stamp = units.timestamp(at_s if isinstance(at_s, float) else now_s)
    return {"event": name, "at": stamp, "run": plan.run_id, **body}


def _name_and_body(event: RunEvent, plan: RunPlan) -> tuple[str, dict[str, Json]]:
    match event:
        case RunStarted():
            return "started", {"at_s": event.at_s, "is_resumed": event.is_resumed}
        case StepChanged():
            return "step", {
                "at_s": event.at_s,
                "step": event.step.value,
                "state": event.state.value,
                "summary": event.summary,
            }
        case Progress():
            return "progress", {
                "step": event.step.value,
                "done": event.done,
                "total": event.total,
                "unit": event.unit,
                "done_bytes": event.done_bytes,
                "total_bytes": event.total_bytes,
                "note": event.note,
            }
        case PoolChanged():
            pool = None if event.pool is None else _pool(event.pool)
            return "pool", {"at_s": event.at_s, "pool": pool, "nodes": [_node(node) for node in event.nodes]}
        case TasksChanged():
            tasks = [_task(row, plan) for row in event.rows]
            return "tasks", {"at_s": event.at_s, "is_full": event.is_full, "tasks": tasks}
        case TasksArriving():
            return "listing", {"at_s": event.at_s, "listed": event.listed}
        case CountsChanged():
            return "counts", {"at_s": event.at_s, **_counts(event.counts)}
        case PollReport():
            return "poll", {
                "at_s": event.at_s,
                "succeeded": event.succeeded,
                "requests_per_minute": round(event.requests_per_minute, 1),
                "next_in_s": event.next_in_s,
                "trouble": event.trouble,
                "throttled_until": _moment(event.throttled_until_s),
            }
        case Notice():
            return "notice", {"text": event.text, "is_warning": event.is_warning}
        case RunEnded():
            return "summary", {"at_s": event.summary.ended_s, **summary_json(event.summary)}


def _moment(moment_s: float | None) -> str | None:
    return None if moment_s is None else units.timestamp(moment_s)


def _counts(counts: TaskCounts) -> dict[str, Json]:
    return {
        "active": counts.active,
        "running": counts.running,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
    }


def _pool(pool: PoolRecord) -> dict[str, Json]:
    return {
        "id": pool.id,
        "state": pool.state,
        "allocation_state": pool.allocation_state,
        "target_nodes": pool.target_nodes,
        "current_nodes": pool.current_nodes,
        "resize_errors": [{"code": error.code, "message": error.message} for error in pool.resize_errors],
    }


def _node(node: NodeRecord) -> dict[str, Json]:
    return {
        "id": node.id,
        "state": node.state,
        "is_dedicated": node.is_dedicated,
        "running_tasks": node.running_tasks,
        "start_task_failure": _failure(node.start_task_failure),
    }


def _failure(failure: FailureInfo | None) -> dict[str, Json] | None:
    if failure is None:
        return None
    return {
        "category": failure.category,
        "code": failure.code,
        "message": failure.message,
        "details": dict(failure.details),
    }


def _task(row: TaskRow, plan: RunPlan) -> dict[str, Json]:
    item = plan.input_of(row.id)
    return {
        "id": row.id,
        "status": row.status.value,
        "exit_code": row.exit_code,
        "failure": _failure(row.failure),
        "node": row.node_id,
        "start": _moment(row.start_time_s),
        "end": _moment(row.end_time_s),
        "retries": row.retry_count,
        "input": None if item is None else item.blob_name,
    }


def _leftover(leftover: Leftover) -> dict[str, Json]:
    return {"kind": leftover.kind, "name": leftover.name, "costs": leftover.costs, "note": leftover.note}


def _failed_task(task: FailedTask) -> dict[str, Json]:
    return {
        "task": task.task_id,
        "input": task.input_name or None,
        "exit_code": task.exit_code,
        "code": task.code,
        "message": task.message,
        "stderr_last_line": task.last_words,
        "stderr_path": task.log_path or None,
    }


def summary_json(summary: RunSummary) -> dict[str, Json]:
    """How a run ended, as the last line of `--json` and in `runs show --json`."""
    return {
        "start": units.timestamp(summary.started_s),
        "end": units.timestamp(summary.ended_s),
        "elapsed_s": round(summary.elapsed_s, 3),
        "tasks": _counts(summary.counts),
        "downloaded_files": summary.downloaded_files,
        "downloaded_bytes": summary.downloaded_bytes,
        "destination": summary.destination,
        "leftovers": [_leftover(leftover) for leftover in summary.leftovers],
        "deleted": list(summary.deleted),
        "exit_code": summary.exit_code,
        "outcome": summary.outcome,
        "hint": summary.hint,
        "failures": [_failed_task(task) for task in summary.failures],
    }
