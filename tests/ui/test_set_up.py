"""The set-up screen: three kinds, fields that fill themselves, a live test, and saving that says where."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from textual import events
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Input

from tests.support.accounts import (
    BATCH_KEY,
    KEY_FILE,
    REFUSED,
    SANDBOX,
    STORAGE_KEY,
    WORK,
    FakeAccounts,
    is_service,
    with_failure,
)
from tests.support.pilot import wait_for
from tests.support.runs import new_services
from tests.support.terminal import Terminal
from tui.core.account_check import Check
from tui.core.account_draft import AccountDraft, draft_of
from tui.core.accounts import Account, AccountKind
from tui.core.errors import Interrupted
from tui.core.ports import StopSignal
from tui.core.saved_accounts import SavedAccount
from tui.ui.app import BatchTui
from tui.ui.blocking import run_in_daemon_thread
from tui.ui.screens.set_up import SetUpScreen

SHORT, LOW, COMFORTABLE, WIDE = (80, 24), (120, 30), (120, 40), (160, 45)
URL = "https://mybatch.westeurope.batch.azure.com"
CONNECTION_STRING = (
    f"DefaultEndpointsProtocol=https;AccountName=mystore;AccountKey={STORAGE_KEY};EndpointSuffix=core.windows.net"
)
TUTORIAL = f"""
_BATCH_ACCOUNT_NAME = 'mybatch'
_BATCH_ACCOUNT_KEY = '{BATCH_KEY}'
_BATCH_ACCOUNT_URL = '{URL}'
_STORAGE_ACCOUNT_NAME = 'mystore'
_STORAGE_ACCOUNT_KEY = '{STORAGE_KEY}'
"""
OTHER_KEY = "b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXk="
KEYS = AccountDraft(kind=AccountKind.SHARED_KEY)
PATIENCE_S = 20.0


class Shown(Terminal):
    """A set-up screen on a pilot, and what it was dismissed with."""

    def __init__(self, pilot: Pilot[int], screen: SetUpScreen, answers: list[Account | None]) -> None:
        super().__init__(pilot)
        self.screen, self.answers = screen, answers

    def value(self, name: str) -> str:
        return self.field(name).value

    def field(self, name: str) -> Input:
        return self.screen.query_one(f"#{name}", Input)

    def button(self, name: str) -> Button:
        return self.screen.query_one(f"#{name}", Button)

    async def type_into(self, name: str, text: str, *keys: str) -> None:
        self.field(name).focus()
        await self.enter(text, *keys)

    async def enter(self, text: str, *keys: str) -> None:
        """Types `text` into the field that has the focus; key by key would be the toolkit's test, and slow."""
        await self.pilot.pause()
        assert isinstance(self.screen.focused, Input)
        self.screen.focused.value = text
        await self.pilot.pause()
        await self.pilot.press(*keys)

    async def paste(self, text: str, into: str = "") -> None:
        if into:
            self.field(into).focus()
            await self.pilot.pause()
        self.pilot.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def until_dismissed(self) -> None:
        await wait_for(self.pilot, lambda: self.answers, "dismissed")


@asynccontextmanager
async def shown(
    accounts: FakeAccounts | None = None,
    draft: AccountDraft | None = None,
    replaces: str = "",
    size: tuple[int, int] = COMFORTABLE,
    *,
    threaded: bool = False,
) -> AsyncIterator[Shown]:
    services = new_services()
    if threaded:
        services = replace(services, run_blocking=run_in_daemon_thread)
    screen = SetUpScreen(services, is_service(accounts or FakeAccounts()), draft=draft, replaces=replaces)
    answers: list[Account | None] = []
    app = BatchTui(Screen[None])
    async with app.run_test(size=size) as pilot:
        app.push_screen(screen, answers.append)
        await wait_for(pilot, lambda: screen.is_mounted and screen.focused is not None, "the screen is up")
        yield Shown(pilot, screen, answers)


async def test_the_sandbox_is_chosen_at_first_needs_two_keys_and_can_be_tried_in_between() -> None:
    accounts = FakeAccounts()
    async with shown(accounts) as screen:
        await screen.until("● Sandbox", "Nothing to fill in", "Use the sandbox")
        await screen.press("enter")
        assert screen.button("save").has_focus
        await screen.press("ctrl+t")
        await screen.until("✓ everything works", "✓ all good")
        assert (accounts.checked, accounts.current) == ([SANDBOX], "")
        await screen.press("enter")
        await screen.until_dismissed()
    assert screen.answers == [SANDBOX]
    assert accounts.current == "sandbox"


async def test_credentials_pasted_on_the_first_screen_choose_the_kind_and_are_two_keys_from_being_saved() -> None:
    accounts = FakeAccounts()
    async with shown(accounts) as screen:
        await screen.paste(TUTORIAL)
        await screen.until("● Account keys", "ready to be tested")
        assert screen.button("test").has_focus
        await screen.press("ctrl+s")
        await screen.until_dismissed()
    (account,) = screen.answers
    assert account is not None
    assert accounts.saved == {"mybatch": account}
    assert account.batch_key.reveal() == BATCH_KEY


async def test_credentials_find_their_fields_whichever_has_the_focus_and_a_bare_value_stays_where_it_is() -> None:
    async with shown(draft=KEYS) as screen:
        await screen.paste(STORAGE_KEY, into="storage-key")
        assert (screen.value("storage-key"), screen.value("batch-key")) == (STORAGE_KEY, "")
        await screen.type_into("batch-account", "before")
        await screen.paste(CONNECTION_STRING)
        assert (screen.value("batch-account"), screen.value("storage-account")) == ("before", "mystore")
        await screen.until("still missing: Batch URL and 1 more")
        for focused in ("batch-endpoint", "storage-key"):
            screen.field("batch-account").value = screen.field("storage-key").value = ""
            await screen.paste(TUTORIAL, into=focused)
            await screen.until("ready to be tested")
            found = [screen.value(name) for name in ("batch-endpoint", "batch-account", "batch-key", "storage-key")]
            assert found == [URL, "mybatch", BATCH_KEY, STORAGE_KEY]


async def test_a_terminal_that_types_what_is_pasted_fills_the_fields_line_by_line() -> None:
    async with shown(draft=KEYS, size=SHORT) as screen:
        screen.field("batch-endpoint").focus()
        for line in TUTORIAL.strip().splitlines():
            await screen.enter(line, "enter")
        await screen.until("ready to be tested")
        assert [screen.value(name) for name in ("batch-endpoint", "storage-key")] == [URL, STORAGE_KEY]


async def test_entra_takes_no_keys_and_the_kind_before_keeps_its_own() -> None:
    async with shown(draft=draft_of(WORK), replaces="work") as screen:
        screen.screen.query_one("KindChoice").focus()
        await screen.press("right")
        await screen.until("● Microsoft Entra ID", "No keys to keep")
        await screen.paste(TUTORIAL.replace(BATCH_KEY, OTHER_KEY))
        await screen.until("● Microsoft Entra ID", "ready to be tested")
        assert "Batch key" not in screen.text.replace("Filled", "")
        screen.screen.query_one("KindChoice").focus()
        await screen.press("left")
        await screen.until("● Account keys")
        assert screen.value("batch-key") == BATCH_KEY


async def test_an_empty_form_says_what_is_missing_judges_what_is_left_and_forgets_nothing_unasked() -> None:
    async with shown(draft=KEYS, size=LOW) as screen:
        everything = ("Batch URL", "Name it", "Keys will be kept", "Test", "Save and use", "Batch address")
        await screen.until("still missing: Batch URL and 4 more", *everything)
        assert [screen.button(name).disabled for name in ("test", "save")] == [True, True]
        assert screen.button("test").tooltip == "still missing: Batch URL and 4 more"
        await screen.press("ctrl+t", "ctrl+s")
        assert screen.answers == []
        assert screen.screen.leaving_question() is None
        for size in (WIDE, SHORT):
            await screen.pilot.resize_terminal(*size)
            await screen.until(*everything)
        await screen.type_into("batch-endpoint", URL)
        assert screen.field("batch-account").placeholder == "mybatch"
        await screen.until("still missing: Batch key and 2 more")
        await screen.type_into("batch-key", "short")
        assert "✗" not in screen.text
        await screen.press("tab")
        await screen.until("✗ it is not base64; part of it may be missing")
        await screen.press("escape")
        await screen.until("Leave without saving?")
        await screen.press("right", "enter")
        await screen.until_dismissed()
    assert screen.answers == [None]


async def test_enter_leads_through_the_fields_to_the_test_which_typing_again_makes_void() -> None:
    accounts = FakeAccounts()
    async with shown(accounts, draft=KEYS) as screen:
        await screen.press("enter")
        for text in (URL, "", BATCH_KEY, "mystore", STORAGE_KEY, "", ""):
            await screen.enter(text, "enter")
        await screen.until("✓ everything works")
        assert [account.batch_account for account in accounts.checked] == ["mybatch"]
        assert screen.button("save").has_focus
        await screen.type_into("storage-account", "x")
        await screen.until("Storage account: it is not", "not tested yet")


async def test_changing_an_account_shows_its_keys_when_asked_alone_and_replaces_it() -> None:
    accounts = FakeAccounts(WORK)
    async with shown(accounts, draft_of(WORK), "work", SHORT) as screen:
        await screen.until("••••••••")
        assert BATCH_KEY[:12] not in screen.text
        await screen.press("ctrl+r")
        await screen.until(BATCH_KEY[:12], "hide")
        await screen.press("ctrl+r")
        await screen.until("••••••••", "show")
        assert BATCH_KEY[:12] not in screen.text
        assert BATCH_KEY not in repr(screen.screen._form.draft)
        await screen.pilot.click("#batch-key", offset=(screen.field("batch-key").region.width + 2, 0))
        await screen.until(BATCH_KEY[:12], "hide")
        await screen.type_into("name", "office", "ctrl+s")
        await screen.until_dismissed()
    assert list(accounts.saved) == ["office"]


async def test_what_cannot_be_saved_says_why_in_place_and_what_was_refused_can_be_tried_again() -> None:
    accounts = FakeAccounts(WORK)
    accounts.error = REFUSED
    async with shown(accounts, draft=draft_of(WORK)) as screen:
        await screen.until("Name it: 'work' is taken; give another")
        await screen.type_into("name", "second")
        await screen.type_into("batch-endpoint", URL.replace("https", "http"))
        await screen.until("Batch URL: plain http to mybatch.westeurope")
        await screen.type_into("batch-endpoint", URL, "ctrl+s")
        await screen.until("✗ It was refused: for a reason", "→ Do something else.")
        assert screen.answers == []
        await screen.press("ctrl+s")
        await screen.until_dismissed()
    assert list(accounts.saved) == ["work", "second"]


async def test_on_a_short_terminal_a_failure_comes_into_view_with_its_remedy_and_the_rest_can_be_paged_to() -> None:
    accounts = FakeAccounts(key_place=KEY_FILE)
    accounts.outcome = with_failure(Check.SHARED_ACCESS, "the signature was refused", "Look at its networks.")
    async with shown(accounts, draft_of(WORK), "work", SHORT) as screen:
        await screen.until("! Keys will be kept in /home/user/keys.json", "not encrypted")
        screen.field("batch-key").focus()
        await screen.press("ctrl+t")
        await screen.until("✗ Shared access", "the signature was refused", "→ Look at its networks.", "✗ 1 to mend")
        assert not screen.button("save").disabled
        await screen.press("pageup")
        await screen.until("where tasks run")
        assert screen.field("batch-key").has_focus


async def test_escape_stops_a_test_that_hangs_and_the_screen_stays_alive() -> None:
    accounts = FakeAccounts()
    stopped = threading.Event()

    def hang(stop: StopSignal) -> None:
        if stop.wait(PATIENCE_S):
            stopped.set()
            raise Interrupted("The check was stopped")

    accounts.before_check = hang
    async with shown(accounts, draft=draft_of(WORK), replaces="work", threaded=True) as screen:
        await screen.until("ready to be tested")
        await screen.press("ctrl+t")
        await screen.until("● testing; nothing is saved yet", "Stop")
        await screen.press("escape")
        await screen.until("ready to be tested", "not tested yet")
        await wait_for(screen.pilot, stopped.is_set, "the engine was told")
        assert screen.answers == []


class SlowKeyStore(FakeAccounts):
    """Saves once it is unlocked."""

    def __init__(self, *accounts: Account) -> None:
        super().__init__(*accounts)
        self.is_unlocked = threading.Event()

    def save(self, account: Account, replaces: str = "", *, becomes_current: bool = True) -> SavedAccount:
        assert self.is_unlocked.wait(PATIENCE_S)
        return super().save(account, replaces, becomes_current=becomes_current)


async def test_an_account_that_is_saved_while_something_is_on_top_is_the_answer_once_that_is_closed() -> None:
    accounts = SlowKeyStore(WORK)
    async with shown(accounts, draft=draft_of(WORK), replaces="work", threaded=True) as screen:
        await screen.type_into("batch-account", "other", "ctrl+s", "ctrl+p")
        await screen.until_so(lambda: isinstance(screen.pilot.app.screen, CommandPalette), "the palette is on top")
        accounts.is_unlocked.set()
        await screen.until_so(lambda: accounts.saved["work"].batch_account == "other", "it is saved")
        await screen.press("escape")
        await screen.until_so(lambda: screen.screen not in screen.pilot.app.screen_stack, "the set-up is left")
    assert screen.answers == [accounts.saved["work"]]


async def test_nobody_is_asked_to_forget_what_is_being_saved() -> None:
    accounts = SlowKeyStore(WORK)
    async with shown(accounts, draft=draft_of(WORK), replaces="work", threaded=True) as screen:
        await screen.type_into("batch-account", "other", "ctrl+s", "escape")
        await screen.until("saving…")
        assert screen.screen.is_current
        assert [note.message for note in screen.pilot.app._notifications] == [
            "The account is being saved; this closes once it is."
        ]
        question = screen.screen.leaving_question()
        assert question is not None
        assert "may be so all the same" in question.text
        accounts.is_unlocked.set()
        await screen.until_dismissed()
    assert screen.answers == [accounts.saved["work"]]
