"""The run screen on fed events: what it shows, what the keys do, and what it says when it is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.support.pilot import wait_for
from tests.support.runs import (
    CANNED_ROWS,
    NOW_S,
    RUN_ID,
    FakeLogs,
    FakeSession,
    FrozenClock,
    PausableFakeSession,
    ended_events,
    failed,
    new_node,
    new_plan,
    new_pool,
    new_services,
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
    RunEvent,
    RunStarted,
    Step,
    StepChanged,
    StepState,
    TasksChanged,
)
from tui.core.records import FailureInfo, ResizeError
from tui.core.task_tally import SLICE_ROWS
from tui.core.units import local_clock
from tui.ui.app import BatchTui
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.run import RunScreen
from tui.ui.services import LogSource, RunSession

COMFORTABLE = (120, 40)


class Shown:
    """A run screen on a pilot, and what can be read on it."""

    def __init__(self, pilot: Pilot[int], screen: RunScreen, clock: FrozenClock, logs: FakeLogs) -> None:
        self.pilot, self.screen, self.clock, self.logs = pilot, screen, clock, logs

    @property
    def text(self) -> str:
        """Everything on the terminal."""
        lines = self.pilot.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in lines)

    async def feed(self, *events: RunEvent) -> None:
        self.screen.feed(events)
        await self.pilot.pause()

    async def until(self, *texts: str) -> None:
        await wait_for(self.pilot, lambda: all(text in self.text for text in texts), f"on screen: {texts}")

    async def until_gone(self, text: str) -> None:
        await wait_for(self.pilot, lambda: text not in self.text, f"no longer on screen: {text}")


@asynccontextmanager
async def shown(
    *events: RunEvent, size: tuple[int, int] = COMFORTABLE, session: RunSession | None = None, inputs: int = 8
) -> AsyncIterator[Shown]:
    clock, logs = FrozenClock(), FakeLogs()
    screen = RunScreen(new_services(logs, clock), new_plan(inputs), session)
    async with BatchTui(lambda: screen).run_test(size=size) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        view = Shown(pilot, screen, clock, logs)
        await view.feed(*events)
        yield view


# What it shows


async def test_before_anything_is_read_it_says_what_it_waits_for() -> None:
    async with shown() as run:
        await run.until(RUN_ID, "○ starting", "○ containers", "Tasks appear here", "Nodes appear", "ETA –")
        await run.feed(*set_up_events())
        await run.until("Reading the tasks…")


async def test_a_run_under_way_shows_steps_counts_rows_nodes_age_and_rate() -> None:
    async with shown(*running_events()) as run:
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


async def test_changed_rows_are_merged_and_a_full_list_replaces() -> None:
    async with shown(*running_events()) as run:
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


async def test_time_passes_on_screen_between_polls() -> None:
    async with shown(*running_events()) as run:
        await run.until("3.4 s")
        run.clock.moment_s += 20
        run.screen.tick()
        await run.until("23 s", "● running 00:04:32", "⟳ 21 s ago")
        assert run.screen.title_line.is_stale


async def test_a_pool_that_cannot_allocate_says_why_until_it_has_its_nodes() -> None:
    error = ResizeError("AccountCoreQuotaReached", "The account has reached its core quota")
    pool = replace(new_pool(nodes=0), resize_errors=(error,))
    async with shown(RunStarted(RUN_ID, NOW_S), PoolChanged(pool, (), NOW_S)) as run:
        await run.until("AccountCoreQuotaReached", "core quota")
        nodes = tuple(map(new_node, range(3)))
        await run.feed(PoolChanged(replace(pool, current_dedicated=3), nodes, NOW_S))
        await run.until_gone("AccountCoreQuotaReached")


async def test_a_failed_start_task_is_named_and_its_output_shown() -> None:
    failure = FailureInfo("usererror", "FailureExitCode", "The start task failed")
    node = replace(new_node(0, "starttaskfailed"), start_task_failure=failure, start_task_exit_code=127)
    async with shown() as run:
        run.logs.contents[LogSource("start task", node.id, "stderr")] = b"apt-get: not found\n"
        await run.feed(RunStarted(RUN_ID, NOW_S), PoolChanged(new_pool(), (node, new_node(1)), NOW_S))
        await run.until("start task failed on 1 of 2 nodes", "exit 127", "✗ broken 1", "apt-get: not found")


async def test_silence_says_since_when_and_ends_when_the_service_answers() -> None:
    async with shown(*running_events()) as run:
        await run.feed(PollReport(NOW_S, False, 60, 4, trouble="connection refused"))
        await run.feed(PollReport(NOW_S + 9, False, 60, 8, trouble="connection refused"))
        since = run.screen._silent_since_s
        assert since == NOW_S - 0.8
        await run.until("Nothing heard since", "connection refused", "8.0 s", "ETA –")
        await run.feed(PollReport(NOW_S + 20, True, 60, 1))
        await run.until_gone("connection refused")


async def test_the_age_is_that_of_the_last_look_even_where_it_found_nothing_new() -> None:
    async with shown(*running_events()) as run:
        run.clock.moment_s += 30
        await run.feed(PollReport(NOW_S + 29, True, 60, 1))
        await run.until("⟳ 1.0 s ago")
        run.clock.moment_s += 30
        await run.feed(PollReport(NOW_S + 59, False, 60, 1, trouble="no answer"))
        await run.until("⟳ 31 s ago")


async def test_throttling_says_until_when() -> None:
    async with shown(*running_events()) as run:
        await run.feed(PollReport(NOW_S, False, 60, 12, "429 TooManyRequests", throttled_until_s=NOW_S + 12))
        await run.until(f"slow down until {local_clock(NOW_S + 12)}", "429 TooManyRequests")
        await run.feed(PollReport(NOW_S + 12, True, 60, 1))
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


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60), (40, 12)])
async def test_no_line_is_ever_wider_than_the_terminal_and_the_table_is_there(size: tuple[int, int]) -> None:
    async with shown(*running_events(), size=size) as run:
        await run.until("topword-00000")
        lines = run.text.split("\n")
        assert len(lines) == size[1]
        title = lines[0]
        assert RUN_ID in title
        if size[0] >= 80:
            assert "⟳ 0.8 s ago" in title
            assert all(f"{step.value}" in lines[1] for step in Step)
            assert "succeeded" in run.text


# What the keys do


async def test_failed_only_shows_what_failed_and_back() -> None:
    async with shown(*running_events()) as run:
        await run.pilot.press("f")
        await run.until("tasks · 1 of 8 · failed only", "topword-00003")
        assert "topword-00000" not in run.text.split("stdout")[0]
        await run.feed(TasksChanged((failed(6),), False, NOW_S, NOW_S))
        await run.until("tasks · 2 of 8", "topword-00006")
        await run.pilot.press("f")
        await run.until("tasks · 8")


async def test_the_filter_narrows_as_one_types_and_esc_shows_all_again() -> None:
    async with shown(*running_events()) as run:
        await run.pilot.press("slash", *"größe")
        await run.until("tasks · 1 of 8 · “größe”", "topword-00001")
        await run.pilot.press("enter")
        assert run.screen.focused is not None
        assert run.screen.focused.id == "tasks"
        await run.pilot.press("slash", *"q")
        await run.until("No task matches")
        await run.pilot.press("escape")
        await run.until("tasks · 8")
        assert run.screen.is_current


async def test_a_bad_filter_is_explained_as_typed_and_the_last_good_one_stays() -> None:
    async with shown(*running_events()) as run:
        await run.pilot.press("slash", *"exit:1")
        await run.until("tasks · 1 of 8 · “exit:1”")
        await run.pilot.press(*"x")
        await run.until("✗ at “1x”: expected a whole number", "tasks · 1 of 8 · “exit:1”")
        await run.pilot.press("backspace", *" st")
        await run.until("completes: state:")
        await run.pilot.press("right", *"f", "enter")
        await run.until("“exit:1 state:f”")
        await run.feed(TasksChanged((failed(6),), False, NOW_S, NOW_S))
        await run.until("tasks · 2 of 8")


async def test_sorting_by_key_goes_through_the_columns() -> None:
    async with shown(*running_events()) as run:
        await run.pilot.press("s", "s")
        await run.until("by state ▲", "STATE▲")
        await run.pilot.press("S")
        await run.until("by state ▼")
        assert [row.id for row in map(run.screen._model.row_at, range(2))] == ["topword-00003", "topword-00000"]


async def test_a_sort_by_duration_stays_true_while_tasks_run() -> None:
    async with shown(*running_events()) as run:
        model = run.screen._model
        run.screen._list.table.sort_by("duration")
        run.screen.tick()
        await run.until("by duration ▲")
        assert [model.row_at(position).id for position in range(3)] == [
            "topword-00000",
            "topword-00001",
            "topword-00003",
        ]
        run.clock.moment_s += 1_000
        run.screen.tick()
        await run.pilot.pause()
        assert model.position_of("topword-00002") == 4


async def test_enter_shows_the_facts_of_a_task() -> None:
    async with shown(*running_events(), size=(160, 45)) as run:
        run.screen._list.table.move_to("topword-00003")
        await run.pilot.press("enter")
        await run.until("details · topword-00003", "✗ failed", "FailureExitCode", "top_words.py", "x␛[31mred.txt")


async def test_the_log_follows_new_bytes_only() -> None:
    source = LogSource("task", "topword-00002", "stdout")
    async with shown(*running_events()) as run:
        run.logs.contents[source] = b"counting\n"
        run.screen._list.table.move_to("topword-00002")
        await run.until("stdout · topword-00002", "counting")
        run.logs.contents[source] += "größer\n".encode()
        run.screen.tick()
        await run.until("größer")
        assert [offset for read, offset in run.logs.reads if read == source][:2] == [None, 9]
        await run.pilot.press("l")
        await run.until("stderr · topword-00002", "No output yet")


async def test_the_log_of_a_finished_task_is_read_to_its_end_and_no_further() -> None:
    source = LogSource("task", "topword-00000", "stdout")
    async with shown() as run:
        run.logs.contents[source] = b"x" * 200_000 + b"\nthe end\n"
        await run.feed(*running_events())
        await run.until("the end", "complete")
        reads = len(run.logs.reads)
        run.screen.tick()
        await run.pilot.pause()
        assert len(run.logs.reads) == reads


async def test_a_task_that_has_not_started_has_nothing_read() -> None:
    async with shown(*set_up_events(), TasksChanged((task(0),), True, NOW_S, NOW_S)) as run:
        await run.until("has not started")
        run.screen.tick()
        await run.pilot.pause()
        assert run.logs.reads == []


async def test_where_it_is_narrow_the_task_opens_below_and_esc_closes_it() -> None:
    async with shown(*running_events(), size=(80, 24)) as run:
        assert "stdout" not in run.text
        await run.pilot.press("l")
        await run.until("stdout · topword-00000")
        await run.pilot.press("escape")
        await run.until_gone("stdout ·")


async def test_pause_is_there_only_for_a_session_that_can() -> None:
    session = PausableFakeSession()
    async with shown(*running_events(), session=session) as run:
        await run.until("p Pause")
        await run.pilot.press("p")
        await run.until("‖ paused")
        await run.pilot.press("r")
        assert session.refreshes == 1
        paused = [session.is_paused]
        await run.pilot.press("p")
        await run.until("● running")
        assert [*paused, session.is_paused] == [True, False]
        await run.feed(*ended_events()[-1:])
        await run.until_gone("p Pause")
    assert not RunScreen(new_services(), new_plan(), FakeSession()).check_action("pause", ())
    assert not RunScreen(new_services(), new_plan()).check_action("pause", ())


# How it is left


def question_of(*events: RunEvent) -> str:
    screen = RunScreen(new_services(), new_plan(), FakeSession())
    for event in events:
        screen.view.apply(event)
    question = screen.leaving_question()
    return "" if question is None else question.text


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (list, "stops at the step “start”"),
        (lambda: [StepChanged(Step.UPLOAD, StepState.RUNNING, NOW_S)], "stops at the step “upload”"),
        (running_events, "go on without this program, for 20 min at most"),
        (
            lambda: [
                *running_events(),
                *(
                    StepChanged(Step.MONITOR, StepState.DONE, NOW_S),
                    StepChanged(Step.DOWNLOAD, StepState.RUNNING, NOW_S),
                ),
            ],
            "The tasks are done, but “download” stops",
        ),
    ],
    ids=["before the first step", "upload", "monitor", "download"],
)
def test_leaving_says_truly_what_becomes_of_the_run(events: Callable[[], list[RunEvent]], words: str) -> None:
    text = question_of(*events())
    assert words in text
    assert f"batch-tui runs resume {RUN_ID}" in text


def test_a_run_that_is_over_is_left_without_a_question() -> None:
    assert question_of(*ended_events()) == ""


async def test_the_session_is_followed_to_its_end_and_the_program_ends_with_its_exit_code() -> None:
    session = FakeSession(running_events(), ended_events()[-1:])
    async with shown(session=session, size=(160, 45)) as run:
        await run.until("1 of 8 tasks failed")
        assert session.is_started
        await run.pilot.press("q")
        await wait_for(run.pilot, lambda: session.is_stopped, "the session was told to stop")
    assert run.pilot.app.return_value == 1


async def test_quitting_asks_first_and_staying_changes_nothing() -> None:
    session = PausableFakeSession()
    async with shown(*running_events(), session=session) as run:
        await run.pilot.press("q")
        await run.until("leave the run?", "Stay")
        assert isinstance(run.pilot.app.screen, ConfirmDialog)
        await run.pilot.press("enter")
        await run.until_gone("leave the run?")
        assert not session.is_stopped
        await run.pilot.press("q", "right", "enter")
        await wait_for(run.pilot, lambda: session.is_stopped, "the session was told to stop")


def test_canned_rows_hold_every_state_a_person_may_see() -> None:
    assert {row.status.value for row in CANNED_ROWS} == {"active", "running", "succeeded", "failed"}
