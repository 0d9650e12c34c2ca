"""The live table of tasks as data: its columns, and each task's state as glyph, word and tone."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from tui.core.columns import Column, Tone, natural_key
from tui.core.plan import RunPlan
from tui.core.records import TaskRow, TaskState, TaskStatus
from tui.core.table_model import TableModel
from tui.core.units import duration_text, local_clock

NO_VALUE = "–"

GLYPHS: dict[TaskStatus, str] = {
    TaskStatus.ACTIVE: "○",
    TaskStatus.PREPARING: "◐",
    TaskStatus.RUNNING: "●",
    TaskStatus.SUCCEEDED: "✓",
    TaskStatus.FAILED: "✗",
}
TONES: dict[TaskStatus, Tone] = {
    TaskStatus.ACTIVE: "muted",
    TaskStatus.PREPARING: "running",
    TaskStatus.RUNNING: "running",
    TaskStatus.SUCCEEDED: "success",
    TaskStatus.FAILED: "error",
}
_STATUS_RANK = {status: rank for rank, status in enumerate(TaskStatus)}
SLOW_GLYPH = "▲"
"""Before a duration far beyond the usual one."""
_FOREIGN_TASK_WIDTH = 20
_NODE_TAIL = 5
"""Node ids differ at their end."""


def status_text(status: TaskStatus) -> str:
    return f"{GLYPHS[status]} {status.value}"


def short_node_id(node_id: str) -> str:
    """`…a41_d`: what tells nodes apart."""
    return f"…{node_id[-_NODE_TAIL:]}" if len(node_id) > _NODE_TAIL + 1 else node_id or NO_VALUE


def is_live(row: TaskRow) -> bool:
    """Whether the row changes by the clock alone."""
    return row.state is TaskState.RUNNING and row.start_time_s is not None


def is_failed(row: TaskRow) -> bool:
    return row.status is TaskStatus.FAILED


def duration_s(row: TaskRow, now_s: float) -> float | None:
    """From start to end; to `now_s` only while the task runs, so a finished task's duration never grows."""
    if row.start_time_s is None:
        return None
    if row.end_time_s is not None:
        return max(0.0, row.end_time_s - row.start_time_s)
    return max(0.0, now_s - row.start_time_s) if is_live(row) else None


def new_task_table(
    plan: RunPlan, now_s: Callable[[], float], slow_from_s: Callable[[], float | None] = lambda: None
) -> TableModel[TaskRow]:
    """An empty table of the run's tasks; `now_s` is what running durations are counted to."""
    return TableModel(task_columns(plan, now_s, slow_from_s), attrgetter("id"))


def task_columns(
    plan: RunPlan, now_s: Callable[[], float], slow_from_s: Callable[[], float | None] = lambda: None
) -> tuple[Column[TaskRow], ...]:
    """Task, state, exit, node, started, duration, retries, input; the least telling leave first when it is narrow.

    Durations from `slow_from_s` on are marked.
    """

    name_of = input_names(plan)

    def input_name(row: TaskRow) -> str:
        return name_of(row.id)

    return (
        Column("task", "TASK", lambda row: row.id, width=_task_width(plan), sort_value=lambda row: natural_key(row.id)),
        Column(
            "state",
            "STATE",
            lambda row: status_text(row.status),
            width=11,
            sort_value=lambda row: _STATUS_RANK[row.status],
            tone=lambda row: TONES[row.status],
        ),
        Column(
            "exit", "EXIT", _exit_text, width=4, align="right", sort_value=lambda row: row.exit_code, tone=_exit_tone
        ),
        Column("node", "NODE", lambda row: short_node_id(row.node_id), width=6, sort_value=_node_value, priority=3),
        Column("started", "STARTED", _started_text, width=8, sort_value=lambda row: row.start_time_s, priority=5),
        _duration_column(now_s, slow_from_s),
        Column(
            "retries",
            "RETRIES",
            lambda row: str(row.retry_count),
            width=7,
            align="right",
            sort_value=lambda row: row.retry_count,
            priority=4,
            is_searched=False,
        ),
        Column(
            "input",
            "INPUT",
            input_name,
            width=12,
            flex=1,
            sort_value=lambda row: natural_key(input_name(row)),
            priority=2,
        ),
        *_further_columns(),
    )


def _duration_column(now_s: Callable[[], float], slow_from_s: Callable[[], float | None]) -> Column[TaskRow]:
    def cell(row: TaskRow) -> str:
        found = duration_s(row, now_s())
        if found is None:
            return NO_VALUE
        return f"{SLOW_GLYPH} {duration_text(found)}" if is_slow(row) else duration_text(found)

    def is_slow(row: TaskRow) -> bool:
        found, limit = duration_s(row, now_s()), slow_from_s()
        return found is not None and limit is not None and found >= limit

    return Column(
        "duration",
        "DURATION",
        cell,
        width=13,
        align="right",
        tone=lambda row: "warning" if is_slow(row) else "",
        sort_value=lambda row: duration_s(row, now_s()),
        is_searched=False,
    )


def _further_columns() -> tuple[Column[TaskRow], ...]:
    """Shown where a person chooses them."""

    def code(row: TaskRow) -> str:
        return "" if row.failure is None else row.failure.code

    def ended(row: TaskRow) -> str:
        return NO_VALUE if row.end_time_s is None else local_clock(row.end_time_s)

    return (
        Column("code", "FAILURE", code, width=18, is_default=False, is_searched=False, priority=6),
        Column("ended", "ENDED", ended, width=8, is_default=False, is_searched=False, priority=6,
               sort_value=lambda row: row.end_time_s),
        Column("requeues", "REQUEUES", lambda row: str(row.requeue_count), width=8, align="right", is_default=False,
               is_searched=False, priority=6, sort_value=lambda row: row.requeue_count),
        Column("whole-node", "NODE ID", lambda row: row.node_id or NO_VALUE, width=24, is_default=False,
               is_searched=False, priority=6, sort_value=_node_value),
    )  # fmt: skip


def input_names(plan: RunPlan) -> Callable[[str], str]:
    """The input's name by task id, empty for a task that is not the run's: `RunPlan.input_of` for every row at once."""
    names = [item.blob_name for item in plan.inputs]
    prefix = plan.task_id(0)[: -len("00000")]
    start, count = len(prefix), len(names)

    def name_of(task_id: str) -> str:
        number = task_id[start:]
        if not (number.isdecimal() and task_id.startswith(prefix)):
            return ""
        index = int(number)
        return names[index] if index < count else ""

    return name_of


def _task_width(plan: RunPlan) -> int:
    """Ids of a job that is only watched may be of any length."""
    if not plan.inputs:
        return _FOREIGN_TASK_WIDTH
    return max(len("TASK"), len(plan.task_id(max(0, len(plan.inputs) - 1))))


def _exit_text(row: TaskRow) -> str:
    return NO_VALUE if row.exit_code is None else str(row.exit_code)


def _exit_tone(row: TaskRow) -> Tone:
    return "error" if row.exit_code else ""


def _node_value(row: TaskRow) -> str | None:
    return row.node_id or None


def _started_text(row: TaskRow) -> str:
    return NO_VALUE if row.start_time_s is None else local_clock(row.start_time_s)
