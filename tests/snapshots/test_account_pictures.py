"""Pictures of the set-up and of the accounts: canned accounts, no key on any of them."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.pilot import Pilot

from tests.support.accounts import BATCH_KEY, LAB, STORAGE_KEY, WORK, FakeAccounts, with_failure
from tests.support.pilot import wait_for
from tests.support.runs import new_services
from tui.core.account_check import Check
from tui.core.account_draft import draft_of
from tui.ui.app import BatchTui
from tui.ui.screens.accounts import AccountsScreen
from tui.ui.screens.set_up import SetUpScreen

SnapCompare = Callable[..., bool]


def test_a_check_that_failed(snap_compare: SnapCompare) -> None:
    accounts = FakeAccounts()
    accounts.outcome = with_failure(Check.BATCH_ACCESS, "the Batch key is not the key of mybatch", "Copy it again.")
    screen = SetUpScreen(new_services(), accounts, draft=draft_of(WORK))

    async def run_before(pilot: Pilot[int]) -> None:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the form has its focus")
        screen.post_message(events.Paste(f"AZURE_STORAGE_KEY={STORAGE_KEY}\nBATCH_ACCOUNT_KEY={BATCH_KEY}"))
        await pilot.press("ctrl+t")
        await wait_for(pilot, lambda: screen._trial.tested is not None, "the test is over")
        pilot.app.clear_notifications()
        await wait_for(pilot, lambda: not screen.query("Toast"), "no toast is left")

    assert snap_compare(BatchTui(lambda: screen), terminal_size=(80, 24), run_before=run_before)


def test_accounts(snap_compare: SnapCompare) -> None:
    screen = AccountsScreen(new_services(), FakeAccounts(LAB, WORK, current="work"))

    async def run_before(pilot: Pilot[int]) -> None:
        await wait_for(pilot, lambda: screen.focused and screen._chosen is not None, "the list is read")

    assert snap_compare(BatchTui(lambda: screen), terminal_size=(120, 40), run_before=run_before)
