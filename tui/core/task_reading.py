"""One task as it was read, what may be done with it now, and its environment without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tui.core.records import JobRecord, NodeFile, TaskDetail, TaskRow, TaskState, TaskStatus
from tui.core.redaction import MASK, redact

TaskAction = Literal["terminate", "reactivate", "delete"]

_SECRET_NAMES = re.compile(r"(?i)(?:key|secret|token|password|passwd|credential|signature|connection_?string|\bsas)")


@dataclass(frozen=True, slots=True)
class TaskReading:
    """What the service said of a task at `read_s` on our clock."""

    read_s: float
    detail: TaskDetail | None
    """None where the task, or its job, is gone."""
    job: JobRecord | None
    files: tuple[NodeFile, ...] = ()
    files_trouble: str = ""
    """Why its files cannot be listed."""


def why_not(reading: TaskReading, action: TaskAction) -> str:
    """Why `action` is off; empty where it may be done."""
    detail = reading.detail
    return "the task is gone" if detail is None else why_not_row(detail.row, reading.job, action)


def why_not_row(row: TaskRow, job: JobRecord | None, action: TaskAction) -> str:
    """The same of a task that is known by its row alone; None is a job that is gone."""
    is_over = row.state is TaskState.COMPLETED
    match action:
        case "terminate":
            return "the task is over" if is_over else ""
        case "reactivate":
            if job is None or job.state != "active":
                state = "gone" if job is None else job.state
                return f"the job is {state}: the service reactivates tasks only while their job is active"
            if not is_over:
                return "the task is not over"
            return "the task succeeded" if row.status is TaskStatus.SUCCEEDED else ""
        case "delete":
            return "the job is being deleted" if job is not None and job.state == "deleting" else ""


def masked_environment(environment: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Names and values; a value that is a secret, by its name or by its shape, is the mask."""
    return tuple((name, MASK if _SECRET_NAMES.search(name) else redact(value)) for name, value in environment)
