"""Pictures of the run screen and the dialogs on it: canned state, frozen clock, UTC."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.support.pilot import wait_for
from tests.support.runs import (
    NOW_S,
    RUN_ID,
    FakeLogs,
    PausableFakeSession,
    ended_events,
    new_node,
    new_plan,
    new_pool,
    new_services,
    running_events,
    set_up_events,
)
from tui.core.events import PollReport, PoolChanged, Progress, RunEvent, RunStarted, Step, StepChanged, StepState
from tui.core.records import FailureInfo, ResizeError
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen
from tui.ui.services import LogSource

NARROW, COMFORTABLE, WIDE = (80, 24), (120, 40), (160, 45)
LOG = (
    b"reading taskdata1.txt\n\x1b[32mcounted\x1b[0m 1,204 words\n" + "uploaded taskdata1_OUTPUT.txt · größer\n".encode()
)

SnapCompare = Callable[..., bool]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clocks on screen are local: here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def no_capacity() -> list[RunEvent]:
    error = ResizeError("AccountCoreQuotaReached", "The specified account has reached its core quota")
    pool = replace(new_pool(nodes=0), resize_errors=(error,))
    done = [StepChanged(step, StepState.DONE, NOW_S - 50) for step in (Step.CONTAINERS, Step.UPLOAD)]
    return [
        RunStarted(RUN_ID, NOW_S - 60),
        *done,
        StepChanged(Step.POOL, StepState.RUNNING, NOW_S - 42),
        Progress(Step.POOL, 0, 3, "nodes", note="waiting for the pool: steady, 0 of 3 nodes"),
        PoolChanged(pool, (), NOW_S - 2),
    ]


def broken_start_task() -> list[RunEvent]:
    failure = FailureInfo("usererror", "FailureExitCode", "The task exited with an exit code representing a failure")
    broken = replace(new_node(0, "starttaskfailed"), start_task_failure=failure, start_task_exit_code=127)
    return [*no_capacity()[:-1], PoolChanged(new_pool(), (broken, new_node(1, "starting")), NOW_S - 2)]


def silence() -> list[RunEvent]:
    return [*running_events(), PollReport(NOW_S, False, 60, 4, "connection refused by 127.0.0.1:41233")]


def compare(
    snap_compare: SnapCompare,
    events: Sequence[RunEvent],
    size: tuple[int, int],
    *keys: str,
    theme: str = "batch-dark",
    beside: str = "",
    until: str = "",
) -> bool:
    """The picture of a run screen fed `events`, once `beside` is on it, after `keys`, once `until` is on it."""
    owners = (("task", "topword-00000"), ("start task", new_node(0).id))
    streams = ("stdout", "stderr")
    logs = FakeLogs({LogSource(owner, name, stream): LOG for owner, name in owners for stream in streams})  # type: ignore[arg-type]
    screen = RunScreen(new_services(logs), new_plan(), PausableFakeSession())

    async def run_before(pilot: Pilot[int]) -> None:
        def has(text: str) -> bool:
            return any(text in strip.text for strip in pilot.app.screen._compositor.render_strips())

        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the run is shown")
        screen.feed(events)
        await wait_for(pilot, lambda: has(beside), f"on screen beside the table: {beside}")
        await pilot.press(*keys)
        await wait_for(pilot, lambda: has(until), f"on screen: {until}")

    return snap_compare(BatchTui(lambda: screen, theme=theme), terminal_size=size, run_before=run_before)


def test_running_comfortable(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, running_events(), COMFORTABLE, until="complete")


def test_running_narrow_with_log(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, running_events(), NARROW, "l", until="complete")


def test_running_wide_light_failed_only_with_details(snap_compare: SnapCompare) -> None:
    keys = ("f", "enter")
    assert compare(snap_compare, running_events(), WIDE, *keys, theme="batch-light", beside="complete", until="details")


def test_before_the_first_task(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, set_up_events(), NARROW, until="Reading the tasks")


def test_pool_without_capacity(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, no_capacity(), NARROW, until="core quota")


def test_broken_start_task(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, broken_start_task(), COMFORTABLE, until="complete")


def test_silent_service(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, silence(), COMFORTABLE, until="complete")


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
def test_summary(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, ended_events(), size, until="complete" if size is WIDE else "outputs")


def test_help(snap_compare: SnapCompare) -> None:
    assert compare(
        snap_compare, running_events(), COMFORTABLE, "question_mark", beside="complete", until="keys on this screen"
    )


def test_quit_guard(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, running_events(), NARROW, "q", until="leave the run?")
