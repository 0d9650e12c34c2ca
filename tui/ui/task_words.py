"""One task in words: what happened to it and when, why it failed, what it runs and with what."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from tui.core.columns import Column, Tone
from tui.core.plan import RunPlan
from tui.core.records import NodeFile, TaskDetail, TaskRow, TaskState
from tui.core.redaction import redact
from tui.core.table_model import TableModel
from tui.core.task_reading import TaskReading, masked_environment, why_not
from tui.core.task_table import NO_VALUE, TONES, duration_s, status_text
from tui.core.units import count_text, duration_text, local_date_time, parse_timestamp, size_text
from tui.ui.text import safe, toned
from tui.ui.widgets.fact_sheet import Fact

LABEL_WIDTH = 14


def state_words(reading: TaskReading) -> tuple[str, Tone]:
    """What the title line says of the task."""
    if reading.detail is None:
        return "✗ gone", "error"
    status = reading.detail.row.status
    return status_text(status), TONES[status]


def overview(reading: TaskReading, plan: RunPlan, task_id: str, now_s: float) -> list[Fact]:
    """Everything known of the task; what is known of it without the service where it is gone."""
    detail = reading.detail
    facts: list[Fact] = []
    if detail is None:
        gone = "The task is gone: it, or its job, was deleted. Its logs may still be in the output container."
        facts.append(_fact("state", toned(gone, "warning")))
    else:
        facts += _history(detail, now_s)
        facts += _failure(detail.row)
        facts += _terms(detail)
    facts += _files_in_and_out(plan, task_id)
    if detail is not None:
        facts += _command(detail)
        facts += _actions(reading)
    return facts


def _history(detail: TaskDetail, now_s: float) -> Iterator[Fact]:
    row = detail.row
    since = ""
    if row.state is not TaskState.COMPLETED:
        since = f"  for {duration_text(max(0.0, now_s - parse_timestamp(row.state_transition_time)))}"
    before = f", {detail.previous_state} before" if detail.previous_state else ""
    yield _fact("state", toned(status_text(row.status), TONES[row.status], is_bold=True) + f"{since}{safe(before)}")
    yield _fact("added", local_date_time(detail.creation_time_s))
    if row.start_time_s is not None:
        waited = duration_text(max(0.0, row.start_time_s - detail.creation_time_s))
        yield _fact("started", f"{local_date_time(row.start_time_s)}  after {waited}")
    if row.end_time_s is not None:
        yield _fact("ended", local_date_time(row.end_time_s))
    took_s = duration_s(row, now_s)
    if took_s is not None:
        yield _fact("took", duration_text(took_s))
    code = NO_VALUE if row.exit_code is None else str(row.exit_code)
    yield _fact("exit code", toned(code, "error" if row.exit_code else ""))
    yield _fact("node", safe(row.node_id) or NO_VALUE)


def _failure(row: TaskRow) -> Iterator[Fact]:
    failure = row.failure
    if failure is None:
        return
    yield _fact("failure", toned(_one_line(f"{failure.code}: {failure.message}"), "error"))
    yield _fact("", toned(_one_line(f"category {failure.category}"), "muted"))
    for name, value in failure.details:
        yield _fact("", _one_line(f"{name}: {value}"))


def _terms(detail: TaskDetail) -> Iterator[Fact]:
    row, most = detail.row, detail.max_retry_count
    allowed = "any number" if most < 0 else f"{most:,}"
    yield _fact("retries", f"{row.retry_count:,} of {allowed}, requeued {row.requeue_count:,}")
    limits = [f"{count_text(detail.required_slots, 'slot')}"]
    if detail.max_wall_clock_s is not None:
        limits.append(f"at most {duration_text(detail.max_wall_clock_s)}")
    if detail.retention_s is not None:
        limits.append(f"files kept on the node for {duration_text(detail.retention_s)}")
    yield _fact("terms", " · ".join(limits))


def _files_in_and_out(plan: RunPlan, task_id: str) -> Iterator[Fact]:
    item = plan.input_of(task_id)
    if item is not None:
        yield _fact("input", f"{safe(item.blob_name)}  {size_text(item.size_bytes)}")
        yield _fact("output", safe(plan.output_name(item)))


def _command(detail: TaskDetail) -> Iterator[Fact]:
    yield _fact("command", safe(redact(detail.command_line)), indent=2)
    for index, path in enumerate(detail.resource_file_paths):
        yield _fact("" if index else "resource file", safe(path))
    for index, (name, value) in enumerate(masked_environment(detail.environment)):
        yield _fact("" if index else "environment", toned(safe(f"{name}="), "muted") + safe(value), indent=2)


def _actions(reading: TaskReading) -> Iterator[Fact]:
    reason = why_not(reading, "reactivate")
    if reason and reading.detail is not None and reading.detail.row.failure is not None:
        yield _fact("reactivate", toned(f"off: {safe(reason)}", "muted"))


def _fact(label: str, text: Content | str, indent: int = 0) -> Fact:
    return Fact(toned(label, "muted"), Content(text) if isinstance(text, str) else text, indent)


def _one_line(text: str) -> str:
    return safe(" ".join(text.split()))


def new_file_table() -> TableModel[NodeFile]:
    """The files of a task on its node."""
    return TableModel(
        (
            Column[NodeFile]("name", "NAME", _file_name, width=20, flex=1, tone=_file_tone),
            Column[NodeFile](
                "size", "SIZE", _file_size, width=9, align="right", sort_value=lambda file: file.size_bytes
            ),
            Column[NodeFile]("modified", "MODIFIED", _file_time, width=25, priority=1),
        ),
        lambda file: file.name,
    )


def _file_name(file: NodeFile) -> str:
    return f"{file.name}/" if file.is_directory else file.name


def _file_tone(file: NodeFile) -> Tone:
    return "muted" if file.is_directory else ""


def _file_size(file: NodeFile) -> str:
    return "" if file.is_directory else size_text(file.size_bytes)


def _file_time(file: NodeFile) -> str:
    return NO_VALUE if file.last_modified_s is None else local_date_time(file.last_modified_s)
