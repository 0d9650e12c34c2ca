"""Tasks as CSV or JSON: values as they are, times as ISO 8601 in UTC, nothing for what is not known."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from tui.core.records import FailureInfo, TaskRow
from tui.core.task_table import duration_s
from tui.core.units import timestamp

Format = Literal["csv", "json"]
Value = str | int | float | None

_NO_FAILURE = FailureInfo("", "", "")
_PIECE_ROWS = 1_000


def export_fields(input_name: Callable[[str], str], now_s: float) -> tuple[tuple[str, Callable[[TaskRow], Value]], ...]:
    """Names and values of a task's fields; running durations are counted to `now_s`."""

    def failure(row: TaskRow) -> FailureInfo:
        return row.failure or _NO_FAILURE

    def took(row: TaskRow) -> float | None:
        found = duration_s(row, now_s)
        return None if found is None else round(found, 3)

    return (
        ("task", lambda row: row.id),
        ("state", lambda row: row.status.value),
        ("exit_code", lambda row: row.exit_code),
        ("failure_category", lambda row: failure(row).category or None),
        ("failure_code", lambda row: failure(row).code or None),
        ("failure_message", lambda row: failure(row).message or None),
        ("node", lambda row: row.node_id or None),
        ("started", lambda row: _time(row.start_time_s)),
        ("ended", lambda row: _time(row.end_time_s)),
        ("duration_s", took),
        ("retries", lambda row: row.retry_count),
        ("requeues", lambda row: row.requeue_count),
        ("input", lambda row: input_name(row.id) or None),
    )


def _time(moment_s: float | None) -> str | None:
    return None if moment_s is None else timestamp(moment_s)


def format_of(path: str) -> Format | None:
    """By the name's ending."""
    ending = path.casefold().rpartition(".")[2]
    return "csv" if ending == "csv" else "json" if ending == "json" else None


def export_tasks(rows: Iterable[TaskRow], to: Format, input_name: Callable[[str], str], now_s: float) -> Iterator[str]:
    """The file's text, in pieces of about 1,000 tasks."""
    fields = export_fields(input_name, now_s)
    return _csv(rows, fields) if to == "csv" else _json(rows, fields)


Fields = tuple[tuple[str, Callable[[TaskRow], Value]], ...]


def _csv(rows: Iterable[TaskRow], fields: Fields) -> Iterator[str]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(name for name, _ in fields)
    for count, row in enumerate(rows, 1):
        writer.writerow("" if (value := value_of(row)) is None else value for _, value_of in fields)
        if not count % _PIECE_ROWS:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _json(rows: Iterable[TaskRow], fields: Fields) -> Iterator[str]:
    """An array with a task a line."""
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps({name: value_of(row) for name, value_of in fields}, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"
