"""The failed tasks that a run names: the first few of them, each with the last line it left on stderr.

That line is read from the log that was downloaded: no call is made for it, and where it cannot be read nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tui.core.events import FailedTask
from tui.core.failure_groups import closing_line
from tui.core.plan import RunPlan
from tui.core.records import TaskRow, TaskStatus
from tui.core.redaction import redact
from tui.engine.run_record import RunRecord

FAILURES_NAMED = 10
"""A person reads no more, and a journal must not grow with them."""

_TAIL_BYTES = 65_536
"""A line that is longer is no sentence."""


def first_failures(plan: RunPlan, rows: Mapping[str, TaskRow]) -> tuple[FailedTask, ...]:
    """In the order of the inputs."""
    failed = sorted(task_id for task_id, row in rows.items() if row.status is TaskStatus.FAILED)
    return tuple(_failed_task(plan, rows[task_id]) for task_id in failed[:FAILURES_NAMED])


def _failed_task(plan: RunPlan, row: TaskRow) -> FailedTask:
    item = plan.input_of(row.id)
    failed = FailedTask.of(row, "" if item is None else item.blob_name)
    return replace(failed, message=redact(failed.message))


def with_last_words(record: RunRecord) -> tuple[FailedTask, ...]:
    """The failures of a run, with what their downloaded logs say."""
    return tuple(_with_last_words(record, task) for task in record.outcome.failures) if record.outcome else ()


def _with_last_words(record: RunRecord, task: FailedTask) -> FailedTask:
    moved = record.files_moved.get(("down", record.plan.log_name(task.task_id, "stderr.txt")))
    if moved is None:
        return task
    return replace(task, log_path=moved.path, last_words=closing_line(_tail(Path(moved.path))))


def _tail(path: Path) -> bytes:
    """The end of a file in whole lines, for half a line may be half a secret; empty where it cannot be read."""
    try:
        if not path.is_file():  # a pipe of that name would be waited for
            return b""
        with path.open("rb") as file:
            size_bytes = path.stat().st_size
            file.seek(max(0, size_bytes - _TAIL_BYTES))
            tail = file.read(_TAIL_BYTES)
            return tail if size_bytes <= _TAIL_BYTES else tail.partition(b"\n")[2]
    except (OSError, ValueError):
        return b""
