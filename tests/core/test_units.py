"""Sizes, durations and times, written and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core import units


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (812, "812 B"), (1_023, "1.0 KB"), (12_288, "12 KB"), (3_565_158, "3.4 MB"), (5 << 40, "5.0 TB")],
)
def test_sizes_in_words(size: int, text: str) -> None:
    assert units.size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0 s"), (0.84, "0.8 s"), (9.96, "10 s"), (42, "42 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"),
     (8_040, "2 h 14 min"), (273_600, "3 d 04 h")],
)  # fmt: skip
def test_durations_in_words(seconds: float, text: str) -> None:
    assert units.duration_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1_800), ("1h30m", 5_400), ("90s", 90), ("2 h", 7_200), ("30", 1_800), ("1d", 86_400)]
)
def test_durations_as_typed(text: str, seconds: float) -> None:
    assert units.parse_typed_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "5x", "m", "1h,30m", "nan"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        units.parse_typed_duration(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_the_services_durations_come_back(seconds: int) -> None:
    assert units.parse_iso_duration(units.iso_duration(seconds)) == seconds


def test_the_services_no_limit_is_none() -> None:
    assert units.parse_iso_duration("P10675199DT2H48M5.4775807S") is None


@pytest.mark.parametrize("text", ["", "P", "PT", "30m", "PT5X"])
def test_what_is_no_iso_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        units.parse_iso_duration(text)


def test_timestamps_with_seven_digits() -> None:
    moment = units.parse_timestamp("2026-11-20T10:02:11.1234567Z")
    assert units.timestamp(moment) == "2026-11-20T10:02:11.123456Z"


@pytest.mark.parametrize(("count", "text"), [(1, "1 task"), (0, "0 tasks"), (100_000, "100,000 tasks")])
def test_counts(count: int, text: str) -> None:
    assert units.count_text(count, "task") == text
