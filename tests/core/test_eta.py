"""When the tasks will be done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.eta import Eta, estimate


def test_nothing_left_takes_no_time() -> None:
    assert estimate(0, [], [1.0], slots=2) == Eta(0.0, 0.0)
    assert str(Eta(0.0, 0.0)) == "any moment"


@pytest.mark.parametrize(
    ("waiting", "elapsed_s", "durations_s", "slots"),
    [(5, [], [], 3), (5, [1.0], [], 3), (5, [], [2.0], 0)],
    ids=["nothing finished", "nothing finished, one runs", "no slot"],
)
def test_unknown_stays_unknown(waiting: int, elapsed_s: list[float], durations_s: list[float], slots: int) -> None:
    assert estimate(waiting, elapsed_s, durations_s, slots) is None


def test_equal_tasks_share_the_slots() -> None:
    found = estimate(9, [], [10.0] * 20, slots=3)
    assert found == Eta(30.0, 30.0)
    assert str(found) == "30 s"


def test_the_last_task_takes_its_own_time_however_many_slots_are_free() -> None:
    assert estimate(1, [], [10.0] * 5, slots=100) == Eta(10.0, 10.0)
    assert estimate(0, [4.0], [10.0] * 5, slots=100) == Eta(6.0, 6.0)


def test_a_waiting_task_starts_when_the_first_slot_is_free() -> None:
    assert estimate(1, [2.0, 8.0], [10.0] * 5, slots=2) == Eta(12.0, 12.0)


@pytest.mark.parametrize(("elapsed_s", "words"), [(11.0, "any moment"), (59.0, "any moment"), (61.0, "overdue")])
def test_a_task_that_runs_far_longer_than_any_that_finished_is_overdue(elapsed_s: float, words: str) -> None:
    assert str(estimate(0, [elapsed_s, 1.0], [10.0] * 20 + [30.0], slots=2)) == "9.0 s"
    assert str(estimate(0, [elapsed_s], [10.0] * 20 + [30.0], slots=2)) == words


def test_different_durations_give_a_range() -> None:
    found = estimate(20, [], [2.0, 4.0, 6.0, 8.0, 30.0], slots=2)
    assert found is not None
    assert found.low_s < 100 < found.high_s


@given(
    st.integers(0, 1_000),
    st.lists(st.floats(0, 1e5), max_size=20),
    st.lists(st.floats(0, 1e5), min_size=1, max_size=50),
    st.integers(1, 50),
)
def test_a_range_is_a_range_and_more_work_never_takes_less(
    waiting: int, elapsed_s: list[float], durations_s: list[float], slots: int
) -> None:
    fewer, more = estimate(waiting, elapsed_s, durations_s, slots), estimate(waiting + 1, elapsed_s, durations_s, slots)
    assert fewer is not None
    assert more is not None
    assert 0 <= fewer.low_s <= fewer.high_s
    assert more.high_s >= fewer.high_s
