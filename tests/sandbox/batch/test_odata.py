"""The filter language: what it accepts, what it means, what it refuses."""

from __future__ import annotations

import operator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.sandbox.batch.errors import ServiceError
from tui.sandbox.batch.odata import EQUALITY, ORDER, PREFIX, FilterField, lower_bound, parse_filter, parse_select
from tui.sandbox.batch.times import parse_time


@dataclass
class Row:
    id: str
    state: str = "active"
    code: int | None = None
    at: int = 0
    flag: bool = False


FIELDS: dict[str, FilterField[Row]] = {
    "id": FilterField("text", PREFIX, lambda row: row.id),
    "state": FilterField("text", EQUALITY, lambda row: row.state),
    "executionInfo/exitCode": FilterField("number", ORDER, lambda row: row.code),
    "at": FilterField("time", ORDER, lambda row: row.at),
    "flag": FilterField("flag", EQUALITY, lambda row: row.flag),
}
ROWS = [
    Row("a1", "active", None, parse_time("2026-01-01T00:00:00Z") or 0, True),
    Row("a2", "completed", 0, parse_time("2026-01-02T00:00:00.5Z") or 0),
    Row("B1", "completed", 7, parse_time("2026-01-03T00:00:00Z") or 0),
    Row("it's", "running", -9, parse_time("2026-01-04T00:00:00Z") or 0),
]


def chosen(text: str) -> list[str]:
    return [row.id for row in ROWS if parse_filter(text, FIELDS).matches(row)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id eq 'a1'", ["a1"]),
        ("(id eq 'a1') or (id eq 'b1')", ["a1", "B1"]),
        ("id eq 'it''s'", ["it's"]),
        ("startswith(id, 'A')", ["a1", "a2"]),
        ("state ne 'completed'", ["a1", "it's"]),
        ("state eq 'Completed'", ["a2", "B1"]),
        ("executionInfo/exitCode gt 0", ["B1"]),
        ("executionInfo/exitCode lt 0", ["it's"]),
        ("executionInfo/exitCode ne 0", ["a1", "B1", "it's"]),
        ("at ge DateTime'2026-01-02T00:00:00.5Z'", ["a2", "B1", "it's"]),
        ("at gt datetime'2026-01-02T00:00:00.5Z'", ["B1", "it's"]),
        ("at lt DateTime'2026-01-01T01:00:00+02:00'", []),
        ("flag eq true", ["a1"]),
        ("state eq 'completed' and executionInfo/exitCode eq 0 or id eq 'a1'", ["a1", "a2"]),
        ("state eq 'completed' AND (executionInfo/exitCode eq 0 or id eq 'a1')", ["a2"]),
    ],
)
def test_filters_mean_what_they_say(text: str, expected: list[str]) -> None:
    assert chosen(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "id",
        "id eq",
        "id eq 'a",
        "id eq a",
        "id eq 5",
        "'a' eq id",
        "(id eq 'a'",
        "id eq 'a')",
        "id eq 'a' id eq 'b'",
        "id has 'a'",
        "not (id eq 'a')",
        "commandLine eq 'a'",
        "state gt 'a'",
        "startswith(state,'a')",
        "startswith(id 'a')",
        "endswith(id,'a')",
        "at ge DateTime'yesterday'",
        "at ge 5",
        "id eq 'a' %",
        "executionInfo/exitCode eq " + "9" * 5000,
        "(" * 100 + "id eq 'a'" + ")" * 100,
    ],
)
def test_what_is_no_filter_is_refused_with_its_text_and_a_reason(text: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse_filter(text, FIELDS)
    values = dict(caught.value.values)
    assert caught.value.code == "InvalidQueryParameterValue"
    assert values["QueryParameterName"] == "$filter"
    assert values["QueryParameterValue"] == text[:512]
    assert values["Reason"]


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(ServiceError):
        parse_filter(text, FIELDS)


@given(st.text(max_size=20), st.sampled_from(["eq", "ne"]))
def test_any_string_can_be_asked_for(value: str, operation: str) -> None:
    literal = value.replace("'", "''")
    matches = parse_filter(f"id {operation} '{literal}'", FIELDS).matches
    expected = {"eq": operator.eq, "ne": operator.ne}[operation](value.lower(), "x")
    assert matches(Row("x")) is expected


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("at ge DateTime'2026-01-02T00:00:00Z'", "2026-01-02"),
        ("at ge DateTime'2026-01-02' and state eq 'active'", "2026-01-02"),
        ("at ge DateTime'2026-01-02' and at ge DateTime'2026-01-03'", "2026-01-03"),
        ("at ge DateTime'2026-01-02' or at ge DateTime'2026-01-03'", "2026-01-02"),
        ("at ge DateTime'2026-01-02' or state eq 'active'", None),
        ("at lt DateTime'2026-01-02'", None),
        ("state eq 'active'", None),
    ],
)
def test_the_lower_bound_never_loses_a_match(text: str, bound: str | None) -> None:
    expression = parse_filter(text, FIELDS).expression
    assert lower_bound(expression, "at") == (None if bound is None else parse_time(bound))


def test_select_takes_spaces_and_paths_and_refuses_the_rest() -> None:
    assert parse_select(None) is None
    assert parse_select("id, state,executionInfo/exitCode") == frozenset({"id", "state", "executionInfo"})
    with pytest.raises(ServiceError):
        parse_select("id,,state")
