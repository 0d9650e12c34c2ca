"""Failures grouped: what is folded, who is in which group, and what is worth reading."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.runs import NOW_S, failed, succeeded
from tui.core.failure_groups import (
    MAX_READS,
    SAMPLES,
    SAMPLES_AT_ODDS,
    fold,
    group_failures,
    last_line,
    spread,
    worth_reading,
)
from tui.core.records import FailureInfo, TaskRow


def exited(number: int, code: int | None, name: str = "FailureExitCode") -> TaskRow:
    return replace(
        failed(number), exit_code=code, failure=FailureInfo("usererror", name, ""), end_time_s=NOW_S + number
    )


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        ("MemoryError at 0x7f3a5c: 4,096 bytes", "MemoryError at <hex>: <n> bytes"),
        ("cannot open /mnt/batch/tasks/wd/in-17.txt", "cannot open <path>"),
        (r"C:\user\tasks\wd is full", "<path> is full"),
        ("request 6f9619ff-8b86-d011-b42d-00cf4fc964ff failed", "request <id> failed"),
        ("GET https://a.blob.core.windows.net/c/b?sig=x refused", "GET <url> refused"),
        ("digest deadbeef01 differs", "digest <hex> differs"),
        ("and/or nothing", "and/or nothing"),
        ("decade facade", "decade facade"),
        ("x" * 200, "x" * 159 + "…"),
    ],
)
def test_what_differs_from_task_to_task_is_folded(line: str, folded: str) -> None:
    assert fold(line) == folded


def test_the_last_line_is_the_last_that_says_something_and_harmless() -> None:
    assert last_line(b"Traceback\n\x1b[31mValueError:  bad 7\x1b[0m\r\n\n  \n") == "ValueError: bad <n>"
    assert last_line(b"") == last_line(b"\n\n") == ""


def test_those_read_stand_for_all_of_their_kind_while_they_agree() -> None:
    rows = [*(exited(number, 3) for number in range(10)), exited(10, None, "TaskEnded"), succeeded(11)]
    groups = group_failures(rows, {rows[2].id: "out of memory", rows[9].id: "out of memory"})
    assert [(group.name, group.line, len(group.task_ids), group.read) for group in groups] == [
        ("FailureExitCode exit 3", "out of memory", 10, 2),
        ("TaskEnded", None, 1, 0),
    ]
    assert (groups[0].first_s, groups[0].last_s) == (NOW_S, NOW_S + 9)
    assert [count for _, count in groups[0].nodes] == [4, 3, 3]


def test_where_they_do_not_agree_those_not_read_stay_apart() -> None:
    rows = [exited(number, 1) for number in range(6)]
    groups = group_failures(rows, {rows[0].id: "a", rows[1].id: "b", rows[2].id: "b"})
    assert [(group.line, group.task_ids) for group in groups] == [
        (None, tuple(row.id for row in rows[3:])),
        ("b", (rows[1].id, rows[2].id)),
        ("a", (rows[0].id,)),
    ]


def test_few_are_read_and_more_where_they_are_at_odds() -> None:
    rows = [exited(number, 1) for number in range(100)]
    first = worth_reading(rows, {})
    assert len(first) == SAMPLES
    assert {first[0], first[-1]} == {rows[0].id, rows[-1].id}
    assert worth_reading(rows, dict.fromkeys(first, "same")) == ()
    more = worth_reading(rows, {task_id: task_id for task_id in first})
    assert len(more) == SAMPLES_AT_ODDS - SAMPLES
    assert not set(more) & set(first)
    many = [exited(number, number) for number in range(1_000)]
    assert len(worth_reading(many, {})) == MAX_READS
    assert worth_reading(many, {str(number): "" for number in range(MAX_READS)}) == ()


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, "a", "b"])), max_size=30))
def test_every_failed_task_is_in_exactly_one_group(found: list[tuple[int, str | None]]) -> None:
    rows = [exited(number, code) for number, (code, _) in enumerate(found)]
    lines = {row.id: line for row, (_, line) in zip(rows, found, strict=True) if line is not None}
    groups = group_failures([*rows, succeeded(99)], lines)
    assert sorted(task_id for group in groups for task_id in group.task_ids) == sorted(row.id for row in rows)
    assert len({group.id for group in groups}) == len(groups)


@given(st.integers(0, 50), st.integers(-1, 60))
def test_a_spread_takes_so_many_each_once(total: int, count: int) -> None:
    ids = [str(number) for number in range(total)]
    assert len(set(spread(ids, count))) == len(spread(ids, count)) == min(max(count, 0), total)
