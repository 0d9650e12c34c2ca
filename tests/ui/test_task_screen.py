"""The task screen on canned readings: what it tells, what may be done, and what it asks before it does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.support.past_runs import ENDED, FakeRuns, detail, reading
from tests.support.pilot import wait_for
from tests.support.runs import FakeLogs, failed, new_services, running
from tests.support.terminal import Terminal
from tui.core.errors import Conflict
from tui.core.redaction import MASK
from tui.core.task_reading import TaskAction, TaskReading, masked_environment, why_not
from tui.ui.app import BatchTui
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.error_dialog import ErrorDialog
from tui.ui.screens.task import TaskScreen
from tui.ui.services import LogSource
from tui.ui.task_file import TaskFile
from tui.ui.widgets.virtual_table import VirtualTable

TASK = "topword-00000"
FAILED = reading(detail(row=replace(failed(0), id=TASK)))


class Shown(Terminal):
    """A task on a pilot, and what can be read on it."""

    def __init__(self, pilot: Pilot[int], screen: TaskScreen, runs: FakeRuns, logs: FakeLogs) -> None:
        super().__init__(pilot)
        self.screen, self.runs, self.logs = screen, runs, logs

    async def until_screen(self, kind: type) -> None:
        await self.until_so(lambda: isinstance(self.pilot.app.screen, kind), f"on top: {kind.__name__}")


@asynccontextmanager
async def shown(
    found: TaskReading, *, is_read_only: bool = False, size: tuple[int, int] = (120, 32)
) -> AsyncIterator[Shown]:
    runs = FakeRuns(reading=found)
    logs = FakeLogs(
        {LogSource("task", TASK, "stdout"): b"counted 12 words\n", LogSource("task", TASK, "stderr"): b"oh\n"}
    )
    screen = TaskScreen(new_services(logs), runs, ENDED.plan, TASK, is_read_only=is_read_only)
    async with BatchTui(lambda: screen).run_test(size=size) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the task is shown")
        view = Shown(pilot, screen, runs, logs)
        await view.until("added")
        yield view


async def test_the_overview_tells_what_happened_and_keeps_secrets_on_any_terminal() -> None:
    async with shown(reading()) as task:
        await task.until("✓ succeeded, running before", "after 30 s", "exit code     0", "taskdata1_OUTPUT.txt")
        await task.until(f"API_KEY={MASK}", f"sig={MASK}", "resource file taskdata1.txt")
        assert not task.has("abcdefghijklmnop")
        assert not task.has("hunter2")
        await task.pilot.resize_terminal(80, 24)
        await task.until("✓ succeeded, running before", "after 30 s", "exit code     0", "taskdata1_OUTPUT.txt")
        assert not task.has("abcdefghijklmnop")
        assert not task.has("hunter2")


async def test_output_and_files_have_views_of_their_own_and_esc_comes_back_step_by_step() -> None:
    async with shown(reading()) as task:
        names = [file.name for file in reading().files]
        assert names.index("stdout.txt") > 0, "the cursor has to go there"
        task.logs.contents[TaskFile("task", TASK, "stdout", "stdout.txt")] = b"as it is on the node\n"
        await task.press("l")
        await task.until("counted 12 words")
        await task.press("l")
        await task.until("stderr · topword-00000", "oh")
        await task.press("v")
        await task.until("files on the node", "wd/", "stdout.txt", "310 B")
        await task.until_so(lambda: isinstance(task.screen.focused, VirtualTable), "the list has the focus")
        while task.screen.query_one(VirtualTable).cursor_id != "stdout.txt":
            await task.press("down")
        await task.press("enter")
        await task.until("as it is on the node", "─ stdout.txt ─")
        await task.press("escape")
        await task.until("files on the node")
        assert not task.has("as it is on the node")
        await task.press("escape")
        await task.until("exit code")


async def test_a_failure_is_told_in_words_and_nothing_is_changed_before_it_was_asked_about() -> None:
    async with shown(FAILED) as task:
        await task.until(
            "✗ failed", "FailureExitCode: The task process exited", "category usererror", "2 of 1, requeued"
        )
        for key, action in (("r", "reactivate"), ("x", "delete")):
            await task.press(key)
            await task.until_screen(ConfirmDialog)
            await task.press("escape")
            await task.until_so(lambda: task.screen.is_current, "nothing was done")
            assert (action, TASK) not in task.runs.asked
        await task.press("r")
        await task.until_screen(ConfirmDialog)
        await task.press("tab", "enter")
        await task.until_so(lambda: ("reactivate", TASK) in task.runs.asked, "it is reactivated")
        await task.until_so(lambda: task.screen.is_current, "back at the task")
        await task.press("x")
        await task.until_screen(ConfirmDialog)
        task.runs.trouble = Conflict("Not now", "the job is terminating")
        await task.press("tab", "enter")
        await task.until_screen(ErrorDialog)
        task.runs.trouble = None
        await task.press("escape", "x")
        await task.until_screen(ConfirmDialog)
        await task.press("tab", "enter")
        await task.until_so(lambda: ("delete", TASK) in task.runs.asked, "it is deleted")


async def test_reactivation_is_off_once_the_job_is_over_and_the_screen_says_why() -> None:
    async with shown(replace(FAILED, job=replace(FAILED.job, state="completed"))) as task:  # type: ignore[type-var]
        await task.until("off: the job is completed: the service reactivates tasks only while their job is active")
        await task.press("r")
        assert task.screen.is_current


async def test_read_only_has_no_key_that_changes_the_task() -> None:
    async with shown(FAILED, is_read_only=True) as task:
        ids = {active.binding.id for active in task.screen.active_bindings.values()}
        assert ids & {"task.terminate", "task.reactivate", "task.delete"} == set()


@pytest.mark.parametrize(
    ("found", "action", "reason"),
    [
        (reading(), "terminate", "the task is over"),
        (reading(detail(row=running(0))), "terminate", ""),
        (reading(detail(row=running(0))), "reactivate", "the task is not over"),
        (reading(), "reactivate", "the task succeeded"),
        (FAILED, "reactivate", ""),
        (replace(FAILED, job=None), "reactivate", "the job is gone: the service reactivates tasks only while"),
        (FAILED, "delete", ""),
        (TaskReading(0.0, None, None), "delete", "the task is gone"),
    ],
)
def test_why_an_action_is_off(found: TaskReading, action: TaskAction, reason: str) -> None:
    told = why_not(found, action)
    assert told.startswith(reason)
    assert bool(told) is bool(reason)


def test_values_of_the_environment_are_masked_by_name_or_shape() -> None:
    masked = dict(
        masked_environment(
            [("MY_TOKEN", "t0p"), ("AZURE_STORAGE_KEY", "k"), ("URL", "https://x?sv=1&sig=abc123"), ("PATH", "/bin")]
        )
    )
    assert masked == {"MY_TOKEN": MASK, "AZURE_STORAGE_KEY": MASK, "URL": f"https://x?sv=1&sig={MASK}", "PATH": "/bin"}
