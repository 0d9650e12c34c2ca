"""Home on canned runs: what it shows, where it leads, and what goes on while it is on top."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from tests.support.accounts import WORK, FakeAccounts
from tests.support.past_runs import ENDED, GONE, LEFT, LINES, FakeRuns, remains_of
from tests.support.pilot import wait_for
from tests.support.runs import (
    SUMMARY,
    FakeLogs,
    FakeSession,
    FrozenClock,
    PausableFakeSession,
    ended_events,
    new_services,
    running_events,
)
from tests.support.terminal import Terminal
from tui import ui
from tui.core.errors import Unreachable
from tui.core.presence import Presence
from tui.core.records import TaskCounts
from tui.core.run_line import RunLine
from tui.ui.app import BatchTui
from tui.ui.bindings import undescribed
from tui.ui.run_services import HomeServices
from tui.ui.screens.accounts import AccountsScreen
from tui.ui.screens.conflict import ConflictDialog
from tui.ui.screens.delete import DeleteDialog
from tui.ui.screens.download import DownloadDialog
from tui.ui.screens.error_dialog import ErrorDialog
from tui.ui.screens.home import HomeScreen
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.screens.quit_guard import QuitGuard
from tui.ui.screens.set_up import SetUpScreen
from tui.ui.screens.task import TaskScreen
from tui.ui.services import AccountLabel, AppServices


class Shown(Terminal):
    """Home on a pilot, and what can be read on it."""

    def __init__(self, pilot: Pilot[int], home: HomeScreen, runs: FakeRuns) -> None:
        super().__init__(pilot)
        self.home, self.runs = home, runs

    async def until_screen(self, kind: type) -> None:
        await self.until_so(lambda: isinstance(self.pilot.app.screen, kind), f"on top: {kind.__name__}")

    async def until_home(self) -> None:
        await self.until_so(lambda: self.home.is_current, "Home is on top")


@asynccontextmanager
async def shown(
    runs: FakeRuns | None = None,
    *,
    size: tuple[int, int] = (120, 24),
    has_account: bool = True,
    is_read_only: bool = False,
    app: type[BatchTui] = BatchTui,
) -> AsyncIterator[Shown]:
    fake, clock = runs or FakeRuns(), FrozenClock()

    def services_of(name: str) -> AppServices:
        return replace(new_services(FakeLogs(), clock), account=AccountLabel(name, "https://batch.example"))

    def no_new_run(name: str) -> None:
        raise AssertionError(name)

    services = HomeServices(fake, FakeAccounts(WORK, current="work"), services_of, no_new_run)  # type: ignore[arg-type]
    home = HomeScreen(services_of("work"), services, has_account=has_account, is_read_only=is_read_only)
    async with app(lambda: home).run_test(size=size) as pilot:
        view = Shown(pilot, home, fake)
        if has_account:
            await wait_for(pilot, lambda: home.is_current and home.focused, "Home has its focus")
        yield view


async def test_runs_stand_there_with_state_counts_age_and_what_costs_on_any_terminal() -> None:
    runs = FakeRuns()
    runs.remains_by_id[LEFT.run_id] = replace(remains_of(LEFT), counts=TaskCounts(running=3, succeeded=5))
    async with shown(runs) as home:
        await home.until("◐ goes on by itself", "5 of 8 ✓", "4 min ago", "▲ 2 nodes cost · job · data")
        await home.until("✗ tasks failed", "7 of 8 ✓  1 ✗", "1 h 00 min ago", "▲ 2 runs with nodes that cost")
        await home.until("✓ succeeded", "19 d 00 h ago", "runs · 3")
        asked = [what[1] for what in home.runs.asked if what[0] == "glance"]
        assert GONE.run_id not in asked, "what is gone is not asked for"
        for size in ((160, 45), (80, 24)):
            await home.pilot.resize_terminal(*size)
            await home.until(*(line.run_id for line in LINES), "✗ tasks failed", "▲ 2 nodes cost")
        await home.pilot.resize_terminal(40, 12)
        await home.until(*(line.run_id for line in LINES))


async def test_what_was_deleted_from_home_is_no_longer_there() -> None:
    runs = FakeRuns()
    async with shown(runs) as home:
        await home.until("▲ 2 runs with nodes that cost")
        runs.lines = tuple(replace(line, leftovers=()) if line.run_id == LEFT.run_id else line for line in LINES)
        await home.press("f5")
        await home.until("▲ 1 run with nodes that cost")
        home.home.feed_remains(runs.remains_by_id[LEFT.run_id])  # asked for before the deletion, told after it
        await home.pilot.pause()
        assert "▲ 1 run with nodes that cost" in home.text


async def test_the_journals_are_read_once_the_first_frame_is_out() -> None:
    """What they need is imported by a thread, which the frame would wait for."""
    done: list[str] = []

    class Painting(BatchTui):
        CSS_PATH = str(Path(ui.__file__).parent / BatchTui.CSS_PATH)

        def post_display_hook(self) -> None:
            done.append("painted")

    class Journals(FakeRuns):
        def list_runs(self) -> tuple[tuple[RunLine, ...], tuple[str, ...]]:
            done.append("read")
            return super().list_runs()

    async with shown(Journals(), app=Painting) as home:
        await home.until("runs · 3")
    assert done[0] == "painted"


async def test_an_empty_home_says_what_to_do() -> None:
    async with shown(FakeRuns(lines=())) as home:
        await home.until("No runs yet. Press n to plan the first one")


def palette_of(home: Shown) -> dict[str, Callable[[], object]]:
    commands = home.pilot.app.get_system_commands(home.pilot.app.screen)
    return {command.title: command.callback for command in commands}


async def test_the_palette_switches_the_account_also_from_a_run() -> None:
    async with shown(FakeRuns(sessions={ENDED.run_id: FakeSession(ended_events())})) as home:
        await home.until(ENDED.run_id)
        await home.press("down", "enter")
        await home.until_screen(OpenRunScreen)
        await wait_for(home.pilot, lambda: "Use account sandbox" in palette_of(home), "the other account is offered")
        assert "Use account work" not in palette_of(home), "it is the one in use"
        palette_of(home)["Use account sandbox"]()
        await wait_for(home.pilot, lambda: home.home.services.account.name == "sandbox", "new runs go to the sandbox")
        assert "Use account work" in palette_of(home)


async def test_a_service_that_does_not_answer_leaves_what_is_journaled() -> None:
    async with shown(FakeRuns(trouble=Unreachable("No answer", "from batch.example"))) as home:
        await home.until("▲ pool costs · job · data ?", "as journaled: No answer: from batch.example")


async def test_what_the_service_says_is_gone_is_gone() -> None:
    runs = FakeRuns(lines=(ENDED,))
    remains = remains_of(ENDED)
    gone = tuple(replace(item, presence=Presence.GONE) for item in remains.resources)
    runs.remains_by_id[ENDED.run_id] = replace(remains, resources=gone, pool=None, job=None)
    async with shown(runs) as home:
        await wait_for(home.pilot, lambda: "▲" not in home.text, "nothing costs any more")
        await home.press("x")
        assert home.home.is_current, "there is nothing to delete"


async def test_enter_shows_an_ended_run_again_with_its_keys_on_a_narrow_terminal_too_and_esc_comes_back() -> None:
    async with shown(FakeRuns(sessions={ENDED.run_id: FakeSession(ended_events())})) as home:
        await home.until(ENDED.run_id)
        await home.press("down", "enter")
        await home.until_screen(OpenRunScreen)
        assert ("revisit", ENDED.run_id) in home.runs.asked
        await home.until("summary")
        await home.pilot.resize_terminal(80, 24)
        await home.until("d Download  x Delete  ? Help  q Quit")
        await home.press("escape", "escape")
        await home.until_home()


async def test_a_run_that_goes_on_is_gone_on_with_and_runs_while_home_is_on_top() -> None:
    session = PausableFakeSession()
    runs = FakeRuns(lines=(LEFT,), sessions={LEFT.run_id: session})
    runs.remains_by_id[LEFT.run_id] = replace(remains_of(LEFT), counts=TaskCounts(running=8))
    async with shown(runs) as home:
        await home.until(LEFT.run_id)
        await home.press("enter")
        await home.until_screen(OpenRunScreen)
        assert ("start", LEFT.run_id) in runs.asked
        screen = home.pilot.app.screen
        await home.press("escape")
        await home.until_home()
        assert not session.is_stopped
        await home.press("enter")
        await wait_for(home.pilot, lambda: screen.is_current, "the same screen is on top again")
        assert isinstance(screen, OpenRunScreen)
        screen.feed(running_events())
        await home.press("escape", "q")
        await home.until_screen(QuitGuard)
        await home.until("keeps its 3 nodes", "go on without this program")
        await home.press("escape")
        await home.until_home()
        assert not session.is_stopped
        await home.press("q")
        await home.until_screen(QuitGuard)
        await home.press("down", "enter")
        await wait_for(home.pilot, lambda: session.is_stopped, "the run is left")


async def test_before_quitting_the_nodes_can_be_deleted_or_released() -> None:
    session = PausableFakeSession()
    runs = FakeRuns(lines=(LEFT,), sessions={LEFT.run_id: session})
    async with shown(runs) as home:
        await home.until(LEFT.run_id)
        await home.press("enter")
        await home.until_screen(OpenRunScreen)
        screen = home.pilot.app.screen
        assert isinstance(screen, OpenRunScreen)
        screen.feed(running_events())
        await home.press("q")
        await home.until_screen(QuitGuard)
        await home.press("down", "down", "down", "enter")
        await home.until_screen(DeleteDialog)
        await home.until_so(lambda: ("remains", LEFT.run_id) in runs.asked, "what there is to delete is asked for")
        await home.press("escape")
        await home.until_so(lambda: screen.is_current, "nothing was deleted, so nothing is left")
        assert not session.is_stopped
        await home.press("q")
        await home.until_screen(QuitGuard)
        assert ("release", LEFT.run_id) not in runs.asked
        await home.press("down", "down", "enter")
        await home.until_so(lambda: ("release", LEFT.run_id) in runs.asked, "its nodes are released")
        session.stop()


async def test_a_run_that_another_process_drives_is_only_watched() -> None:
    session = PausableFakeSession()
    runs = FakeRuns(lines=(replace(LEFT, is_driven=True),), sessions={LEFT.run_id: session})
    async with shown(runs) as home:
        await home.until(LEFT.run_id)
        await home.press("enter")
        await home.until_screen(OpenRunScreen)
        assert ("watch", LEFT.run_id) in runs.asked
        await home.press("escape")
        await home.until_so(lambda: session.is_stopped, "nobody looks any more, so nothing is asked any more")


async def test_a_run_that_ended_while_home_was_on_top_is_held_no_longer() -> None:
    session = PausableFakeSession()
    async with shown(FakeRuns(lines=(LEFT,), sessions={LEFT.run_id: session})) as home:
        await home.until(LEFT.run_id)
        await home.press("enter")
        await home.until_screen(OpenRunScreen)
        screen = home.pilot.app.screen
        await home.press("escape")
        await home.until_home()
        home.home.tick()
        await home.press("enter")
        await home.until_so(lambda: screen.is_current, "while it goes on it is the same screen")
        session.summary = SUMMARY
        assert isinstance(screen, OpenRunScreen)
        await home.until_so(lambda: screen.is_settled, "the end is told")
        home.home.tick()
        assert screen.is_current, "it stays while it is looked at"
        await home.press("escape")
        await home.until_home()
        home.home.tick()
        await home.until_so(lambda: not screen.is_running, "its tasks and its clock are gone")


async def test_keys_lead_to_the_dialogs_of_the_run_under_the_cursor() -> None:
    async with shown() as home:
        await home.until("▲ 2 nodes cost")
        await home.press("down", "d")
        await home.until_screen(DownloadDialog)
        await home.press("escape", "x")
        await home.until_screen(DeleteDialog)
        await wait_for(home.pilot, lambda: ("remains", ENDED.run_id) in home.runs.asked, "its remains were asked for")
        await home.press("escape", "a")
        await home.until_screen(AccountsScreen)


async def test_read_only_home_has_no_key_that_changes_anything() -> None:
    async with shown(is_read_only=True) as home:
        await home.until(LEFT.run_id)
        ids = {active.binding.id for active in home.home.active_bindings.values()}
        assert ids & {"home.new", "home.resume", "home.delete"} == set()
        assert "home.download" in ids
        await home.press("n", "x", "r")
        assert home.home.is_current


async def test_without_an_account_the_set_up_comes_first() -> None:
    async with shown(FakeRuns(lines=()), has_account=False) as home:
        await home.until_screen(SetUpScreen)
        await home.press("escape")
        await home.until_home()
        await home.press("n")
        await home.until_screen(SetUpScreen)


@pytest.mark.parametrize(
    "screen",
    [HomeScreen, OpenRunScreen, TaskScreen, DeleteDialog, DownloadDialog, ConflictDialog, ErrorDialog, QuitGuard],
)
def test_every_binding_says_what_it_does(screen: type[Screen[object]]) -> None:
    assert undescribed(screen.BINDINGS) == []
