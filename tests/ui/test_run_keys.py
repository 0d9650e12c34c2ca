"""The run screen's keys: what they do, and what is said when it is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.pilot import wait_for
from tests.support.run_screen import shown
from tests.support.runs import (
    CANNED_ROWS,
    NOW_S,
    RUN_ID,
    FakeSession,
    PausableFakeSession,
    ended_events,
    failed,
    new_plan,
    new_services,
    running_events,
    set_up_events,
    task,
)
from tui.core.events import (
    RunEvent,
    Step,
    StepChanged,
    StepState,
    TasksChanged,
)
from tui.core.log_window import SEAM_BYTES
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.run import RunScreen
from tui.ui.services import LogSource

# What the keys do


async def test_the_list_is_narrowed_to_failures_and_as_one_types_and_esc_shows_all_again() -> None:
    async with shown(*running_events()) as run:
        await run.press("f")
        await run.until("tasks · 1 of 8 · failed only", "topword-00003")
        assert "topword-00000" not in run.text.split("stdout")[0]
        await run.feed(TasksChanged((failed(6),), False, NOW_S, NOW_S))
        await run.until("tasks · 2 of 8", "topword-00006")
        await run.press("f")
        await run.until("tasks · 8")
        await run.press("slash", *"größe")
        await run.until("tasks · 1 of 8 · “größe”", "topword-00001")
        await run.press("enter")
        assert run.screen.focused is not None
        assert run.screen.focused.id == "tasks"
        await run.press("slash", *"q")
        await run.until("No task matches")
        await run.press("escape")
        await run.until("tasks · 8")
        assert run.screen.is_current


async def test_a_bad_filter_is_explained_as_typed_and_the_last_good_one_stays() -> None:
    async with shown(*running_events()) as run:
        await run.press("slash", *"exit:1")
        await run.until("tasks · 1 of 8 · “exit:1”")
        await run.press(*"x")
        await run.until("✗ at “1x”: expected a whole number", "tasks · 1 of 8 · “exit:1”")
        await run.press("backspace", *" st")
        await run.until("completes: state:")
        await run.press("right", *"f", "enter")
        await run.until("“exit:1 state:f”")
        await run.feed(TasksChanged((failed(6),), False, NOW_S, NOW_S))
        await run.until("tasks · 2 of 8")


async def test_sorting_goes_through_the_columns_and_by_duration_stays_true_while_tasks_run() -> None:
    async with shown(*running_events()) as run:
        model = run.screen._model

        def first(count: int) -> list[str]:
            return [model.row_at(position).id for position in range(count)]

        await run.press("s", "s")
        await run.until("by state ▲", "STATE▲")
        await run.press("S")
        await run.until("by state ▼")
        assert first(2) == ["topword-00003", "topword-00000"]
        run.screen._list.table.sort_by("duration")
        run.screen.tick()
        await run.until("by duration ▲")
        assert first(3) == ["topword-00000", "topword-00001", "topword-00003"]
        run.clock.moment_s += 1_000
        run.screen.tick()
        await run.pilot.pause()
        assert model.position_of("topword-00002") == 4


async def test_a_log_is_read_on_only_while_its_screen_is_in_sight() -> None:
    growing = LogSource("task", "topword-00002", "stdout")
    async with shown(*running_events(), size=(160, 30)) as run:
        run.logs.contents[growing] = b"counting\n"
        run.screen._list.table.move_to(growing.id)
        await run.until("counting")
        await run.press("n")
        await run.until_so(lambda: not run.screen.is_active, "another screen is on top")
        run.logs.contents[growing] += b"still at it\n"
        run.logs.reads.clear()
        run.screen.tick()
        await run.pilot.pause()
        assert growing not in [read for read, _ in run.logs.reads]
        await run.press("escape")
        await run.until("still at it")


async def test_a_log_is_read_as_far_as_it_grows_and_no_further_and_enter_shows_the_facts() -> None:
    finished, growing = (LogSource("task", f"topword-{number:05}", "stdout") for number in (0, 2))
    async with shown(*set_up_events(), TasksChanged((task(0),), True, NOW_S, NOW_S), size=(160, 30)) as run:
        await run.until("has not started")
        run.screen.tick()
        await run.pilot.pause()
        assert run.logs.reads == [], "there is nothing yet"

        run.logs.contents[finished] = b"x" * 200_000 + b"\nthe end\n"
        run.logs.contents[growing] = b"counting\n" * 100
        await run.feed(*running_events())
        await run.until("the end", "complete · last 64 KB of 195 KB")
        await run.press("tab", "slash", *"end")
        await run.until("1 found in the last 64 KB")
        reads = len(run.logs.reads)
        run.screen.tick()
        await run.pilot.pause()
        assert len(run.logs.reads) == reads

        run.screen._list.table.move_to("topword-00002")
        await run.until("stdout · topword-00002", "counting")
        run.logs.contents[growing] += "größer\n".encode()
        run.screen.tick()
        await run.until("größer")
        assert [offset for read, offset in run.logs.reads if read == growing][:2] == [None, 900 - SEAM_BYTES]

        run.screen._list.table.focus()
        await run.press("l")
        await run.until("stderr · topword-00002", "No output yet")
        run.screen._list.table.move_to("topword-00003")
        await run.press("enter")
        await run.until("details · topword-00003", "✗ failed", "FailureExitCode", "top_words.py", "x␛[31mred.txt")


async def test_where_it_is_narrow_the_task_opens_below_and_esc_closes_it() -> None:
    async with shown(*running_events(), size=(80, 24)) as run:
        assert "stdout" not in run.text
        await run.press("l")
        await run.until("stdout · topword-00000")
        await run.press("escape")
        await run.until_gone("stdout ·")


async def test_the_table_has_the_keys_once_the_panel_is_closed_or_has_no_room() -> None:
    async with shown(*running_events(), size=(80, 24)) as run:
        run.logs.contents[LogSource("task", "topword-00000", "stdout")] = b"counting\n" * 100
        table = run.screen.query_one("#tasks")
        await run.press("l")
        await run.until("counting")
        await run.press("tab")
        await wait_for(run.pilot, lambda: not table.has_focus, "the log has the focus")
        await run.press("escape")
        await wait_for(run.pilot, lambda: table.has_focus, "the panel is closed")
        await run.pilot.resize_terminal(160, 45)
        await run.until("counting")
        await run.press("tab")
        await wait_for(run.pilot, lambda: not table.has_focus, "the log beside the table has the focus")
        await run.pilot.resize_terminal(80, 24)
        await wait_for(run.pilot, lambda: table.has_focus, "no room for the log")


async def test_pause_is_there_only_for_a_session_that_can() -> None:
    session = PausableFakeSession()
    async with shown(*running_events(), session=session) as run:
        await run.until("p Pause")
        await run.press("p")
        await run.until("‖ paused")
        await run.press("r")
        assert session.refreshes == 1
        paused = [session.is_paused]
        await run.press("p")
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
        await run.press("q")
        await wait_for(run.pilot, lambda: session.is_stopped, "the session was told to stop")
    assert run.pilot.app.return_value == 1


async def test_quitting_asks_first_and_staying_changes_nothing() -> None:
    session = PausableFakeSession()
    async with shown(*running_events(), session=session) as run:
        await run.press("q")
        await run.until("leave the run?", "Stay")
        assert isinstance(run.pilot.app.screen, ConfirmDialog)
        await run.press("enter")
        await run.until_gone("leave the run?")
        assert not session.is_stopped
        await run.press("q", "right", "enter")
        await wait_for(run.pilot, lambda: session.is_stopped, "the session was told to stop")


def test_canned_rows_hold_every_state_a_person_may_see() -> None:
    assert {row.status.value for row in CANNED_ROWS} == {"active", "running", "succeeded", "failed"}
