"""Exported tasks read back as what they are."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from tests.support.runs import CANNED_ROWS, NOW_S, failed, new_plan, succeeded
from tui.core.records import FailureInfo
from tui.core.task_export import export_tasks, format_of
from tui.core.task_table import input_names
from tui.core.units import parse_timestamp

HOSTILE = replace(failed(3), failure=FailureInfo("usererror", "X", 'a "quoted",\nline; größer'))
ROWS = (*CANNED_ROWS[:3], HOSTILE, *CANNED_ROWS[4:])


def test_csv_reads_back() -> None:
    text = "".join(export_tasks(ROWS, "csv", input_names(new_plan()), NOW_S))
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["task"] for row in read] == [row.id for row in ROWS]
    assert read[3]["failure_message"] == 'a "quoted",\nline; größer'
    assert (read[0]["state"], read[0]["exit_code"], read[0]["input"]) == ("succeeded", "0", "taskdata1.txt")
    assert float(read[2]["duration_s"]) == pytest.approx(3.4)
    assert (read[6]["exit_code"], read[6]["started"], read[6]["duration_s"]) == ("", "", "")


def test_json_reads_back_with_its_types() -> None:
    read = json.loads("".join(export_tasks(ROWS, "json", input_names(new_plan()), NOW_S)))
    assert [row["task"] for row in read] == [row.id for row in ROWS]
    assert (read[0]["exit_code"], read[6]["exit_code"], read[3]["retries"]) == (0, None, 2)
    assert parse_timestamp(read[0]["ended"]) == ROWS[0].end_time_s
    assert json.loads("".join(export_tasks([], "json", str, NOW_S))) == []


def test_long_exports_come_in_pieces() -> None:
    pieces = list(export_tasks(map(succeeded, range(2_500)), "csv", str, NOW_S))
    assert len(pieces) == 3
    assert "".join(pieces).count("\n") == 2_501


@pytest.mark.parametrize(("path", "form"), [("a.csv", "csv"), ("A.JSON", "json"), ("a.txt", None), ("", None)])
def test_the_ending_says_as_what(path: str, form: str | None) -> None:
    assert format_of(path) == form
