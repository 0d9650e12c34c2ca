"""Service time: ticks, texts, durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.sandbox.batch.times import (
    UNLIMITED_TICKS,
    ServiceClock,
    etag_of,
    format_duration,
    format_time,
    http_date,
    parse_duration,
    parse_http_date,
    parse_time,
)

_YEAR_9999 = 3_155_378_975_999_999_999


def test_an_etag_is_the_ticks_of_last_modified_as_recorded() -> None:
    ticks = parse_time("2025-01-16T18:44:43.1388503Z")
    assert ticks is not None
    assert etag_of(ticks) == "0x8DD365DD7794F57"
    assert http_date(ticks) == "Thu, 16 Jan 2025 18:44:43 GMT"


@given(st.integers(0, _YEAR_9999))
def test_times_read_back(ticks: int) -> None:
    assert parse_time(format_time(ticks)) == ticks


@given(st.integers(parse_time("1970-01-01") or 0, _YEAR_9999))
def test_http_dates_read_back_to_the_second(ticks: int) -> None:
    assert parse_http_date(http_date(ticks)) == ticks - ticks % 10_000_000


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("PT0H20M", "PT20M"),
        ("P3Y6M4DT12H30M5S", "P1279DT12H30M5S"),
        ("PT15M00S", "PT15M"),
        ("P7D", "P7D"),
        ("PT36H", "P1DT12H"),
        ("PT0S", "PT0S"),
        ("PT1.50S", "PT1.5S"),
        ("P10675199DT2H48M5.4775807S", "P10675199DT2H48M5.4775807S"),
        ("P99999999D", "P10675199DT2H48M5.4775807S"),
    ],
)
def test_durations_take_the_services_normal_form(text: str, normal: str) -> None:
    ticks = parse_duration(text)
    assert ticks is not None
    assert format_duration(ticks) == normal


@given(st.integers(0, UNLIMITED_TICKS))
def test_durations_read_back(ticks: int) -> None:
    assert parse_duration(format_duration(ticks)) == ticks


@pytest.mark.parametrize("text", ["", "P", "PT", "20M", "P1H", "PT1D", "-P1D", "P1DT", "PT1.S", "P1W"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "2026-01-01T", "2026-01-01T25:00", "2026-01-01 10:00"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text) is None


def test_every_tick_is_later_than_the_one_before_whatever_the_wall_clock_does() -> None:
    wall = iter([1_000, 1_000, 500, 10**18, 0])
    clock = ServiceClock(lambda: next(wall))
    ticks = [clock.tick() for _ in range(5)]
    assert ticks == sorted(set(ticks))
