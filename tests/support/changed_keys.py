"""Keys of a real sandbox that are changed while something uses them, and entered again as a person would."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.pilot import wait_for
from tests.support.runs import FakeLogs
from tui.commands.open_accounts import OpenAccounts
from tui.commands.shown_runs import ShownRuns
from tui.core.account_check import Checklist, CheckResult
from tui.core.accounts import Account
from tui.core.ports import StopSignal
from tui.engine.account_check import check_account
from tui.engine.clock import SystemClock
from tui.gateways.account_desk import AccountDesk
from tui.gateways.account_probe import AccountProbeGateway
from tui.gateways.accounts import open_account_book
from tui.sandbox import control
from tui.sandbox.settings import SandboxPaths, SandboxSettings
from tui.ui.account_services import AccessServices
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.reentry import ReentryScreen
from tui.ui.services import AccountLabel, AppServices

CLOCK = SystemClock()
Which = Literal["batch_key", "storage_key"]


def change_key(state_dir: Path, which: Which) -> str:
    """As its owner does in the portal; nothing else of the sandbox changes."""
    control.down(state_dir)
    paths = SandboxPaths(state_dir)
    settings = SandboxSettings.load(paths)
    assert settings is not None
    new_key = base64.b64encode(secrets.token_bytes(64)).decode()
    changed = replace(settings, batch_key=new_key) if which == "batch_key" else replace(settings, storage_key=new_key)
    changed.save(paths)
    control.up(state_dir)
    return new_key


def examine(account: Account, stop: StopSignal, report: Callable[[CheckResult], None]) -> Checklist:
    return check_account(account, AccountProbeGateway(account), CLOCK, stop, report)


def no_sandbox() -> Account:
    raise AssertionError("what is refused is on an account of its own")


def desk_with(account: Account, folder: Path) -> AccountDesk:
    """The account's keys rest in a file below `folder`."""
    desk = AccountDesk(open_account_book(folder), folder, {}, no_sandbox, examine, lambda: False)
    desk.save(account)
    return desk


def services_of(account: Account, desk: AccountDesk, accounts: OpenAccounts, runs: ShownRuns) -> AppServices:
    return AppServices(
        account=AccountLabel(account.name, account.batch_endpoint),
        clock=CLOCK,
        start_run=runs.start,
        log_reader=lambda _plan: FakeLogs(),
        access=AccessServices(desk, accounts.forget),
    )


async def enter_key(pilot: Pilot[int], key: str, which: Which = "batch_key") -> None:
    """Answers the question, and goes through the form as a person would."""
    app = pilot.app
    await wait_for(pilot, lambda: isinstance(app.screen, AccessDialog) and app.screen.focused, "it asks")
    await pilot.press("enter")
    await wait_for(pilot, lambda: isinstance(app.screen, ReentryScreen) and app.screen.focused, "the form is there")
    form = app.screen
    form.query_one("#" + which.replace("_", "-"), Input).value = key
    await pilot.pause()
    await pilot.press("ctrl+t")
    await wait_for(pilot, lambda: form.focused is form.query_one("#save"), "the test went well")
    await pilot.press("enter")
