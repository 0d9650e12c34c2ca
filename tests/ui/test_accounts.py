"""The list of accounts: what it says of each, and what can be done with the one under the cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from textual.pilot import Pilot
from textual.screen import Screen

from tests.support.accounts import LAB, REFUSED, SANDBOX, WORK, FakeAccounts, is_service, with_failure
from tests.support.pilot import wait_for
from tests.support.runs import new_services
from tests.support.terminal import Terminal
from tui.core.account_check import Check
from tui.core.accounts import Account, AccountKind
from tui.core.saved_accounts import SavedAccount
from tui.ui.app import BatchTui
from tui.ui.screens.accounts import AccountsScreen
from tui.ui.screens.set_up import SetUpScreen


class Shown(Terminal):
    """The list on a pilot, and what it was dismissed with."""

    def __init__(self, pilot: Pilot[int], screen: AccountsScreen, answers: list[Account | None]) -> None:
        super().__init__(pilot)
        self.screen, self.answers = screen, answers


@asynccontextmanager
async def shown(
    accounts: FakeAccounts, size: tuple[int, int] = (120, 40), *, is_read_only: bool = False
) -> AsyncIterator[Shown]:
    screen = AccountsScreen(new_services(), is_service(accounts), is_read_only=is_read_only)
    answers: list[Account | None] = []
    app = BatchTui(Screen[None])
    async with app.run_test(size=size) as pilot:
        app.push_screen(screen, answers.append)
        await wait_for(pilot, lambda: screen._chosen is not None, "the list is read")
        yield Shown(pilot, screen, answers)


def two() -> FakeAccounts:
    return FakeAccounts(LAB, WORK, current="work")


async def test_the_cursor_begins_on_the_current_account_and_each_one_is_told_and_tested() -> None:
    accounts = two()
    accounts.outcome = with_failure(Check.STORAGE_ACCESS, "Storage does not answer", "Look at the network.")
    async with shown(accounts, (80, 24)) as screen:
        await screen.until("● work  Account keys  in use", "lab  Microsoft Entra ID", "in the key store")
        await screen.press("t")
        await screen.until("✗ Storage access", "→ Look at the network.")
        assert accounts.checked == [WORK]
        await screen.press("down")
        await screen.until_gone("✗ Storage access")
        await screen.until("It is started when it is used or tested.")


async def test_enter_uses_the_account_and_goes_back() -> None:
    accounts = two()
    async with shown(accounts) as screen:
        await screen.press("up", "enter")
        await wait_for(screen.pilot, lambda: screen.answers == [LAB], "dismissed with the account")
        assert accounts.current == "lab"


async def test_a_refusal_stays_readable_and_the_sandbox_can_be_used_though_nobody_saved_it() -> None:
    accounts = two()
    accounts.error = REFUSED
    async with shown(accounts) as screen:
        await screen.press("u")
        await screen.until("✗ It was refused: for a reason", "→ Do something else.")
        assert screen.answers == []
        await screen.press("down", "u")
        await wait_for(screen.pilot, lambda: screen.answers == [SANDBOX], "dismissed with the sandbox")


async def test_an_account_gets_a_free_name_and_is_removed_only_once_that_is_confirmed() -> None:
    accounts = two()
    async with shown(accounts) as screen:
        await screen.press("r", *"lab")
        await screen.until("✗ 'lab' is taken; give another")
        await screen.press("enter")
        assert set(accounts.saved) == {"lab", "work"}
        await screen.press("2", "enter")
        await screen.until("● lab2  Account keys  in use")
        assert set(accounts.saved) == {"lab", "lab2"}
        await screen.press("x")
        await screen.until("Remove account lab2?", "Nothing on Azure is touched")
        await screen.press("enter")
        assert "lab2" in accounts.saved
        await screen.press("x", "right", "enter")
        await wait_for(screen.pilot, lambda: set(accounts.saved) == {"lab"}, "removed")
        await screen.until_gone("● lab2")


async def test_a_new_account_begins_with_its_kind_and_changing_one_with_the_form_filled() -> None:
    async with shown(two()) as screen:
        await screen.press("n")
        await wait_for(screen.pilot, lambda: isinstance(screen.pilot.app.screen, SetUpScreen), "the set-up is open")
        await screen.until("set up an account", "● Account keys")
        await screen.press("escape")
        await wait_for(screen.pilot, lambda: screen.screen.is_current, "back on the list")
        await screen.press("e")
        await screen.until("change account work", "https://mybatch.westeurope.batch.azure.com", "••••••")


async def test_what_the_environment_makes_is_temporary_and_cannot_be_changed() -> None:
    accounts = two()
    accounts.current = ""
    accounts.temporary = SavedAccount(
        "environment", AccountKind.SHARED_KEY, "envbatch", is_current=True, is_temporary=True
    )
    async with shown(accounts) as screen:
        await screen.until("● environment", "Made by environment variables")
        assert "Remove" not in screen.text
        await screen.press("x", "e", "r")
        assert screen.pilot.app.screen is screen.screen


async def test_read_only_leaves_only_looking() -> None:
    async with shown(two(), is_read_only=True) as screen:
        await screen.until("Use", "Test")
        assert not any(word in screen.text for word in ("Remove", "Rename", "Change", "New"))


async def test_a_name_from_a_file_that_somebody_edited_is_shown_as_it_is() -> None:
    odd = replace(WORK, name="a[/b]c")
    async with shown(FakeAccounts(odd)) as accounts:
        await accounts.until("─ a[/b]c ─")
        await accounts.press("x")
        await accounts.until("Remove account a[/b]c?")
