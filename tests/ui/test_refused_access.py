"""Access that is refused in the midst of a run: asked about on its screen, regained, and gone on with there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from tests.support.accounts import BATCH_KEY, LAB, STORAGE_KEY, WORK, FakeAccounts
from tests.support.past_runs import LEFT, FakeRuns, remains_of
from tests.support.pilot import wait_for
from tests.support.runs import (
    NOW_S,
    SUMMARY,
    FakeLogs,
    FakeSession,
    FrozenClock,
    PausableFakeSession,
    ended_events,
    new_services,
    running_events,
)
from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, AccountKind
from tui.core.errors import AccessRefused, BatchTuiError
from tui.core.events import PollReport, RunEnded, RunEvent, RunStarted, RunSummary, Step, StepChanged, StepState
from tui.core.plan import RunPlan
from tui.core.records import TaskCounts
from tui.core.saved_accounts import SavedAccount
from tui.ui.account_services import AccessServices
from tui.ui.app import BatchTui
from tui.ui.bindings import undescribed
from tui.ui.run_services import HomeServices
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.delete import DeleteDialog
from tui.ui.screens.download import DownloadDialog
from tui.ui.screens.home import HomeScreen
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.screens.quit_guard import QuitGuard
from tui.ui.screens.reentry import ReentryScreen
from tui.ui.screens.watch import WatchScreen
from tui.ui.services import AccountLabel, AppServices, RunSession

RUN = LEFT.run_id
NEW_KEY = "bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleQ=="
REFUSED = AccessRefused(
    "Batch does not accept the account key",
    "counting the tasks of job x: 403 AuthenticationFailed",
    "Check the account's name, key and endpoint.",
    status=403,
    code="AuthenticationFailed",
)
REFUSED_SUMMARY = replace(SUMMARY, run_id=RUN, exit_code=3, counts=TaskCounts(running=2), outcome=str(REFUSED))
ALL_WELL = replace(SUMMARY, run_id=RUN, exit_code=0, outcome="all 8 tasks succeeded")


def refused_while_watching(summary: RunSummary = REFUSED_SUMMARY) -> FakeSession:
    failed = StepChanged(Step.MONITOR, StepState.FAILED, NOW_S, "403")
    return FakeSession(running_events(), [failed, RunEnded(summary, REFUSED)])


def gone_on_with() -> FakeSession:
    """The same run by other credentials, from where it ended to its end."""
    first: list[RunEvent] = [RunStarted(RUN, NOW_S - 252, is_resumed=True)]
    return FakeSession([*first, StepChanged(Step.MONITOR, StepState.RUNNING, NOW_S)], [RunEnded(ALL_WELL)])


@dataclass
class Runs(FakeRuns):
    """Each session that is opened is the next of those to come."""

    lines: tuple = (LEFT,)  # type: ignore[type-arg]
    coming: list[RunSession] = field(default_factory=list)

    def _session(self, kind: str, plan: RunPlan) -> RunSession:
        self.asked.append((kind, plan.run_id))
        return self.coming.pop(0)

    @property
    def opened(self) -> list[object]:
        return [what[0] for what in self.asked if what[0] in ("start", "watch", "revisit")]


class Shown:
    """Home and what was opened from it, on a pilot."""

    def __init__(self, pilot: Pilot[int], home: HomeScreen, runs: Runs, accounts: FakeAccounts) -> None:
        self.pilot, self.home, self.runs, self.accounts = pilot, home, runs, accounts
        self.forgotten: list[str] = []

    @property
    def text(self) -> str:
        lines = self.pilot.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in lines)

    async def until(self, *texts: str) -> None:
        await wait_for(self.pilot, lambda: all(text in self.text for text in texts), f"on screen: {texts}")

    async def until_asked(self, *texts: str, dialog: type = AccessDialog) -> None:
        """The question is on top and says all of this, on however many lines."""
        await self.until_screen(dialog)
        said = " ".join(str(static.render()) for static in self.pilot.app.screen.query(Static))
        assert [text for text in texts if text not in said.replace("\n", " ")] == [], said

    async def until_screen(self, kind: type) -> None:
        def is_there() -> bool:
            return isinstance(self.pilot.app.screen, kind) and self.pilot.app.screen.focused is not None

        await wait_for(self.pilot, is_there, f"on top: {kind.__name__}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def enter_keys(self, batch: str = NEW_KEY, storage: str = NEW_KEY) -> None:
        """Into the form that is on top; key by key would be the toolkit's test, and slow."""
        await self.until_screen(ReentryScreen)
        for name, key in (("#batch-key", batch), ("#storage-key", storage)):
            self.pilot.app.screen.query_one(name, Input).value = key
        await self.pilot.pause()

    async def test_and_save(self) -> None:
        await self.press("ctrl+t")
        await self.until("✓ everything works")
        assert self.pilot.app.screen.focused is self.pilot.app.screen.query_one("#save", Button)
        await self.press("enter")


@asynccontextmanager
async def shown(
    *coming: RunSession,
    accounts: FakeAccounts | None = None,
    account: str = "work",
    size: tuple[int, int] = (120, 40),
    is_read_only: bool = False,
) -> AsyncIterator[Shown]:
    line = replace(LEFT, plan=replace(LEFT.plan, account=account))
    runs = Runs((line,), {RUN: replace(remains_of(LEFT), counts=TaskCounts(running=8))}, coming=list(coming))
    book, clock = accounts or FakeAccounts(WORK, LAB, current="lab"), FrozenClock()
    forgotten: list[str] = []

    def services_of(name: str) -> AppServices:
        access = AccessServices(book, forgotten.append, may_enter=not is_read_only)
        return replace(new_services(FakeLogs(), clock), account=AccountLabel(name, "https://b.example"), access=access)

    def no_new_run(name: str) -> None:
        raise AssertionError(name)

    services = HomeServices(runs, book, services_of, no_new_run)  # type: ignore[arg-type]
    home = HomeScreen(services_of("lab"), services, is_read_only=is_read_only)
    async with BatchTui(lambda: home).run_test(size=size) as pilot:
        view = Shown(pilot, home, runs, book)
        view.forgotten = forgotten
        await wait_for(pilot, lambda: home.is_current and home.focused, "Home has its focus")
        await view.until(RUN)
        await wait_for(pilot, lambda: ("glance", RUN) in runs.asked, "the run was looked at")
        yield view


async def test_the_credentials_are_entered_where_the_run_was_refused_and_it_goes_on_there() -> None:
    async with shown(refused_while_watching(), gone_on_with()) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        screen = run.pilot.app.screen_stack[-2]
        await run.until("✗ Batch does not accept the account key")
        await run.until_asked("403 AuthenticationFailed", "→ Check the account", "Batch mybatch, storage mystore")
        await run.until_asked("Nothing is lost: the run stopped at “monitor”", "submitted and go on by themselves")
        await run.until_asked(f"batch-tui runs resume {RUN}", "they cost by the hour")
        await run.press("enter")
        await run.until_screen(ReentryScreen)
        await run.until("https://mybatch.westeurope.batch.azure.com", "Save and go on")
        assert run.pilot.app.screen.focused is run.pilot.app.screen.query_one("#batch-key")
        await run.enter_keys()
        assert not any(key in run.text for key in (NEW_KEY, BATCH_KEY, STORAGE_KEY))
        await run.test_and_save()
        await run.until("all 8 tasks succeeded", "topword-00000")
        notes = [note.message for note in run.pilot.app._notifications]
        assert [note for note in notes if note.startswith("The storage key is another one.")], notes
        assert run.pilot.app.screen is screen, "it goes on where it was"
        assert run.runs.opened == ["start", "start"]
    saved = run.accounts.saved["work"]
    assert (saved.batch_key.reveal(), saved.storage_key.reveal()) == (NEW_KEY, NEW_KEY)
    assert replace(saved, batch_key=WORK.batch_key, storage_key=WORK.storage_key) == WORK
    assert run.accounts.checked == [saved], "it was tested as it always is"
    assert run.forgotten == ["work"]
    assert run.accounts.current == "lab", "another account is not made the current one by the way"


async def test_while_it_goes_on_the_run_is_under_way_again() -> None:
    second = PausableFakeSession()
    async with shown(refused_while_watching(), second) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        screen = run.pilot.app.screen_stack[-2]
        assert isinstance(screen, OpenRunScreen)
        were_under_way = [screen.is_under_way]
        await run.press("down", "enter")
        await wait_for(run.pilot, lambda: second.is_started, "it is gone on with")
        await wait_for(run.pilot, lambda: screen.is_current, "on its own screen")
        screen.feed(
            [RunStarted(RUN, NOW_S - 252, is_resumed=True), StepChanged(Step.MONITOR, StepState.RUNNING, NOW_S)]
        )
        await run.until("● running 00:04:12", "● monitor", "p Pause", "topword-00000")
        assert "403" not in run.text
        assert [*were_under_way, screen.is_under_way] == [False, True]
        await run.press("p")
        assert second.is_paused, "the keys are those of the new session"
        await run.press("q")
        await run.until_screen(QuitGuard)
        await run.until("go on without this program")
        await run.press("down", "enter")
        await wait_for(run.pilot, lambda: second.is_stopped, "the run is left")


async def test_a_second_refusal_is_asked_about_again() -> None:
    async with shown(refused_while_watching(), refused_while_watching(), gone_on_with()) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        first = run.pilot.app.screen
        await run.press("down", "enter")
        await wait_for(run.pilot, lambda: len(run.runs.opened) == 2, "it was tried again")
        await run.until_screen(AccessDialog)
        assert run.pilot.app.screen is not first
        await run.press("enter")
        await run.enter_keys()
        await run.test_and_save()
        await run.until("all 8 tasks succeeded")
    assert run.forgotten == ["work", "work"]


async def test_going_back_from_the_form_comes_to_the_question_and_leaving_that_to_the_ended_run() -> None:
    async with shown(refused_while_watching()) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.press("enter")
        await run.enter_keys()
        await run.press("escape")
        await run.until_screen(ConfirmDialog)
        await run.press("right", "enter")
        await run.until_screen(AccessDialog)
        await run.press("escape")
        await run.until_screen(OpenRunScreen)
        await run.until("✗ failed in 00:04:12", "Batch does not accept the account key", "x Delete")
    assert (run.runs.opened, run.forgotten, run.accounts.saved["work"]) == (["start"], [], WORK)
    assert "delete" not in [what[0] for what in run.runs.asked]


async def test_quitting_from_the_question_leaves_with_the_runs_own_exit_code() -> None:
    session = refused_while_watching()
    async with shown(session) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.press("q")
        costs = "they cost by the hour"
        await run.until_asked("The run has stopped, and what it made is still there", costs, dialog=QuitGuard)
        await run.press("down", "enter")
        await wait_for(run.pilot, lambda: session.is_stopped, "the run is left")
    assert run.pilot.app.return_value == 3


async def test_what_costs_is_said_also_of_a_pool_that_could_not_be_read_any_more() -> None:
    early = FakeSession([RunStarted(RUN, NOW_S - 9, is_resumed=True), RunEnded(REFUSED_SUMMARY, REFUSED)])
    async with shown(early) as run:
        await run.press("enter")
        await run.until_asked(f"Pool {RUN} is still there: its nodes cost by the hour.")
        await run.until("Leave it (r on Home resumes it later)")


async def test_nothing_is_asked_in_the_midst_of_something_else_only_back_on_the_run() -> None:
    session = PausableFakeSession()
    async with shown(session, gone_on_with()) as run:
        await run.press("enter")
        await run.until_screen(OpenRunScreen)
        screen = run.pilot.app.screen
        assert isinstance(screen, OpenRunScreen)
        screen.feed(running_events())
        await run.press("escape")
        await wait_for(run.pilot, lambda: run.home.is_current, "Home is on top")
        session.summary = REFUSED_SUMMARY
        screen.feed([RunEnded(REFUSED_SUMMARY, REFUSED)])
        screen.end(None)
        told = f"{RUN}: Batch does not accept the account key. Go back to it to go on."
        await wait_for(run.pilot, lambda: told in [note.message for note in run.pilot.app._notifications], "it is told")
        assert run.home.is_current
        await run.press("enter")
        await run.until_screen(AccessDialog)
        assert screen in run.pilot.app.screen_stack, "the run that was refused, not another look at it"
        await run.press("down", "enter")
        await run.until("all 8 tasks succeeded")
        session.stop()


TEMPORARY = SavedAccount(ENVIRONMENT_NAME, AccountKind.SHARED_KEY, is_current=True, is_temporary=True)


@pytest.mark.parametrize(
    ("account", "words", "first", "can_enter"),
    [
        (ENVIRONMENT_NAME, "environment variables, which no form can change", "Try again as it is", False),
        (SANDBOX_NAME, "The sandbox makes its keys by itself", "Try again as it is", False),
        ("lab", "Sign in again in another terminal (`az login`)", "I have signed in: try again", True),
        ("gone", "There is no account 'gone' on this machine any more", "Try again as it is", False),
    ],
)
async def test_what_can_be_done_is_said_for_each_kind_of_account(
    account: str, words: str, first: str, can_enter: bool
) -> None:
    accounts = FakeAccounts(WORK, LAB, current="work")
    accounts.temporary = TEMPORARY
    async with shown(refused_while_watching(), gone_on_with(), accounts=accounts, account=account) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.until_asked(words)
        buttons = [str(button.label) for button in run.pilot.app.screen.query(Button)]
        assert buttons[0] == first
        assert any(label.startswith("Enter") for label in buttons) is can_enter
        await run.press("enter")
        await run.until("all 8 tasks succeeded")
    assert run.forgotten == [account]


async def test_an_account_of_entra_may_turn_to_keys_where_keys_are_what_is_left() -> None:
    async with shown(refused_while_watching(), gone_on_with(), account="lab") as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.press("down", "enter")
        await run.enter_keys()
        await run.test_and_save()
        await run.until("all 8 tasks succeeded")
    assert (run.accounts.saved["lab"].kind, run.accounts.saved["lab"].name) == (AccountKind.SHARED_KEY, "lab")


async def test_the_form_offers_other_credentials_and_no_other_account() -> None:
    async with shown(refused_while_watching()) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.press("enter")
        await run.until_screen(ReentryScreen)
        form = run.pilot.app.screen
        assert "Sandbox" not in run.text
        form.post_message(events.Paste(f"AZURE_BATCH_ACCOUNT=other\nAZURE_BATCH_ACCESS_KEY={NEW_KEY}\n"))
        await wait_for(run.pilot, lambda: form.query_one("#batch-key", Input).value == NEW_KEY, "the key is taken")
        open_fields = [field.id for field in form.query(Input) if not field.disabled and field.display]
        assert open_fields == ["batch-key", "storage-key"]
        assert form.query_one("#batch-account", Input).value == "mybatch"


async def test_keys_that_are_gone_are_asked_for_all_the_same() -> None:
    accounts = FakeAccounts(WORK, current="work")

    def no_keys(_name: str) -> None:
        raise BatchTuiError("The keys of account work are gone")

    accounts.account = no_keys  # type: ignore[method-assign,assignment]
    async with shown(refused_while_watching(), gone_on_with(), accounts=accounts) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.press("enter")
        await run.until_screen(ReentryScreen)
        await run.until("still missing: Batch key and 1 more", "mybatch")
        await run.enter_keys()
        await run.test_and_save()
        await run.until("all 8 tasks succeeded")
    assert run.accounts.saved["work"].batch_key.reveal() == NEW_KEY


async def test_read_only_enters_no_credentials_and_may_look_again() -> None:
    watched = FakeSession(running_events(), error=REFUSED)
    async with shown(watched, FakeSession(ended_events()), is_read_only=True) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.until_asked("goes on by itself; it is only not looked at any more")
        assert [button.id for button in run.pilot.app.screen.query(Button)] == ["again", "leave"]
        await run.press("enter")
        await run.until("1 of 8 tasks failed")
        assert run.runs.opened == ["watch", "watch"]


async def test_a_watched_job_asks_too_and_is_looked_at_again() -> None:
    coming = [FakeSession(ended_events())]
    refused_poll = PollReport(NOW_S, False, 60.0, 1.0, trouble="403 AuthenticationFailed")
    forgotten: list[str] = []
    services = replace(
        new_services(),
        account=AccountLabel("work", ""),
        access=AccessServices(FakeAccounts(WORK, current="work"), forgotten.append),
        start_run=lambda _: coming.pop(),
    )
    screen = WatchScreen(services, LEFT.plan, FakeSession([*running_events(), refused_poll], error=REFUSED))
    async with BatchTui(lambda: screen).run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, AccessDialog), "it asks")
        await wait_for(pilot, lambda: pilot.app.screen.focused, "an answer has the focus")
        trouble = str(screen._trouble.render())
        assert "Batch does not accept the account key" in trouble
        assert "trying again" not in trouble, "nobody does"
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: screen.view.is_over, "the job was looked at to its end")
    assert (coming, forgotten) == ([], ["work"])


@pytest.mark.parametrize(("key", "dialog"), [("d", DownloadDialog), ("x", DeleteDialog)])
async def test_a_refused_download_or_deletion_is_made_once_access_is_back(key: str, dialog: type) -> None:
    async with shown() as run:
        run.runs.trouble = REFUSED
        await run.press(key)
        await run.until_screen(dialog if key == "d" else AccessDialog)
        if key == "d":
            await run.press("enter")
            await run.until_screen(AccessDialog)
        await run.until_asked("Nothing was changed by what was refused")
        await run.press("enter")
        await run.enter_keys()
        run.runs.trouble = None
        await run.test_and_save()
        await run.until_screen(dialog)
        await run.until("verified" if key == "d" else f"Type {RUN} to confirm")
    assert run.forgotten == ["work"]


@pytest.mark.parametrize("screen", [AccessDialog, ReentryScreen, WatchScreen])
def test_every_binding_says_what_it_does(screen: type[OpenRunScreen]) -> None:
    assert undescribed(screen.BINDINGS) == []
