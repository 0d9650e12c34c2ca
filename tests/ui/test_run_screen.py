"""The run screen on fed events: what it shows."""

from __future__ import annotations

from dataclasses import replace

from tests.support.run_screen import shown
from tests.support.runs import (
    NOW_S,
    RUN_ID,
    ended_events,
    failed,
    new_node,
    new_pool,
    running_events,
    set_up_events,
    succeeded,
    task,
)
from tui.core.errors import AccessRefused
from tui.core.events import (
    Notice,
    PollReport,
    PoolChanged,
    RunStarted,
    Step,
    StepChanged,
    StepState,
    TasksChanged,
)
from tui.core.records import FailureInfo, ResizeError
from tui.core.task_tally import SLICE_ROWS
from tui.core.units import local_clock
from tui.ui.services import LogSource


async def test_a_run_is_told_from_before_its_first_event_to_the_rows_of_its_tasks() -> None:
    async with shown() as run:
        await run.until(RUN_ID, "○ starting", "○ containers", "Tasks appear here", "Nodes appear", "ETA –")
        await run.feed(*set_up_events())
        await run.until("Reading the tasks…")
        await run.feed(*running_events())
        await run.until(
            "● running 00:04:12",
            "✓ upload 8/8 12 KB",
            "✓ pool steady 3/3",
            "● monitor 4/8",
            "active 2 · running 2 · succeeded 3 · failed 1",
            "tasks · 8",
            "topword-00003  ✗ failed",
            "nodes · 3",
            "□ starting 1",
            "⟳ 0.8 s ago",
            "1.2 req/s",
            "http://127.0.0.1:41233",
        )
        await run.feed(TasksChanged((succeeded(2),), False, NOW_S, NOW_S))
        await run.until("running 1 · succeeded 4", "topword-00002  ✓ succeeded")
        await run.feed(TasksChanged((succeeded(0),), True, NOW_S, NOW_S))
        await run.until("tasks · 1 ", "active 0 · running 0 · succeeded 1 · failed 0")


async def test_a_long_first_list_comes_in_slices_and_what_changes_meanwhile_after_it() -> None:
    rows = tuple(task(number) for number in range(2 * SLICE_ROWS + 7))
    async with shown() as run:
        run.screen.feed([TasksChanged(rows, True, NOW_S, NOW_S), TasksChanged((succeeded(9),), False, NOW_S, NOW_S)])
        first = run.screen.tasks.total
        await run.until(f"tasks · {len(rows):,}", "succeeded      1")
        assert SLICE_ROWS <= first < len(rows)
        assert list(run.screen.tasks.rows) == [*rows[:9], succeeded(9), *rows[10:]]


async def test_time_passes_on_screen_and_the_age_is_that_of_the_last_look_even_where_it_found_nothing_new() -> None:
    async with shown(*running_events()) as run:
        await run.until("3.4 s", "⟳ 0.8 s ago")
        run.clock.moment_s += 20
        run.screen.tick()
        await run.until("23 s", "● running 00:04:32", "⟳ 21 s ago")
        assert run.screen.title_line.is_stale
        await run.feed(PoolChanged(new_pool(), (new_node(0),), NOW_S + 20))
        await run.until("⟳ 21 s ago", "0.0 s ago")
        run.clock.moment_s += 10
        await run.feed(PollReport(NOW_S + 29, True, 60, 1))
        await run.until("⟳ 1.0 s ago")
        run.clock.moment_s += 30
        await run.feed(PollReport(NOW_S + 59, False, 60, 1, trouble="no answer"))
        await run.until("⟳ 31 s ago")


async def test_a_pool_says_what_keeps_it_from_its_nodes_and_a_failed_start_task_what_it_printed() -> None:
    error = ResizeError("AccountCoreQuotaReached", "The account has reached its core quota")
    pool = replace(new_pool(nodes=0), resize_errors=(error,))
    failure = FailureInfo("usererror", "FailureExitCode", "The start task failed")
    broken = replace(new_node(0, "starttaskfailed"), start_task_failure=failure, start_task_exit_code=127)
    async with shown(RunStarted(RUN_ID, NOW_S), PoolChanged(pool, (), NOW_S)) as run:
        await run.until("AccountCoreQuotaReached", "core quota")
        nodes = tuple(map(new_node, range(3)))
        await run.feed(PoolChanged(replace(pool, current_dedicated=3), nodes, NOW_S))
        await run.until_gone("AccountCoreQuotaReached")
        run.logs.contents[LogSource("start task", broken.id, "stderr")] = b"apt-get: not found\n"
        await run.feed(PoolChanged(new_pool(), (broken, new_node(1)), NOW_S))
        await run.until("start task failed on 1 of 2 nodes", "exit 127", "✗ broken 1", "apt-get: not found")


async def test_silence_says_since_when_throttling_until_when_and_both_end_with_an_answer() -> None:
    async with shown(*running_events()) as run:
        await run.feed(PollReport(NOW_S, False, 60, 4, trouble="connection refused"))
        await run.feed(PollReport(NOW_S + 9, False, 60, 8, trouble="connection refused"))
        since = run.screen._silent_since_s
        assert since == NOW_S - 0.8
        await run.until("Nothing heard since", "connection refused", "8.0 s", "ETA –")
        await run.feed(PollReport(NOW_S + 20, True, 60, 1))
        await run.until_gone("connection refused")
        assert "ETA –" not in run.text
        until_s = NOW_S + 32
        await run.feed(PollReport(NOW_S + 20, False, 60, 12, "429 TooManyRequests", throttled_until_s=until_s))
        await run.until(f"slow down until {local_clock(until_s)}", "429 TooManyRequests")
        run.clock.moment_s += 40
        run.screen.tick()
        await run.until(f"we ask again since {local_clock(until_s)}")
        await run.feed(PollReport(until_s, True, 60, 1))
        await run.until_gone("slow down")


async def test_an_error_that_ends_the_run_stays_with_its_hint() -> None:
    async with shown(*set_up_events()) as run:
        run.screen.end(AccessRefused("Batch refused the key", "403 AuthenticationFailed", "check the account key"))
        await run.until("Batch refused the key", "403 AuthenticationFailed", "check the account key")


async def test_the_end_shows_the_summary_what_costs_and_only_keys_there_are() -> None:
    async with shown(*ended_events(), size=(160, 45)) as run:
        await run.until(
            "✗ some tasks failed in 00:04:12",
            "1 of 8 tasks failed",
            "7 succeeded · 1 failed",
            "7 files, 45 KB, in /home/user/results",
            "costs   pool",
            "        3 nodes",
            "left    job, 3 containers",
            "q Quit",
        )
        assert "ETA" not in run.text
        await run.pilot.press("escape")
        await run.until_gone("7 files, 45 KB")


async def test_text_from_the_service_reaches_the_terminal_harmless() -> None:
    hostile = "a\x1b]0;owned\x07\x9b2J[red]b"
    failure = FailureInfo("usererror", "X", hostile)
    row = replace(failed(0), failure=failure, node_id=hostile)
    events = [*set_up_events(), StepChanged(Step.MONITOR, StepState.FAILED, NOW_S, hostile), Notice(hostile)]
    async with shown(*events, TasksChanged((row,), True, NOW_S, NOW_S)) as run:
        await run.pilot.press("enter")
        await run.until("details · topword-00000", "a␛]0;owned␇�2J[red]b")
        assert not set(run.text) & {"\x1b", "\x07", "\x9b"}


async def test_no_line_is_ever_wider_than_the_terminal_and_the_table_is_there() -> None:
    async with shown(*running_events(), size=(80, 24)) as run:
        for width, height in ((80, 24), (200, 60), (120, 40), (100, 30), (40, 12)):
            await run.pilot.resize_terminal(width, height)
            await run.until("topword-00000")
            lines = run.text.split("\n")
            assert (len(lines), {len(line) for line in lines}) == (height, {width})
            assert RUN_ID in lines[0]
            if width >= 80:
                assert "⟳ 0.8 s ago" in lines[0]
                assert all(f"{step.value}" in lines[1] for step in Step)
                assert "succeeded" in run.text
