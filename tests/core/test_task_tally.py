"""Counts kept up by changes equal counts made afresh."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.runs import NOW_S, failed, running, succeeded, task
from tui.core.records import TaskRow, TaskState
from tui.core.run_view import count_rows
from tui.core.task_table import duration_s, is_live, short_node_id
from tui.core.task_tally import DURATIONS_KEPT, SLICE_ROWS, SlicedTally, TaskTally

NUMBERS = st.integers(0, 9)
ROWS = st.one_of(
    st.builds(task, NUMBERS),
    st.builds(task, NUMBERS, st.just(TaskState.PREPARING)),
    st.builds(running, NUMBERS),
    st.builds(succeeded, NUMBERS),
    st.builds(failed, NUMBERS),
)


@given(st.lists(st.tuples(st.booleans(), st.lists(ROWS, max_size=6)), max_size=12))
def test_any_sequence_of_changes_counts_as_the_rows_do(changes: list[tuple[bool, list[TaskRow]]]) -> None:
    tally, rows = TaskTally(), dict[str, TaskRow]()
    for is_full, changed in changes:
        if is_full:
            rows.clear()
            tally.replace(changed)
        else:
            tally.apply(changed)
        rows.update((row.id, row) for row in changed)
        assert tally.counts == count_rows(rows.values())
        assert tally.running == {row_id: row for row_id, row in rows.items() if is_live(row)}


def test_a_finished_task_counts_its_duration_once_and_the_oldest_are_let_go() -> None:
    tally = TaskTally()
    tally.apply([running(0)])
    tally.apply([succeeded(0, took_s=5)])
    tally.apply([succeeded(0, took_s=5)])
    assert list(tally.durations) == [5]
    tally.apply(succeeded(number, took_s=1) for number in range(1, DURATIONS_KEPT + 1))
    assert set(tally.durations) == {1}


def test_a_long_list_is_counted_in_slices_and_shown_whole() -> None:
    tally, rows = SlicedTally(), [task(number) for number in range(2 * SLICE_ROWS + 1)]
    tally.put([succeeded(0)], is_full=True)
    tally.put(rows, is_full=True)
    tally.put([running(7)], is_full=False)
    seen = [tally.tally.counts.total]
    while tally.is_behind:
        tally.work()
        seen.append(tally.tally.counts.total)
    assert set(seen) == {1, len(rows)}
    assert tally.tally.counts.running == 1
    tally.put([succeeded(8)], is_full=False)
    assert (tally.tally.counts.succeeded, tally.is_behind) == (1, False)


def test_the_duration_of_a_finished_task_does_not_grow() -> None:
    assert duration_s(succeeded(0, took_s=5), NOW_S + 1_000) == 5
    assert duration_s(running(0, since_s=3), NOW_S) == 3
    assert duration_s(running(0, since_s=3), NOW_S + 1) == 4
    assert duration_s(running(0, since_s=-3), NOW_S) == 0
    assert duration_s(task(0), NOW_S) is None


def test_nodes_are_told_apart_by_their_end() -> None:
    assert [short_node_id(node) for node in ("tvmps_0123abcda41_d", "node-1", "")] == ["…a41_d", "node-1", "–"]
