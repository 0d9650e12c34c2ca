"""A job that somebody else made, watched: its tasks are shown, and nothing is claimed of a run."""

from __future__ import annotations

from tests.support.jobs import JOB
from tests.support.pilot import wait_for
from tests.support.runs import NOW_S, PausableFakeSession, new_services, running, succeeded
from tui.core.events import TasksChanged
from tui.core.watching import watched_plan
from tui.ui.app import BatchTui
from tui.ui.screens.watch import WatchScreen
from tui.ui.widgets.step_rail import StepRail


async def test_it_shows_the_tasks_without_steps_and_is_left_without_a_question() -> None:
    session = PausableFakeSession()
    plan = watched_plan(JOB, "sandbox")
    assert (plan.job_id, plan.pool.id, plan.makes_pool) == (JOB.id, JOB.pool_id, False)
    screen = WatchScreen(new_services(), plan, session)
    async with BatchTui(lambda: screen).run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        screen.feed([TasksChanged((running(0), succeeded(1)), True, NOW_S, NOW_S)])
        await wait_for(pilot, lambda: screen.tasks.total == 2, "both tasks are there")
        assert screen.title_line.state == ("● watched", "running")
        assert not screen.query(StepRail)
        await pilot.press("q")
        await wait_for(pilot, lambda: session.is_stopped, "watching ends at once")
