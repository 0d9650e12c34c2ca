"""Pictures of what leads on from a run: filter, failure groups, why, nodes, columns and many tasks run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.snapshots.test_run_pictures import COMFORTABLE, NARROW, WIDE, SnapCompare, broken_start_task, utc
from tests.support.jobs import JOB, SITUATION, FakeJobDesk, services_with
from tests.support.pilot import wait_for
from tests.support.runs import (
    NOW_S,
    FakeLogs,
    failed,
    new_node,
    new_plan,
    new_pool,
    running_events,
    set_up_events,
    succeeded,
)
from tui.core.events import RunEvent, TasksChanged
from tui.core.records import FailureInfo, ResizeError, TaskCounts
from tui.core.task_changes import TaskGround
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen
from tui.ui.services import LogSource

__all__ = ["utc"]

UPLOAD = FailureInfo("usererror", "FileUploadContainerNotFound", "The container does not exist")
FAILURES = [
    *set_up_events(),
    TasksChanged(
        (*map(failed, range(5)), *(replace(failed(n), exit_code=0, failure=UPLOAD) for n in (5, 6)), succeeded(7)),
        True,
        NOW_S,
        NOW_S,
    ),
]
LOGS = {
    LogSource("task", f"topword-{n:05}", "stderr"): f"MemoryError: {n} of 12 MB at 0x7f{n}\n".encode() for n in range(5)
} | {LogSource("start task", new_node(0).id, "stderr"): b"E: Unable to locate package ffmpeg\n"}
QUOTA = ResizeError("AccountCoreQuotaReached", "The specified account has reached its core quota")


def compare(
    snap_compare: SnapCompare,
    events: Sequence[RunEvent],
    size: tuple[int, int],
    *steps: tuple[tuple[str, ...], str],
    desk: FakeJobDesk | None = None,
    theme: str = "batch-dark",
) -> bool:
    """The picture after `steps`: keys, and the text that shows they have come to effect."""
    screen = RunScreen(services_with(desk or FakeJobDesk(), FakeLogs(LOGS)), new_plan())

    async def run_before(pilot: Pilot[int]) -> None:
        def shows(text: str) -> Callable[[], bool]:
            return lambda: any(text in strip.text for strip in pilot.app.screen._compositor.render_strips())

        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the run is shown")
        screen.feed(events)
        await wait_for(pilot, shows("✗ failed" if events is FAILURES else "·"), "the run is painted")
        for keys, until in steps:
            await pilot.press(*keys)
            await wait_for(pilot, shows(until), f"on screen: {until}")

    return snap_compare(BatchTui(lambda: screen, theme=theme), terminal_size=size, run_before=run_before)


def test_filter_that_cannot_be_read(snap_compare: SnapCompare) -> None:
    steps = ((("slash", *"state:fail exit>x"), "expected a whole number"),)
    assert compare(snap_compare, FAILURES, NARROW, *steps)


@pytest.mark.parametrize("size", [NARROW, COMFORTABLE], ids=["narrow", "comfortable"])
def test_failure_groups(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, FAILURES, size, (("g",), "MemoryError: <n>"))


def test_why_nothing_runs(snap_compare: SnapCompare) -> None:
    pool = replace(new_pool(nodes=0), resize_errors=(QUOTA,))
    desk = FakeJobDesk(situation=replace(SITUATION, pool=pool, nodes=(), counts=TaskCounts(active=8)))
    assert compare(snap_compare, set_up_events(), COMFORTABLE, (("w",), "must be dealt with"), desk=desk)


def test_nodes(snap_compare: SnapCompare) -> None:
    steps = ((("n",), "Unable to locate"), ((), "complete"))
    assert compare(snap_compare, broken_start_task(), COMFORTABLE, *steps, theme="batch-light")


def test_columns(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, running_events(), WIDE, ((), "No output"), (("o", "down", "shift+down"), "– FAILURE"))


def test_several_tasks_to_be_deleted(snap_compare: SnapCompare) -> None:
    ground = TaskGround(JOB, frozenset({failed(0).node_id}))
    steps = (
        (("a", "c"), "delete      8 tasks"),
        (("shift+tab", "down", "enter"), "exactly these 8"),
        (("t", "o", "p"), "only the nodes have"),
    )
    assert compare(snap_compare, FAILURES, NARROW, *steps, desk=FakeJobDesk(task_ground=ground))


def test_several_tasks_run_again_of_which_some_cannot(snap_compare: SnapCompare) -> None:
    desk = FakeJobDesk(refused={"topword-00002": "TaskNotCompleted: it runs"})
    steps = (
        (("a",), "No output"),  # the log of the task below the cursor, which shows beside the dialog
        (("c",), "reactivate  7 of 8"),
        (("shift+tab", "enter"), "exactly these 7"),
        (("tab", "tab", "enter"), "6 done"),
    )
    assert compare(snap_compare, FAILURES, COMFORTABLE, *steps, desk=desk, theme="batch-light")
