"""The set-up screen: three kinds, fields that fill themselves, a live test, and saving that says where."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual import events
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
from tui.core.account_check import Check
from tui.core.account_draft import AccountDraft, draft_of
from tui.core.accounts import Account, AccountKind
from tui.core.errors import Interrupted
from tui.core.ports import StopSignal
from tui.ui.app import BatchTui
from tui.ui.blocking import run_in_daemon_thread
from tui.ui.screens.set_up import SetUpScreen

SHORT, COMFORTABLE, WIDE = (80, 24), (120, 40), (160, 45)
CONNECTION_STRING = (
    f"DefaultEndpointsProtocol=https;AccountName=mystore;AccountKey={STORAGE_KEY};EndpointSuffix=core.windows.net"
)
TUTORIAL = f"""
_BATCH_ACCOUNT_NAME = 'mybatch'
_BATCH_ACCOUNT_KEY = '{BATCH_KEY}'
_BATCH_ACCOUNT_URL = 'https://mybatch.westeurope.batch.azure.com'
_STORAGE_ACCOUNT_NAME = 'mystore'
_STORAGE_ACCOUNT_KEY = '{STORAGE_KEY}'
"""
PATIENCE_S = 20.0


class Shown:
    """A set-up screen on a pilot, what can be read on it, and what it was dismissed with."""

    def __init__(self, pilot: Pilot[int], screen: SetUpScreen, answers: list[Account | None]) -> None:
        self.pilot, self.screen, self.answers = pilot, screen, answers

    @property
    def text(self) -> str:
        """Everything on the terminal."""
        return "\n".join(strip.text for strip in self.pilot.app.screen._compositor.render_strips())

    def field(self, name: str) -> Input:
        return self.screen.query_one(f"#{name}", Input)

    def button(self, name: str) -> Button:
        return self.screen.query_one(f"#{name}", Button)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type_into(self, name: str, text: str) -> None:
        self.field(name).focus()
        await self.enter(text)

    async def enter(self, text: str, *keys: str) -> None:
        """Types `text` into the field that has the focus; key by key would be the toolkit's test, and slow."""
        await self.pilot.pause()
        assert isinstance(self.screen.focused, Input)
        self.screen.focused.value = text
        await self.pilot.pause()
        await self.pilot.press(*keys)

    async def paste(self, text: str) -> None:
        self.pilot.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def until(self, *texts: str) -> None:
        await wait_for(self.pilot, lambda: all(text in self.text for text in texts), f"on screen: {texts}")


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


KEYS = AccountDraft(kind=AccountKind.SHARED_KEY)


class TestSandbox:
    async def test_is_chosen_at_first_and_needs_two_keys(self) -> None:
        accounts = FakeAccounts()
        async with shown(accounts) as screen:
            await screen.until("● Sandbox", "Nothing to fill in")
            await screen.press("enter", "enter")
            await wait_for(screen.pilot, lambda: screen.answers, "dismissed")
            assert screen.answers == [SANDBOX]
            assert accounts.current == "sandbox"

    async def test_can_be_tested_first(self) -> None:
        accounts = FakeAccounts()
        async with shown(accounts) as screen:
            await screen.press("ctrl+t")
            await screen.until("✓ everything works", "✓ all good")
            assert accounts.checked == [SANDBOX]


class TestFilling:
    @pytest.mark.parametrize("focused", ["batch-endpoint", "storage-key"])
    async def test_a_tutorials_credentials_fill_every_field_whichever_has_the_focus(self, focused: str) -> None:
        async with shown(draft=KEYS) as screen:
            screen.field(focused).focus()
            await screen.pilot.pause()
            await screen.paste(TUTORIAL)
            await screen.until("ready to be tested")
            assert screen.field("batch-account").value == "mybatch"
            assert screen.field("batch-key").value == BATCH_KEY
            assert screen.field("storage-key").value == STORAGE_KEY
            assert screen.field(focused).value != TUTORIAL.strip()

    async def test_pasted_on_the_first_screen_they_choose_the_kind(self) -> None:
        async with shown() as screen:
            await screen.paste(TUTORIAL)
            await screen.until("● Account keys", "ready to be tested")
            assert screen.button("test").has_focus

    async def test_a_connection_string_fills_storage_and_leaves_batch(self) -> None:
        async with shown(draft=KEYS) as screen:
            await screen.type_into("batch-account", "mybatch")
            await screen.paste(CONNECTION_STRING)
            assert screen.field("batch-account").value == "mybatch"
            assert screen.field("storage-account").value == "mystore"
            await screen.until("still missing: Batch URL and 1 more")

    async def test_typed_credentials_fill_the_fields_line_by_line(self) -> None:
        async with shown(draft=KEYS) as screen:
            screen.field("batch-endpoint").focus()
            for line in TUTORIAL.strip().splitlines():
                await screen.enter(line, "enter")
            await screen.until("ready to be tested")
            assert screen.field("batch-endpoint").value == "https://mybatch.westeurope.batch.azure.com"

    async def test_a_bare_value_goes_where_it_is_pasted(self) -> None:
        async with shown(draft=KEYS) as screen:
            screen.field("storage-key").focus()
            await screen.pilot.pause()
            await screen.paste(STORAGE_KEY)
            assert screen.field("storage-key").value == STORAGE_KEY
            assert screen.field("batch-key").value == ""

    async def test_entra_takes_no_keys_from_what_is_pasted(self) -> None:
        async with shown(draft=AccountDraft(kind=AccountKind.ENTRA)) as screen:
            await screen.paste(TUTORIAL)
            await screen.until("● Microsoft Entra ID", "ready to be tested", "No keys to keep")
            assert "Batch key" not in screen.text.replace("Filled", "")

    async def test_the_url_names_the_account(self) -> None:
        async with shown(draft=KEYS) as screen:
            await screen.type_into("batch-endpoint", "https://mybatch.westeurope.batch.azure.com")
            assert screen.field("batch-account").placeholder == "mybatch"
            await screen.until("still missing: Batch key and 2 more")

    async def test_another_kind_keeps_what_was_typed(self) -> None:
        async with shown(draft=draft_of(WORK), replaces="work") as screen:
            screen.screen.query_one("KindChoice").focus()
            await screen.press("right")
            await screen.until("● Microsoft Entra ID", "No keys to keep")
            await screen.press("left")
            await screen.until("● Account keys")
            assert screen.field("batch-key").value == BATCH_KEY


class TestKeysOnScreen:
    @pytest.mark.parametrize("size", [SHORT, WIDE])
    async def test_are_dots_until_asked_for(self, size: tuple[int, int]) -> None:
        async with shown(draft=draft_of(WORK), replaces="work", size=size) as screen:
            await screen.until("••••••••")
            assert BATCH_KEY[:12] not in screen.text
            await screen.press("ctrl+r")
            await screen.until(BATCH_KEY[:12], "hide")
            await screen.press("ctrl+r")
            await screen.until("show")
            assert BATCH_KEY[:12] not in screen.text
            assert BATCH_KEY not in repr(screen.screen._form.draft)

    async def test_a_click_shows_them(self) -> None:
        async with shown(draft=draft_of(WORK)) as screen:
            await screen.pilot.click("#batch-key", offset=(screen.field("batch-key").region.width + 2, 0))
            await screen.until("hide")


class TestJudging:
    async def test_a_field_is_judged_once_it_is_left(self) -> None:
        async with shown(draft=KEYS) as screen:
            await screen.type_into("batch-key", "short")
            assert "✗" not in screen.text
            await screen.press("tab")
            await screen.until("✗ it is not base64; part of it may be missing")

    async def test_buttons_are_off_and_the_screen_says_why(self) -> None:
        async with shown(draft=KEYS) as screen:
            await screen.until("still missing: Batch URL and 4 more")
            assert screen.button("test").disabled
            assert screen.button("save").disabled
            assert screen.button("test").tooltip == "still missing: Batch URL and 4 more"
            await screen.press("ctrl+t", "ctrl+s")
            assert screen.answers == []

    async def test_a_name_that_is_taken_is_said_at_once(self) -> None:
        async with shown(FakeAccounts(WORK), draft=draft_of(WORK)) as screen:
            await screen.until("Name it: 'work' is taken; give another")

    async def test_plain_http_to_elsewhere_is_refused_in_place(self) -> None:
        async with shown(draft=draft_of(WORK), replaces="work") as screen:
            screen.field("batch-endpoint").value = "http://mybatch.westeurope.batch.azure.com"
            await screen.until("Batch URL: plain http to mybatch.westeurope")

    async def test_enter_leads_through_the_fields_to_the_test(self) -> None:
        accounts = FakeAccounts()
        async with shown(accounts, draft=KEYS) as screen:
            await screen.press("enter")
            for text in ("https://mybatch.westeurope.batch.azure.com", "", BATCH_KEY, "mystore", STORAGE_KEY, "", ""):
                await screen.enter(text, "enter")
            await screen.until("✓ everything works")
            assert [account.batch_account for account in accounts.checked] == ["mybatch"]
            assert screen.button("save").has_focus


class TestTesting:
    async def test_a_failure_stands_with_its_remedy(self) -> None:
        accounts = FakeAccounts()
        accounts.outcome = with_failure(Check.BATCH_ACCESS, "the Batch key is not the key", "Copy it again.")
        async with shown(accounts, draft=draft_of(WORK), replaces="work", size=WIDE) as screen:
            await screen.press("ctrl+t")
            await screen.until("✗ Batch access", "the Batch key is not the key", "→ Copy it again.", "✗ 1 to mend")
            assert not screen.button("save").disabled

    async def test_on_a_short_terminal_failures_come_into_view_and_the_rest_can_be_paged_to(self) -> None:
        accounts = FakeAccounts(key_place=KEY_FILE)
        accounts.outcome = with_failure(Check.SHARED_ACCESS, "the signature was refused", "Look at its networks.")
        async with shown(accounts, draft=draft_of(WORK), replaces="work", size=SHORT) as screen:
            screen.field("batch-key").focus()
            await screen.press("ctrl+t")
            await screen.until("the signature was refused", "→ Look at its networks.")
            await screen.press("pageup")
            await screen.until("where tasks run")
            assert screen.field("batch-key").has_focus

    async def test_typing_again_forgets_what_was_tested(self) -> None:
        async with shown(draft=draft_of(WORK), replaces="work") as screen:
            await screen.press("ctrl+t")
            await screen.until("✓ everything works")
            await screen.type_into("storage-account", "x")
            await screen.until("Storage account: it is not", "not tested yet")

    async def test_escape_stops_a_test_that_hangs_and_the_screen_stays_alive(self) -> None:
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


class TestSaving:
    async def test_saves_uses_and_answers_with_the_account(self) -> None:
        accounts = FakeAccounts()
        async with shown(accounts) as screen:
            await screen.paste(TUTORIAL)
            await screen.until("ready to be tested")
            await screen.press("ctrl+s")
            await wait_for(screen.pilot, lambda: screen.answers, "dismissed")
            (account,) = screen.answers
            assert account is not None
            assert accounts.saved == {"mybatch": account}
            assert account.batch_key.reveal() == BATCH_KEY

    async def test_says_before_where_keys_go(self) -> None:
        async with shown(FakeAccounts(key_place=KEY_FILE), draft=KEYS, size=SHORT) as screen:
            await screen.until("! Keys will be kept in /home/user/keys.json", "not encrypted")

    async def test_a_refusal_stays_on_screen(self) -> None:
        accounts = FakeAccounts()
        accounts.error = REFUSED
        async with shown(accounts, draft=draft_of(WORK)) as screen:
            await screen.press("ctrl+s")
            await screen.until("✗ It was refused: for a reason", "→ Do something else.")
            assert screen.answers == []
            await screen.press("ctrl+s")
            await wait_for(screen.pilot, lambda: screen.answers, "dismissed")

    async def test_changing_an_account_replaces_it(self) -> None:
        accounts = FakeAccounts(WORK)
        async with shown(accounts, draft=draft_of(WORK), replaces="work") as screen:
            screen.field("name").value = "office"
            await screen.pilot.pause()
            await screen.press("ctrl+s")
            await wait_for(screen.pilot, lambda: screen.answers, "dismissed")
            assert list(accounts.saved) == ["office"]

    async def test_going_back_asks_only_where_something_would_be_lost(self) -> None:
        async with shown(draft=KEYS) as screen:
            assert screen.screen.leaving_question() is None
            await screen.type_into("batch-account", "x")
            await screen.press("escape")
            await screen.until("Leave without saving?")
            await screen.press("right", "enter")
            await wait_for(screen.pilot, lambda: screen.answers == [None], "dismissed with nothing")


@pytest.mark.parametrize("size", [SHORT, COMFORTABLE, WIDE])
async def test_everything_there_is_to_do_is_in_sight(size: tuple[int, int]) -> None:
    async with shown(draft=KEYS, size=size) as screen:
        await screen.until("Batch URL", "Name it", "Keys will be kept", "Test", "Save and use", "Batch address")
