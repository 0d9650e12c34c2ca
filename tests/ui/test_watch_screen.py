"""A job that somebody else made, watched: its tasks are shown, and nothing is claimed of a run."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.support.jobs import JOB
from tests.support.pilot import wait_for
from tests.support.runs import NOW_S, PausableFakeSession, new_services, running, succeeded
from tui.core.events import CountsChanged, TasksChanged
from tui.core.records import TaskCounts
from tui.core.watching import watched_plan
from tui.ui.app import BatchTui
from tui.ui.screens.watch import WatchScreen
from tui.ui.widgets.step_rail import StepRail


def text_of(pilot: Pilot[int]) -> str:
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


async def test_it_shows_the_tasks_without_steps_and_is_left_without_a_question() -> None:
    session = PausableFakeSession()
    plan = watched_plan(JOB, "sandbox")
    assert (plan.job_id, plan.pool.id, plan.makes_pool) == (JOB.id, JOB.pool_id, False)
    screen = WatchScreen(new_services(), plan, session)
    async with BatchTui(lambda: screen).run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        screen.feed([CountsChanged(TaskCounts(active=60_000, running=400, succeeded=39_600), NOW_S)])
        assert screen.title_line.state == ("● reading its tasks", "running")
        await wait_for(pilot, lambda: "Reading 100,000 tasks…" in text_of(pilot), "says what it waits for")
        assert "60,000" in text_of(pilot)
        assert "ETA –" in text_of(pilot)
        screen.feed([TasksChanged((running(0), succeeded(1)), True, NOW_S, NOW_S)])
        await wait_for(pilot, lambda: screen.tasks.total == 2, "both tasks are there")
        assert screen.title_line.state == ("● watched", "running")
        assert not screen.query(StepRail)
        screen.feed([TasksChanged((succeeded(0),), False, NOW_S, NOW_S)])
        await wait_for(pilot, lambda: "ETA" not in text_of(pilot), "nothing is to come")
        await pilot.press("q")
        await wait_for(pilot, lambda: session.is_stopped, "watching ends at once")
