"""Conditional headers and byte ranges."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tui.sandbox.blob.conditions import ByteRange, Conditions, etag_text, requested_range
from tui.sandbox.blob.errors import ErrorCode, ServiceError

BEFORE, AT, AFTER = (f"Fri, 20 Nov 2026 10:00:0{second} GMT" for second in (0, 1, 2))


@dataclass(frozen=True, slots=True)
class Record:
    etag: int = 0xABC
    modified_s: int = 1795168801  # AT


TAG = '"0xABC"'


def conditions(**headers: str) -> Conditions:
    built = Conditions.of({name.replace("_", "-"): value for name, value in headers.items()})
    assert built is not None
    return built


def read_answer(demand: Conditions) -> ErrorCode | None:
    try:
        demand.check_read(Record())
    except ServiceError as refused:
        return refused.error
    return None


def write_answer(demand: Conditions, existing: Record | None) -> ErrorCode | None:
    try:
        demand.check_write(existing)
    except ServiceError as refused:
        return refused.error
    return None


def test_most_requests_demand_nothing() -> None:
    assert Conditions.of({"host": "x"}) is None
    assert etag_text(Record()) == TAG


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"if_match": TAG}, None),
        ({"if_match": "0xABC"}, None),
        ({"if_match": "*"}, None),
        ({"if_match": f'"0x1", {TAG}'}, None),
        ({"if_match": '"0x1"'}, ErrorCode.CONDITION_NOT_MET),
        ({"if_none_match": TAG}, ErrorCode.NOT_MODIFIED),
        ({"if_none_match": '"0x1"'}, None),
        ({"if_modified_since": BEFORE}, None),
        ({"if_modified_since": AT}, ErrorCode.NOT_MODIFIED),
        ({"if_modified_since": AFTER}, ErrorCode.NOT_MODIFIED),
        ({"if_unmodified_since": BEFORE}, ErrorCode.CONDITION_NOT_MET),
        ({"if_unmodified_since": AT}, None),
        ({"if_none_match": '"0x1"', "if_modified_since": AFTER}, None),
    ],
)
def test_reads(headers: dict[str, str], answer: ErrorCode | None) -> None:
    assert read_answer(conditions(**headers)) == answer


@pytest.mark.parametrize(
    ("headers", "on_existing", "on_nothing"),
    [
        ({"if_none_match": "*"}, ErrorCode.BLOB_ALREADY_EXISTS, None),
        ({"if_none_match": TAG}, ErrorCode.CONDITION_NOT_MET, None),
        ({"if_match": TAG}, None, ErrorCode.CONDITION_NOT_MET),
        ({"if_match": "*"}, None, ErrorCode.CONDITION_NOT_MET),
        ({"if_match": '"0x1"'}, ErrorCode.CONDITION_NOT_MET, ErrorCode.CONDITION_NOT_MET),
        ({"if_modified_since": AFTER}, ErrorCode.CONDITION_NOT_MET, None),
        ({"if_unmodified_since": AFTER}, None, None),
    ],
)
def test_writes(headers: dict[str, str], on_existing: ErrorCode | None, on_nothing: ErrorCode | None) -> None:
    assert write_answer(conditions(**headers), Record()) == on_existing
    assert write_answer(conditions(**headers), None) == on_nothing


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ServiceError):
        conditions(if_modified_since="yesterday")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=3-", ByteRange(3, 7)),
        ("bytes=3-5", ByteRange(3, 3)),
        ("bytes=9-99", ByteRange(9, 1)),
    ],
)
def test_a_range_is_cut_at_the_end(header: str, wanted: ByteRange) -> None:
    assert requested_range({"range": header}, 10) == wanted
    assert requested_range({"x-ms-range": header, "range": "bytes=1-1"}, 10) == wanted


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20"])
def test_a_range_outside_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(ServiceError) as refused:
        requested_range({"range": header}, 10)
    assert refused.value.error is ErrorCode.INVALID_RANGE
    assert refused.value.headers == (("content-range", "bytes */10"),)


@pytest.mark.parametrize("header", ["bytes=-5", "lines=1-2", "bytes=1-2,4-5", "bytes=٣-"])
def test_a_range_that_is_not_understood(header: str) -> None:
    assert requested_range({"range": header}, 10) is None
    with pytest.raises(ServiceError):
        requested_range({"x-ms-range": header}, 10)


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ServiceError):
        requested_range({"range": "bytes=5-2"}, 10)
