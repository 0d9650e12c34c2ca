"""Failures in groups, why nothing runs, and the nodes: what they show and what they lead to."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from textual.command import CommandPalette
from textual.pilot import Pilot

from tests.support.jobs import JOB, SITUATION, FakeJobDesk, services_with
from tests.support.past_runs import FakeRuns
from tests.support.pilot import wait_for
from tests.support.runs import (
    NOW_S,
    RUN_ID,
    FakeLogs,
    FakeSession,
    FrozenClock,
    failed,
    new_node,
    new_plan,
    new_pool,
    running,
    running_events,
    set_up_events,
    succeeded,
)
from tui.core.events import PoolChanged, RunEvent, TasksChanged
from tui.core.plan import ExistingPool, RunPlan
from tui.core.records import FailureInfo, ResizeError, TaskCounts
from tui.core.rerun import RetryGround
from tui.core.view_columns import ColumnChoice
from tui.ui.app import BatchTui
from tui.ui.blocking import run_in_daemon_thread
from tui.ui.screens.export import ExportDialog
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.screens.run import RunScreen
from tui.ui.services import LogSource


class Shown:
    def __init__(self, pilot: Pilot[int], screen: RunScreen) -> None:
        self.pilot, self.screen = pilot, screen

    @property
    def text(self) -> str:
        return "\n".join(strip.text for strip in self.pilot.app.screen._compositor.render_strips())

    async def until(self, *texts: str) -> None:
        await wait_for(self.pilot, lambda: all(text in self.text for text in texts), f"on screen: {texts}")


@asynccontextmanager
async def shown(
    desk: FakeJobDesk, events: Sequence[RunEvent], logs: FakeLogs | None = None, *, is_read_only: bool = False
) -> AsyncIterator[Shown]:
    screen = RunScreen(services_with(desk, logs, FrozenClock()), new_plan(), is_read_only=is_read_only)
    async with BatchTui(lambda: screen).run_test(size=(120, 26), notifications=True) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        screen.feed(events)
        yield Shown(pilot, screen)


MEMORY = [failed(number) for number in range(4)]
ENDED = [
    replace(failed(number), exit_code=None, failure=FailureInfo("usererror", "TaskEnded", "")) for number in (4, 5)
]
FAILURES = [*set_up_events(), TasksChanged((*MEMORY, *ENDED, succeeded(6), succeeded(7)), True, NOW_S, NOW_S)]


def stderr(*lines: tuple[int, bytes]) -> FakeLogs:
    return FakeLogs({LogSource("task", f"topword-{number:05}", "stderr"): line for number, line in lines})


async def test_failures_are_grouped_by_what_they_said_last_and_enter_shows_the_group() -> None:
    logs = stderr(*((number, b"loading\nMemoryError at 0x%x\n" % (4_096 + number)) for number in range(4)))
    async with shown(FakeJobDesk(), FAILURES, logs) as run:
        await run.pilot.press("g")
        await run.until("failures · 2 groups · 6 tasks", "MemoryError at <hex>", "(nothing on stderr)", "✗ 6 failed")
        assert "0x100" not in run.text
        await run.pilot.press("down", "enter")
        await run.until("tasks · 2 of 8 · TaskEnded: (nothing on stderr)")
        run.screen.feed([TasksChanged((succeeded(4),), False, NOW_S, NOW_S)])
        await run.until("tasks · 2 of 8")
        await run.pilot.press("escape")
        await run.until("tasks · 8 ")


async def test_a_group_is_run_again_and_what_was_refused_can_be_tried_again() -> None:
    desk = FakeJobDesk(refused={"topword-00002": "TaskNotCompleted: it runs"})
    async with shown(desk, FAILURES) as run:
        await run.pilot.press("g")
        await run.until("failures · 2 groups")
        await run.pilot.press("R")
        await run.until("run 4 tasks again?")
        await run.pilot.press("right", "enter")
        await run.until("✓ 3 done", "✗ 1 failed", "topword-00002", "TaskNotCompleted: it runs")
        desk.refused.clear()
        await run.pilot.press("t")
        await run.until("✓ 4 done", "✗ 0 failed")
        assert sorted(desk.changed) == [("reactivate", row.id) for row in MEMORY]


async def test_nothing_is_run_again_once_the_job_is_over_nor_read_only() -> None:
    desk = FakeJobDesk(job=replace(JOB, state="completed"))
    async with shown(desk, FAILURES) as run:
        await run.pilot.press("g")
        await run.until("failures · 2 groups")
        await run.pilot.press("R")
        await run.until("Not while the job is over")
    async with shown(desk, FAILURES, is_read_only=True) as run:
        await run.pilot.press("g")
        await run.until("failures · 2 groups")
        assert "Run again" not in run.text
    assert desk.changed == []


async def test_a_group_of_a_job_that_is_over_runs_again_as_a_new_run_of_exactly_its_inputs() -> None:
    desk, started = FakeJobDesk(job=replace(JOB, state="completed")), list[RunPlan]()
    screen = OpenRunScreen(
        services_with(desk), FakeRuns(), new_plan(), FakeSession(), start_run=started.append, is_only_shown=True
    )
    async with BatchTui(lambda: screen).run_test(size=(120, 26), notifications=True) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        run = Shown(pilot, screen)
        screen.feed(FAILURES)
        await pilot.press("g")
        await run.until("failures · 2 groups")
        desk.ground = RetryGround(3, has_inputs=False)
        await pilot.press("R")
        await run.until("The inputs are gone")
        assert not started
        desk.ground = RetryGround(3, has_inputs=True)
        await pilot.press("R")
        await run.until("run 4 tasks again as a new run?", "which is there with 3 nodes")
        await pilot.press("right", "enter")
        await wait_for(pilot, lambda: started, "the new run is opened")
    (plan,) = started
    assert [item.blob_name for item in plan.inputs] == [item.blob_name for item in new_plan().inputs[:4]]
    assert (plan.retry_of, plan.pool, plan.inputs[0].local_path) == (RUN_ID, ExistingPool(RUN_ID), None)


async def test_why_names_the_first_cause_and_what_helps() -> None:
    error = ResizeError("AccountCoreQuotaReached", "The account has reached its core quota")
    pool = replace(new_pool(nodes=0), resize_errors=(error,))
    desk = FakeJobDesk(situation=replace(SITUATION, pool=pool, nodes=(), counts=TaskCounts(active=8)))
    async with shown(desk, set_up_events()) as run:
        await run.pilot.press("w")
        await run.until("✗ this must be dealt with", "cannot get its 3 nodes", "→ the dedicated cores", "8 waiting")
        desk.situation = SITUATION
        await run.pilot.press("r")
        await run.until("Tasks do run")
        await run.pilot.press("escape")
        await wait_for(run.pilot, lambda: run.screen.is_current, "back at the run")


async def test_without_a_job_to_ask_there_is_no_such_key() -> None:
    screen = RunScreen(replace(services_with(FakeJobDesk()), job_desk=None), new_plan())
    assert not screen.check_action("why", ())
    assert RunScreen(services_with(FakeJobDesk()), new_plan()).check_action("why", ())


async def test_the_nodes_with_their_slots_and_start_task_and_enter_shows_a_nodes_tasks() -> None:
    broken = replace(
        new_node(1, "starttaskfailed"),
        start_task_failure=FailureInfo("usererror", "FailureExitCode", "no"),
        start_task_exit_code=127,
        running_slots=0,
    )
    logs = FakeLogs({LogSource("start task", broken.id, "stderr"): b"apt-get: not found\n"})
    nodes = (new_node(0), broken, new_node(2, "starting"))
    async with shown(FakeJobDesk(), [*running_events(), PoolChanged(new_pool(), nodes, NOW_S - 3)], logs) as run:
        await run.pilot.press("n")
        await run.until("nodes · 3 · 1 of 1 slots in use", "✗ starttaskfailed", "3.0 s ago", "SLOTS")
        await run.pilot.press("b")
        await run.until("nodes · 1 of 3 · broken only", "apt-get: not found")
        await run.pilot.press("b", "home", "down", "enter")
        await run.until(f"tasks · 2 of 8 · “node={new_node(0).id}”")


async def test_what_is_shown_is_exported_and_nothing_is_never_written() -> None:
    saved: dict[str, str] = {}

    def save(path: str, pieces: Iterable[str]) -> int:
        saved[path] = "".join(pieces)
        return len(saved[path])

    screen = RunScreen(replace(services_with(FakeJobDesk()), save_file=save), new_plan())
    async with BatchTui(lambda: screen).run_test(size=(120, 26), notifications=True) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        run = Shown(pilot, screen)
        await pilot.press("e")
        await run.until("export 0 tasks", "an empty file is not written")
        await pilot.press("enter", "escape")
        screen.feed(FAILURES)
        await pilot.press("f", "e")
        await run.until("export 6 tasks", "enter writes it")
        await pilot.press(*["backspace"] * 3)
        await run.until("ends with .csv or .json")
        await pilot.press("enter", *"json", "enter")
        await run.until("6 tasks, ")
        ((path, text),) = saved.items()
        assert path.endswith("-tasks.json")
        assert [row["state"] for row in json.loads(text)] == ["failed"] * 6
        await pilot.press("home", "space", "space", "y")
        await wait_for(pilot, lambda: pilot.app.clipboard, "ids are copied")
        assert pilot.app.clipboard.split() == [MEMORY[0].id, MEMORY[1].id]


async def test_what_is_on_top_of_a_dialog_whose_work_ends_stays_and_the_dialog_closes_after_it() -> None:
    gate = threading.Event()

    def save(_: str, pieces: Iterable[str]) -> int:
        assert gate.wait(20)
        return sum(map(len, pieces))

    services = replace(services_with(FakeJobDesk()), save_file=save, run_blocking=run_in_daemon_thread)
    screen = RunScreen(services, new_plan())
    async with BatchTui(lambda: screen).run_test(size=(120, 26), notifications=True) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        run = Shown(pilot, screen)
        screen.feed(FAILURES)
        await pilot.press("e", "enter", "ctrl+p")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, CommandPalette), "the palette is on top")
        (dialog,) = (found for found in pilot.app.screen_stack if isinstance(found, ExportDialog))
        gate.set()
        await wait_for(pilot, lambda: all(worker.is_finished for worker in dialog.workers), "it is written")
        assert isinstance(pilot.app.screen, CommandPalette)
        await pilot.press("escape")
        await run.until("Exported", "8 tasks, ")
        assert screen.is_current


class FakeViews:
    def __init__(self) -> None:
        self.kept: dict[str, tuple[ColumnChoice, ...]] = {}

    def columns(self, view: str) -> tuple[ColumnChoice, ...]:
        return self.kept.get(view, ())

    def remember_columns(self, view: str, choice: Sequence[ColumnChoice]) -> None:
        self.kept[view] = tuple(choice)


async def test_columns_are_chosen_before_ones_eyes_and_remembered() -> None:
    views = FakeViews()
    services = replace(services_with(FakeJobDesk()), views=views)
    screen = RunScreen(services, new_plan())
    async with BatchTui(lambda: screen).run_test(size=(160, 26)) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        run = Shown(pilot, screen)
        screen.feed(FAILURES)
        await pilot.press("o")
        await run.until("✓ TASK", "– FAILURE")
        await pilot.press("space", "down", "shift+down")
        await wait_for(pilot, lambda: "   EXIT  STATE" in run.text, "the order changes behind")
        await pilot.press("escape")
        await wait_for(pilot, lambda: "TASK           STATE" in run.text, "as it was")
        assert views.kept == {}
        await pilot.press("o", "space", "enter")
        await wait_for(pilot, lambda: views.kept, "it is remembered")
    again = RunScreen(services, new_plan())
    async with BatchTui(lambda: again).run_test(size=(160, 26)) as pilot:
        await wait_for(pilot, lambda: again.is_current and again.focused, "the screen has its focus")
        again.feed(FAILURES)
        run = Shown(pilot, again)
        await run.until("STATE", "✗ failed")
        assert "TASK  " not in run.text


async def test_the_output_of_marked_tasks_comes_as_one_and_ends_with_them() -> None:
    logs = FakeLogs(
        {LogSource("task", f"topword-{n:05}", "stdout"): f"words of {n}\nthe end of {n}".encode() for n in (0, 3)}
    )
    async with shown(FakeJobDesk(), FAILURES, logs) as run:
        await run.pilot.press("t")
        await run.until("none is marked")
        run.screen.feed([TasksChanged((running(3),), False, NOW_S, NOW_S)])
        await run.pilot.press("home", "space", "down", "down", "space", "t")
        await run.until("stdout · 2 tasks", "topword-00000 │ the end of 0", "topword-00003 │ words of 3", "1 followed")
        assert "the end of 3" not in run.text
        logs.contents[LogSource("task", "topword-00003", "stdout")] += b", really\n"
        await run.until("topword-00003 │ the end of 3, really")
        await run.pilot.press("escape")
        await wait_for(run.pilot, lambda: run.screen.is_current, "back at the run")


async def test_in_a_few_lines_the_groups_keep_some_of_them() -> None:
    screen = RunScreen(services_with(FakeJobDesk(), None, FrozenClock()), new_plan())
    async with BatchTui(lambda: screen).run_test(size=(40, 12)) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        screen.feed(FAILURES)
        await pilot.press("g")
        await wait_for(pilot, lambda: pilot.app.screen is not screen, "the groups are on top")
        groups = pilot.app.screen.query_one("#groups")
        await wait_for(pilot, lambda: groups.size.height >= 3, "its heading and two groups have room")
        assert pilot.app.screen.max_scroll_y == 0
