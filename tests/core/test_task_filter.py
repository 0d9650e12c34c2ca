"""What a typed filter shows, what it says of what cannot be read, and what it offers to complete."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.runs import CANNED_ROWS, NOW_S, new_node, new_plan, running, succeeded
from tui.core.records import FailureInfo, TaskRow
from tui.core.task_filter import FilterError, Surroundings, complete, explain, parse_filter
from tui.core.task_table import input_names, task_columns

AROUND = Surroundings(lambda: NOW_S, input_names(new_plan()))
ROWS = CANNED_ROWS
"""0, 1, 4 succeeded; 2, 5 running; 3 failed with exit code 1; 6, 7 active."""


def shown(text: str, rows: tuple[TaskRow, ...] = ROWS) -> list[int]:
    accepts = parse_filter(text, AROUND).accepts
    return [int(row.id[-5:]) for row in rows if accepts(row)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("GRÖSSE", [1]),
        ("!topword-00001", [0, 2, 3, 4, 5, 6, 7]),
        ("fail", [3]),
        ('"too long"', [2]),
        ("/word-0000[13]$/", [1, 3]),
        ("!/word-0000[0-5]/", [6, 7]),
        ("/name that/", [2]),
        ("state:failed", [3]),
        ("state:comp", [0, 1, 3, 4]),
        ("state!=active", [0, 1, 2, 3, 4, 5]),
        ("!state:active !state:running", [0, 1, 3, 4]),
        ("exit!=0", [3]),
        ("!exit:0", [2, 3, 5, 6, 7]),
        ("exit:none", [2, 5, 6, 7]),
        ("exit!=none", [0, 1, 3, 4]),
        ("exit>=0 exit<1", [0, 1, 4]),
        ("duration>60s", [4, 5]),
        ("duration<=1m", [0, 1, 2, 3]),
        ("duration:none", [6, 7]),
        ("retries>0", [3]),
        (f"node:…{new_node(1).id[-9:]}", [1, 4]),
        (f"node={new_node(2).id}", [2, 5]),
        ("node:none", [6, 7]),
        ("input:taskdata", [0, 4, 5, 6, 7]),
        ("input=taskdata1.txt", [0]),
        ("code:exitcode", [3]),
        ("category=usererror", [3]),
        ("message:unexpected exit", []),
        ('message:"unexpected exit"', [3]),
        ("state:failed retries>2", []),
    ],
)
def test_what_is_shown(text: str, expected: list[int]) -> None:
    assert shown(text) == expected


def test_a_failure_with_exit_code_zero_is_failed() -> None:
    row = replace(succeeded(0), failure=FailureInfo("servererror", "FileUploadMiscError", "no room"))
    assert shown("state:failed exit:0", (row, succeeded(1))) == [0]


def test_only_a_filter_by_duration_follows_the_clock() -> None:
    assert parse_filter("state:run duration>5m", AROUND).follows_clock
    assert not parse_filter("state:run exit!=0", AROUND).follows_clock


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("state:nonsense", 6, "active, preparing, running"),
        ("state>failed", 5, "state is compared by one of : = !="),
        ("exit>abc", 5, "a whole number after exit>"),
        ("exit!=", 6, "a whole number"),
        ("a duration>5", 11, "90s, 5m, 1h30m"),
        ("colour:red", 0, "no field 'colour'; there are task, state"),
        ("node:", 5, "a text after node:"),
        ("ok /unclosed", 3, "ends with /"),
        ("/(/", 1, "not a regular expression"),
        ("//", 0, "between / and /"),
        ('input:"a b', 6, 'ends with "'),
        ('""', 0, "between the quotes"),
        ("a !", 2, "a term after !"),
    ],
)
def test_what_cannot_be_read_is_explained_where_it_goes_wrong(text: str, position: int, expected: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text, AROUND)
    assert caught.value.position == position
    assert expected in explain(text, caught.value)


@given(st.text(max_size=30))
def test_any_text_is_read_or_explained(text: str) -> None:
    problem = None
    try:
        found = [parse_filter(text, AROUND).accepts(row) for row in ROWS]
    except FilterError as error:
        problem = error
    if problem is None:
        assert set(found) <= {True, False}
    else:
        assert 0 <= problem.position <= len(text)
        assert problem.message


@given(st.text("word-0123456789–:.…_ailed ", min_size=1, max_size=4).filter(str.strip))
def test_a_plain_text_finds_what_the_searched_columns_show(needle: str) -> None:
    columns = [column for column in task_columns(new_plan(), lambda: NOW_S) if column.is_searched]
    for row in ROWS:
        if any(needle.casefold() in column.text(row).casefold() for column in columns):
            assert parse_filter(f'"{needle}"', AROUND).accepts(row)


def test_completion_offers_fields_then_values_of_the_field_at_the_end() -> None:
    def values(field: str) -> tuple[str, ...]:
        return ("FailureExitCode", "Task Ended") if field == "code" else ()

    assert complete("st", values) == ("state:",)
    assert complete("x !re", values) == ("x !retries=", "x !requeues=")
    assert complete("state:f", values) == ("state:failed",)
    assert complete("exit:1 code:", values) == ("exit:1 code:FailureExitCode", 'exit:1 code:"Task Ended"')
    assert complete("code:x", values) == complete("", values) == complete("12", values) == complete("no:", values) == ()


def test_a_running_task_comes_to_match_as_time_passes() -> None:
    moment_s = NOW_S
    around = Surroundings(lambda: moment_s, lambda _: "")
    accepts, row = parse_filter("duration>5m", around).accepts, running(0)
    before = accepts(row)
    moment_s += 600
    assert (before, accepts(row)) == (False, True)
