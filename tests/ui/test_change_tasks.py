"""Several tasks ended, reactivated or deleted: what is said before, what is done, and what the table shows after."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from tests.support.accounts import FakeAccounts
from tests.support.jobs import JOB, FakeJobDesk, services_with
from tests.support.pilot import wait_for
from tests.support.runs import (
    NOW_S,
    RUN_ID,
    FrozenClock,
    PausableFakeSession,
    ended_events,
    failed,
    new_node,
    new_plan,
    new_services,
    running,
    set_up_events,
    succeeded,
    task,
)
from tests.support.terminal import Terminal
from tui.core.errors import AccessRefused, BatchTuiError, ServiceFault
from tui.core.events import Notice, TasksChanged
from tui.core.ports import StopSignal
from tui.core.records import TaskRow
from tui.core.task_changes import TaskGround
from tui.core.watching import watched_plan
from tui.ui.account_services import AccessServices
from tui.ui.app import BatchTui
from tui.ui.blocking import run_in_daemon_thread
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.bulk import BulkScreen
from tui.ui.screens.change_tasks import ChangeTasksDialog
from tui.ui.screens.run import RunScreen
from tui.ui.screens.watch import WatchScreen

ROWS = (*map(failed, range(2)), *map(succeeded, range(2, 4)), *map(running, range(4, 6)), *map(task, range(6, 8)))
"""Two failed, two succeeded, two running, two waiting."""


def task_id(number: int) -> str:
    return f"topword-{number:05}"


class Shown(Terminal):
    def __init__(
        self, pilot: Pilot[int], screen: RunScreen, desk: FakeJobDesk, session: PausableFakeSession | None
    ) -> None:
        super().__init__(pilot)
        self.screen, self.desk, self.session = screen, desk, session

    def mark(self, *numbers: int) -> None:
        self.screen._list.mark([task_id(number) for number in numbers])

    def feed(self, rows: Sequence[TaskRow], *, is_full: bool = True) -> None:
        self.screen.feed([TasksChanged(tuple(rows), is_full, NOW_S, NOW_S)])

    async def until_on_top(self, kind: type) -> None:
        await self.until_so(lambda: isinstance(self.pilot.app.screen, kind), f"on top: {kind.__name__}")

    async def choose(self, action: str) -> None:
        """Opens the dialog and chooses."""
        await self.press("c")
        await self.until_on_top(ChangeTasksDialog)
        await self.until("( ) terminate")
        await self.press("shift+tab", *["down"] * 3)
        for _ in range(3):
            await self.press("down", "enter")
            if self.has(f"(●) {action}"):
                return
        raise AssertionError(f"{action} cannot be chosen")

    async def confirm(self) -> None:
        await self.press("tab", "tab", "enter")


@asynccontextmanager
async def shown(
    desk: FakeJobDesk | None = None,
    *,
    session: PausableFakeSession | None = None,
    size: tuple[int, int] = (100, 36),
    is_threaded: bool = False,
    is_read_only: bool = False,
    access: AccessServices | None = None,
) -> AsyncIterator[Shown]:
    desk = desk or FakeJobDesk()
    services = replace(services_with(desk, None, FrozenClock()), access=access)
    if is_threaded:
        services = replace(services, run_blocking=run_in_daemon_thread)
    screen = RunScreen(services, new_plan(), session, is_read_only=is_read_only)
    async with BatchTui(lambda: screen).run_test(size=size, notifications=True) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        screen.feed([*set_up_events(), TasksChanged(ROWS, True, NOW_S, NOW_S)])
        view = Shown(pilot, screen, desk, session)
        await view.until(task_id(0))
        yield view


async def test_the_marked_tasks_are_listed_with_what_each_action_means_and_cancel_has_the_focus() -> None:
    ground = TaskGround(JOB, frozenset({failed(0).node_id, succeeded(2).node_id}), frozenset({task_id(2)}))
    async with shown(FakeJobDesk(task_ground=ground)) as run:
        run.mark(0, 2, 4, 6)
        await run.press("c")
        await run.until(
            "change 4 tasks",
            "○ active 1 · ● running 1 · ✓ succeeded 1 · ✗ failed 1",
            "topword-00000  topword-00002  topword-00004  topword-00006",
            "terminate   2 of 4 tasks",
            "reactivate  1 of 4 tasks",
            "delete      4 tasks",
        )
        focused = run.pilot.app.screen.focused
        assert isinstance(focused, Button)
        assert focused.id == "cancel"
        await run.press("enter")
        await run.until_so(lambda: run.screen.is_current, "closed")
        assert run.desk.changed == []
        await run.choose("reactivate")
        await run.until("exactly this one", "1 not: the task succeeded", "2 not: the task is not over", task_id(0))
        await run.press("escape")
        await run.choose("delete")
        await run.until("exactly these 4", "1 task under way", "1 waiting task", "logs that only the nodes have")
        assert run.desk.changed == []


async def test_exactly_what_was_listed_is_done_whatever_the_table_shows_by_then() -> None:
    async with shown() as run:
        run.mark(4, 6)
        await run.choose("terminate")
        run.mark(0, 1, 5, 7)
        run.feed(ROWS[4:])
        run.screen._list.filter_by("state:failed")
        await run.until_so(lambda: run.screen.tasks.total == 4, "the table has changed")
        await run.confirm()
        await run.until("✓ 2 done")
        assert run.desk.changed == [("terminate", task_id(4)), ("terminate", task_id(6))]


async def test_hidden_marks_are_meant_and_said_and_without_marks_the_task_under_the_cursor_is() -> None:
    async with shown() as run:
        run.screen._list.filter_by("state:running")
        run.mark(0, 4)
        await run.press("c")
        await run.until("1 of 2 marked tasks is hidden by the filter", "topword-00000  topword-00004")
        await run.press("escape")
        run.mark()
        run.screen._list.table.move_to(task_id(5))
        await run.press("c")
        await run.until(f"change {task_id(5)}", "● running 1")
        assert not run.has("hidden by the filter")


async def test_a_deletion_that_loses_something_is_typed_and_one_that_does_not_is_not() -> None:
    ground = TaskGround(JOB, frozenset({succeeded(2).node_id}), frozenset({task_id(2)}))
    async with shown(FakeJobDesk(task_ground=ground)) as run:
        run.mark(4)
        await run.choose("delete")
        await run.until("This cannot be undone", RUN_ID)
        await run.press(*RUN_ID[:-1], "enter")
        assert isinstance(run.pilot.app.screen, ChangeTasksDialog)
        assert run.pilot.app.screen.query_one("#confirm", Button).disabled
        assert run.desk.changed == []
        await run.press("escape")
        await run.choose("delete")
        await run.press(*RUN_ID, "enter", "enter")
        await run.until("✓ 1 done")
        assert run.desk.changed == [("delete", task_id(4))]
        await run.press("escape")
        run.mark(2)
        await run.choose("delete")
        await run.until("outputs and logs in the container stay")
        assert not run.has("cannot be undone")
        await run.confirm()
        await run.until("✓ 1 done")


async def test_what_is_deleted_leaves_the_table_and_its_marks_and_all_is_listed_anew() -> None:
    session = PausableFakeSession()
    async with shown(FakeJobDesk(refused={task_id(3): "no"}, task_ground=TaskGround(JOB)), session=session) as run:
        run.mark(2, 3)
        await run.choose("delete")
        await run.confirm()
        await run.until("✓ 1 done · ✗ 1 failed")
        await run.press("escape")
        await run.until("tasks · 7 · 1 marked")
        assert run.screen.tasks.marked == {task_id(3)}
        assert run.screen.tasks.get(task_id(2)) is None
        assert run.screen._tally.counts.total == 7
        assert session.refreshes == 1
        await run.until("1 done, 1 failed, 0 left")


async def test_what_was_found_over_or_gone_is_said_of_what_is_done() -> None:
    async with shown(FakeJobDesk(notes={task_id(4): "over already"})) as run:
        run.mark(4, 5)
        await run.choose("terminate")
        await run.confirm()
        await run.until("✓ 2 done · ✗ 0 failed", "1 of those done: over already")
        await run.press("enter")
        await run.until_so(lambda: run.screen.is_current, "closed")


async def test_what_is_left_is_stopped_and_told_and_can_be_gone_on_with() -> None:
    gate, met = threading.Event(), threading.Event()

    def before(changed: str) -> None:
        if changed == task_id(6):
            met.set()
            assert gate.wait(20)

    async with shown(FakeJobDesk(before_change=before), is_threaded=True) as run:
        run.mark(4, 5, 6, 7)
        await run.choose("terminate")
        await run.confirm()
        await run.until_so(met.is_set, "the third is under way")
        await run.until("✓ 2 done", "○ 2 left", "esc stops")
        await run.press("t", "enter")
        assert isinstance(run.pilot.app.screen, BulkScreen)
        await run.press("escape")
        await run.until("stopping")
        gate.set()
        await run.until("stopped", "✓ 2 done", "○ 2 left", "t tries again")
        await run.press("t")
        await run.until("✓ 4 done")
        await run.press("enter")
        await run.until_so(lambda: run.screen.is_current, "closed")
        assert [changed for _, changed in run.desk.changed] == [task_id(number) for number in (4, 5, 6, 7)]


async def test_why_it_waits_is_shown_while_it_does() -> None:
    gate = threading.Event()

    class BusyDesk(FakeJobDesk):
        def change_tasks(self, action, task_ids, stop, tell) -> None:  # type: ignore[no-untyped-def]
            tell(Notice("ending task: too many requests; trying again in 20 s", True))
            assert gate.wait(20)
            super().change_tasks(action, task_ids, stop, tell)

    async with shown(BusyDesk(), is_threaded=True) as run:
        run.mark(4)
        await run.choose("terminate")
        await run.confirm()
        await run.until("too many requests; trying again in 20 s")
        gate.set()
        await run.until("✓ 1 done")
        await run.until_gone("too many requests")


@dataclass
class RefusingDesk(FakeJobDesk):
    """Raises `trouble` where it is asked."""

    trouble: list[BatchTuiError] = field(default_factory=list)

    def read_task_ground(self, task_ids: Sequence[str], stop: StopSignal) -> TaskGround:
        if self.trouble:
            raise self.trouble.pop()
        return super().read_task_ground(task_ids, stop)


async def test_refused_in_its_midst_it_asks_for_access_and_goes_on_with_what_is_left() -> None:
    desk, refusals = FakeJobDesk(), [AccessRefused("The key is not accepted")]

    def before(changed: str) -> None:
        if changed == task_id(5) and refusals:
            raise refusals.pop()

    desk.before_change = before
    async with shown(desk, access=AccessServices(FakeAccounts(), lambda _: None)) as run:
        run.mark(4, 5, 6)
        await run.choose("terminate")
        await run.confirm()
        await run.until_on_top(AccessDialog)
        await run.until("1 of 3 tasks", "not accepted")
        await run.until_so(lambda: run.pilot.app.screen.focused, "an answer has the focus")
        await run.press("enter")
        await run.until("✓ 3 done")
        assert desk.changed == [("terminate", task_id(number)) for number in (4, 5, 6)]


@pytest.mark.parametrize("trouble", [ServiceFault("The service failed", "reading the job"), AccessRefused("No")])
async def test_where_the_job_cannot_be_read_nothing_is_offered(trouble: BatchTuiError) -> None:
    async with shown(RefusingDesk(trouble=[trouble])) as run:
        await run.press("c")
        await run.until(f"✗ {trouble}", "Close")
        assert not run.has("terminate")
        await run.press("enter")
        await run.until_so(lambda: run.screen.is_current, "closed")


async def test_of_a_job_that_is_over_tasks_are_not_reactivated_and_of_one_that_is_gone_nothing_is_done() -> None:
    desk = FakeJobDesk(task_ground=TaskGround(replace(JOB, state="completed")))
    async with shown(desk) as run:
        run.mark(0)
        await run.press("c")
        await run.until(
            "reactivate  none: the job is completed", "terminate   none: the task is over", "delete      1 task"
        )
        await run.press("escape")
        desk.task_ground = TaskGround(None)
        await run.press("c")
        await run.until("delete      none: the job is gone")


async def test_of_a_run_that_is_over_the_table_is_said_to_show_its_end() -> None:
    async with shown() as run:
        run.screen.feed(ended_events()[-1:])
        run.mark(0)
        await run.choose("reactivate")
        await run.confirm()
        await run.until("✓ 1 done")
        assert not run.has("The run is over")
        await run.press("escape")
        await run.until("The run is over")


async def test_it_is_absent_where_nothing_may_be_changed() -> None:
    async with shown(is_read_only=True) as run:
        assert "run.change" not in {active.binding.id for active in run.screen.active_bindings.values()}
        await run.press("c")
        assert run.screen.is_current
    assert not RunScreen(new_services(), new_plan()).check_action("change_tasks", ())


async def test_where_there_is_no_task_that_is_said() -> None:
    async with shown() as run:
        run.feed(())
        await run.press("c")
        await run.until("No task is marked")


async def test_tasks_of_a_job_that_is_watched_are_changed_as_well() -> None:
    desk = FakeJobDesk(task_ground=TaskGround(JOB, frozenset({new_node(0).id})))
    screen = WatchScreen(services_with(desk), watched_plan(JOB, "sandbox"), PausableFakeSession())
    async with BatchTui(lambda: screen).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        screen.feed([TasksChanged(ROWS, True, NOW_S, NOW_S)])
        run = Shown(pilot, screen, desk, None)
        await run.until(task_id(0), "c Change")
        await run.press("a")
        await run.choose("delete")
        await run.press(*JOB.id, "enter", "enter")
        await run.until("✓ 8 done")
        assert desk.changed == [("delete", row.id) for row in ROWS]
        await run.press("escape")
        await run.until_so(lambda: screen.tasks.total == 0, "they are gone")


async def test_on_a_low_terminal_the_buttons_stay_and_the_rest_is_scrolled_to() -> None:
    rows = tuple(replace(row, id=f"{row.id}-of-many-{number}") for number in range(5) for row in ROWS)
    ground = TaskGround(JOB, frozenset({row.node_id for row in rows}))
    async with shown(FakeJobDesk(task_ground=ground), size=(80, 24)) as run:
        run.feed(rows)
        await run.press("a")
        run.screen._list.filter_by("state:failed")
        await run.choose("delete")
        await run.until("Cancel", "Delete 40 tasks", "This cannot be undone", "hidden by the filter")
        assert not run.has("states and exit codes")
        await run.press("pagedown")
        await run.until("Cancel", "Delete 40 tasks", "states and exit codes")
