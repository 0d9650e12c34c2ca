"""A first list that takes long: its rows are shown as they come, as the part of the tasks that they are."""

from __future__ import annotations

import pytest

from tests.support.pilot import wait_for
from tests.support.run_screen import shown
from tests.support.runs import NOW_S, RUN_ID, failed, new_node, new_pool, succeeded, task
from tui.core.events import (
    CountsChanged,
    PollReport,
    PoolChanged,
    RunEvent,
    RunStarted,
    Step,
    StepChanged,
    StepState,
    TasksArriving,
    TasksChanged,
)
from tui.core.records import TaskCounts, TaskRow
from tui.core.task_tally import SLICE_ROWS
from tui.core.units import local_clock
from tui.ui.screens.export import ExportDialog
from tui.ui.screens.failures import FailuresScreen

_COUNTED = TaskCounts(active=90, running=2, succeeded=7, failed=1)
_WAITING: tuple[RunEvent, ...] = (
    RunStarted(RUN_ID, NOW_S - 60),
    StepChanged(Step.TASKS, StepState.DONE, NOW_S - 2),
    CountsChanged(_COUNTED, NOW_S),
    PoolChanged(new_pool(), (new_node(0),), NOW_S),
)
_ANSWERED = PollReport(NOW_S + 9, True, 60, 1)
_NEEDS_ALL = "2 of 100 so far: this needs all of them."
_CUT_OFF = PollReport(NOW_S + 9, False, 60, 1, trouble="cut off")


def _part(*rows: TaskRow, listed: int = 0) -> TasksArriving:
    return TasksArriving(rows, listed or len(rows), NOW_S + 5)


def _whole(*rows: TaskRow) -> TasksChanged:
    return TasksChanged(rows, True, NOW_S + 9, NOW_S + 9)


async def test_rows_are_shown_as_they_come_and_nothing_is_concluded_from_them() -> None:
    async with shown(*_WAITING, inputs=0) as run:
        await run.until("Reading 100 tasks…", "active  90 · running   2 · succeeded   7 · failed   1")
        await run.feed(_part(succeeded(0), succeeded(1)))
        await run.until("tasks · 2 of 100 so far · listing…", "topword-00001", "✓ succeeded")
        await run.until("active  90 · running   2 · succeeded   7 · failed   1", "ETA –")
        await run.feed(_part(failed(2), listed=3))
        await run.until("tasks · 3 of 100 so far · listing…", "topword-00002", "✗ failed", "failed   1")
        assert run.screen.view.tasks_read_s is None
        await run.feed(_whole(succeeded(0), succeeded(1), failed(2), task(3)), _ANSWERED)
        await run.until("tasks · 4 ", "active 1 · running 0 · succeeded 2 · failed 1")
        await run.until_gone("listing")


async def test_that_all_are_done_is_believed_from_a_whole_list_alone() -> None:
    all_done = TaskCounts(active=0, running=0, succeeded=2, failed=0)
    async with shown(*_WAITING, CountsChanged(all_done, NOW_S), _part(succeeded(0)), inputs=0) as run:
        await run.until("tasks · 1 of 2 so far", "active 0 · running 0 · succeeded 2 · failed 0", "ETA –")
        await run.feed(_whole(succeeded(0), succeeded(1)), _ANSWERED)
        await run.until_gone("ETA")


async def test_what_broke_off_stays_shown_as_a_part_until_a_whole_list_replaces_it() -> None:
    async with shown(*_WAITING) as run:
        await run.feed(_part(task(0), task(1), task(2)), _CUT_OFF)
        await run.until("tasks · 3 of 100 so far · not all are listed", "Nothing heard since", "failed   1")
        await run.feed(_part(succeeded(0)))
        await run.until("tasks · 3 of 100 so far · listing… 1 anew", "✓ succeeded")
        await run.until_gone("Nothing heard since")
        await run.feed(_CUT_OFF)
        await run.until(f"Nothing heard since {local_clock(NOW_S + 5)}")
        await run.feed(_whole(succeeded(0), task(2)), _ANSWERED)
        await run.until("tasks · 2 ", "active 1 · running 0 · succeeded 1 · failed 0")
        assert list(run.screen.tasks.rows) == [succeeded(0), task(2)]


async def test_the_age_is_that_of_the_first_page() -> None:
    async with shown(*_WAITING) as run:
        run.clock.moment_s += 40
        await run.feed(TasksChanged((task(0),), True, NOW_S, NOW_S), PollReport(NOW_S + 40, True, 60, 1, as_of_s=NOW_S))
        await run.until("⟳ 40 s ago")
        assert run.screen.title_line.is_stale
        await run.feed(PollReport(NOW_S + 40, True, 60, 1, as_of_s=NOW_S + 38))
        await run.until("⟳ 2.0 s ago")


async def test_a_session_that_ends_in_the_midst_lists_no_more() -> None:
    async with shown(*_WAITING) as run:
        await run.feed(_part(task(0)))
        run.screen.end(None)
        await run.until("tasks · 1 of 100 so far · not all are listed")


async def test_a_later_list_only_says_how_far_it_is() -> None:
    async with shown(*_WAITING, _whole(task(0), task(1)), _ANSWERED) as run:
        await run.feed(_part(listed=1))
        await run.until("tasks · 2 · listing… 1 anew", "active 2")
        await run.feed(_part(succeeded(1), listed=2))
        assert list(run.screen.tasks.rows) == [task(0), task(1)], "the table and the counts are of one list"
        await run.feed(_ANSWERED)
        await run.until_gone("listing")


async def test_many_rows_at_once_come_in_slices_and_the_whole_list_ends_it() -> None:
    rows = tuple(task(number) for number in range(2 * SLICE_ROWS + 7))
    async with shown(*_WAITING) as run:
        run.screen.feed([_part(*rows[:-5])])
        assert run.screen.tasks.total == SLICE_ROWS
        run.screen.feed([_whole(*rows), TasksChanged((succeeded(9),), False, NOW_S, NOW_S)])
        await run.until(f"tasks · {len(rows):,} ", "succeeded      1")
        assert list(run.screen.tasks.rows) == [*rows[:9], succeeded(9), *rows[10:]]


@pytest.mark.parametrize("action", ["failures", "export", "tail"])
async def test_what_needs_all_tasks_says_that_they_are_still_being_listed(action: str) -> None:
    async with shown(*_WAITING) as run:
        await run.feed(_part(failed(0), task(1)))
        getattr(run.screen, f"action_{action}")()
        notes = run.pilot.app._notifications
        await run.until_so(lambda: [note.message for note in notes] == [_NEEDS_ALL], "it is said")
        assert run.screen.is_current


async def test_marked_tasks_are_exported_all_the_same() -> None:
    async with shown(*_WAITING) as run:
        await run.feed(_part(failed(0), task(1)))
        await run.press("space")
        run.screen.action_export()
        await wait_for(run.pilot, lambda: isinstance(run.pilot.app.screen, ExportDialog), "the dialog")


async def test_a_filter_that_finds_nothing_speaks_of_what_is_listed() -> None:
    async with shown(*_WAITING) as run:
        await run.feed(_part(task(0), task(1)))
        await run.press("f")
        await run.until("tasks · 0 of 2 so far · listing… · failed only", "No task that is listed yet matches")
        await run.feed(_whole(task(0), task(1)), _ANSWERED)
        await run.until("tasks · 0 of 2 · failed only", "No task matches")


async def test_once_all_are_listed_failures_open() -> None:
    async with shown(*_WAITING) as run:
        await run.feed(_part(failed(0)), _whole(failed(0)), _ANSWERED)
        await run.press("g")
        await wait_for(run.pilot, lambda: isinstance(run.pilot.app.screen, FailuresScreen), "the failures")
