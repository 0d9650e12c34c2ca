"""Throughput over the last steps, and what counts as slow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.core.throughput import FEWEST_FOR_SLOW, Throughput, slow_from_s, sparkline


def test_ends_fall_into_steps_and_old_ones_leave() -> None:
    rate = Throughput(step_s=2, count=4)
    for now_s, ended in ((10, 4), (11, 2), (12, 8), (16, 1)):
        rate.note(now_s, ended)
    assert rate.bars == (6, 8, 0, 1)
    assert rate.per_second == 14 / 6
    rate.note(17, 0)
    rate.note(9, 2)  # a clock set back loses nothing
    assert rate.bars == (6, 8, 0, 3)
    rate.note(1_000, 0)
    assert rate.bars == (0, 0, 0, 0)
    assert rate.per_second == 0


def test_a_bar_is_empty_only_where_nothing_was() -> None:
    assert sparkline([0, 1, 500, 1_000]) == " ▁▄█"
    assert sparkline([0, 0]) == "  "


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_a_sparkline_has_a_bar_a_value_and_its_highest_is_full(values: list[int]) -> None:
    line = sparkline(values)
    assert len(line) == len(values)
    assert ("█" in line) == (max(values, default=0) > 0)
    assert [bar != " " for bar in line] == [value > 0 for value in values]


def test_slow_is_far_from_what_is_usual_and_only_where_that_is_known() -> None:
    assert slow_from_s([1.0] * (FEWEST_FOR_SLOW - 1)) is None
    assert slow_from_s([1.0] * FEWEST_FOR_SLOW) == 2.0
    limit = slow_from_s([*(1 + number / 100 for number in range(100)), 50.0])
    assert limit is not None
    assert 2 < limit < 50
