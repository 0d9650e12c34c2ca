"""Pictures of Home, the task screen and the dialogs on a run: canned state, frozen clock, UTC."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from tests.support.accounts import WORK, FakeAccounts
from tests.support.past_runs import ENDED, LINES, FakeRuns, detail, reading, wanted
from tests.support.pilot import wait_for
from tests.support.runs import PausableFakeSession, failed, new_services, running_events
from tui.core.accounts import AccountKind
from tui.core.errors import AccessRefused
from tui.core.run_view import RunView
from tui.core.saved_accounts import SavedAccount
from tui.ui import access_words
from tui.ui.app import BatchTui
from tui.ui.run_services import HomeServices
from tui.ui.screens.access import AccessDialog, Refusal
from tui.ui.screens.error_dialog import ErrorDialog
from tui.ui.screens.home import HomeScreen
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.screens.task import TaskScreen

NARROW, COMFORTABLE = (80, 24), (120, 40)

SnapCompare = Callable[..., bool]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clocks on screen are local: here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def home(runs: FakeRuns) -> HomeScreen:
    def no_new_run(name: str) -> None:
        raise AssertionError(name)

    services = HomeServices(runs, FakeAccounts(WORK, current="work"), lambda _: new_services(), no_new_run)  # type: ignore[arg-type]
    return HomeScreen(new_services(), services)


def compare(
    snap_compare: SnapCompare,
    screen: Screen[None],
    size: tuple[int, int],
    *keys: str,
    beside: str = "",
    until: str,
    theme: str = "batch-dark",
) -> bool:
    """The picture of `screen` once `beside` is on it, after `keys`, once `until` is on it."""

    async def run_before(pilot: Pilot[int]) -> None:
        def has(text: str) -> bool:
            return any(text in strip.text for strip in pilot.app.screen._compositor.render_strips())

        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen is shown")
        if isinstance(screen, OpenRunScreen):
            screen.feed(running_events())
        await wait_for(pilot, lambda: has(beside), f"on screen before: {beside}")
        await pilot.press(*keys)
        await wait_for(pilot, lambda: has(until), f"on screen: {until}")
        await wait_for(pilot, lambda: not pilot.app.screen.query("Button.-active"), "no button is pressed any more")

    return snap_compare(BatchTui(lambda: screen, theme=theme), terminal_size=size, run_before=run_before)


def test_home(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, home(FakeRuns()), COMFORTABLE, until="2 runs with nodes that cost")


def test_home_narrow_light(snap_compare: SnapCompare) -> None:
    screen = home(FakeRuns())
    assert compare(snap_compare, screen, NARROW, until="2 runs with nodes that cost", theme="batch-light")


def test_home_empty(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, home(FakeRuns(lines=())), NARROW, until="No runs yet")


def test_delete_narrow(snap_compare: SnapCompare) -> None:
    screen = home(FakeRuns(lines=LINES[1:]))
    assert compare(snap_compare, screen, NARROW, "x", beside="nodes cost", until="to confirm")


def test_download(snap_compare: SnapCompare) -> None:
    screen = home(FakeRuns(lines=LINES[1:]))
    assert compare(snap_compare, screen, NARROW, "d", beside="nodes cost", until="file exists")


def test_download_with_a_failure(snap_compare: SnapCompare) -> None:
    runs = FakeRuns(lines=LINES[1:], failing={"taskdata2_OUTPUT.txt": 1}, files=(wanted(1), wanted(2)))
    assert compare(snap_compare, home(runs), COMFORTABLE, "d", "enter", beside="nodes cost", until="Try 1 again")


def test_task_that_failed(snap_compare: SnapCompare) -> None:
    found = reading(detail(row=replace(failed(0), id="topword-00000")), job_state="completed")
    screen = TaskScreen(new_services(), FakeRuns(reading=found), ENDED.plan, "topword-00000")
    assert compare(snap_compare, screen, COMFORTABLE, until="reactivate")


def test_quit_guard(snap_compare: SnapCompare) -> None:
    screen = OpenRunScreen(new_services(), FakeRuns(), ENDED.plan, PausableFakeSession())
    assert compare(snap_compare, screen, NARROW, "q", beside="running", until="Delete what it made")


def test_error(snap_compare: SnapCompare) -> None:
    error = AccessRefused(
        "The key is refused", "mybatch does not accept the account key", "set it up again", status=403
    )
    screen = home(FakeRuns(lines=()))

    async def run_before(pilot: Pilot[int]) -> None:
        await wait_for(pilot, lambda: screen.is_current, "Home is shown")
        dialog = ErrorDialog(error)
        pilot.app.push_screen(dialog)
        await wait_for(pilot, lambda: dialog.is_current and dialog.focused, "the error is shown")

    assert snap_compare(BatchTui(lambda: screen), terminal_size=NARROW, run_before=run_before)


def test_access_refused(snap_compare: SnapCompare) -> None:
    """The most it ever says fits the smallest terminal."""
    saved = SavedAccount("environment", AccountKind.SHARED_KEY, is_temporary=True)
    error = AccessRefused(
        "Batch does not accept the account key",
        f"counting the tasks of job {ENDED.run_id}: Server failed to authenticate the request. Make sure the value of "
        "Authorization header is formed correctly including the signature.",
        "Check the account's name, key and endpoint: `batch-tui accounts test`.",
    )
    view = RunView(ENDED.plan)
    for event in running_events():
        view.apply(event)
    costs = f"Pool {ENDED.run_id} keeps its 3 nodes, and they cost by the hour."
    refusal = Refusal(error, access_words.run_words(view), costs, access_words.LEAVE_RUN)
    screen = home(FakeRuns(lines=()))

    async def run_before(pilot: Pilot[int]) -> None:
        await wait_for(pilot, lambda: screen.is_current, "Home is shown")
        dialog = AccessDialog(refusal, saved.name, saved, can_enter=False)
        pilot.app.push_screen(dialog)
        await wait_for(pilot, lambda: dialog.is_current and dialog.focused, "the question is shown")

    assert snap_compare(BatchTui(lambda: screen), terminal_size=NARROW, run_before=run_before)
