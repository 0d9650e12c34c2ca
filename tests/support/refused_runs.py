"""Runs that are refused access, on Home with accounts in memory: what is asked then, and what a person answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from tests.support.accounts import LAB, WORK, FakeAccounts
from tests.support.past_runs import LEFT, FakeRuns, remains_of
from tests.support.pilot import wait_for
from tests.support.runs import NOW_S, SUMMARY, FakeLogs, FakeSession, FrozenClock, new_services, running_events
from tests.support.terminal import Terminal
from tui.core.errors import AccessRefused
from tui.core.events import RunEnded, RunEvent, RunStarted, RunSummary, Step, StepChanged, StepState
from tui.core.plan import RunPlan
from tui.core.records import TaskCounts
from tui.ui.account_services import AccessServices
from tui.ui.app import BatchTui
from tui.ui.run_services import HomeServices
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.home import HomeScreen
from tui.ui.screens.reentry import ReentryScreen
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


class Shown(Terminal):
    """Home and what was opened from it, on a pilot."""

    def __init__(self, pilot: Pilot[int], home: HomeScreen, runs: Runs, accounts: FakeAccounts) -> None:
        super().__init__(pilot)
        self.home, self.runs, self.accounts = home, runs, accounts
        self.forgotten: list[str] = []

    async def until_asked(self, *texts: str, dialog: type = AccessDialog) -> None:
        """The question is on top and says all of this, on however many lines."""
        await self.until_screen(dialog)
        assert [text for text in texts if text not in self.said] == [], self.said

    @property
    def said(self) -> str:
        """All that the dialog on top says, on one line."""
        return " ".join(str(static.render()) for static in self.pilot.app.screen.query(Static)).replace("\n", " ")

    async def until_screen(self, kind: type) -> None:
        def is_there() -> bool:
            return isinstance(self.pilot.app.screen, kind) and self.pilot.app.screen.focused is not None

        await wait_for(self.pilot, is_there, f"on top: {kind.__name__}")

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
