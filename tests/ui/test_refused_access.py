"""Access that is refused in the midst of a run: asked about on its screen, regained, and gone on with there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual import events
from textual.widgets import Button, Input

from tests.support.accounts import BATCH_KEY, LAB, STORAGE_KEY, WORK, FakeAccounts
from tests.support.past_runs import LEFT
from tests.support.pilot import wait_for
from tests.support.refused_runs import (
    NEW_KEY,
    REFUSED,
    REFUSED_SUMMARY,
    RUN,
    Shown,
    gone_on_with,
    refused_while_watching,
    shown,
)
from tests.support.runs import (
    NOW_S,
    FakeSession,
    PausableFakeSession,
    ended_events,
    new_services,
    running_events,
)
from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, AccountKind
from tui.core.deletion import FileTally
from tui.core.errors import BatchTuiError
from tui.core.events import PollReport, RunEnded, RunStarted, Step, StepChanged, StepState
from tui.core.records import TaskCounts
from tui.core.saved_accounts import SavedAccount
from tui.ui.account_services import AccessServices
from tui.ui.app import BatchTui
from tui.ui.bindings import undescribed
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.delete import DeleteDialog
from tui.ui.screens.download import DownloadDialog
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.screens.quit_guard import QuitGuard
from tui.ui.screens.reentry import ReentryScreen
from tui.ui.screens.watch import WatchScreen
from tui.ui.services import AccountLabel

OTHER_KEY = "b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXktb3RoZXI="


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


async def test_a_second_refusal_is_asked_about_again_and_leaving_that_comes_to_the_ended_run() -> None:
    async with shown(refused_while_watching(), refused_while_watching()) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        first = run.pilot.app.screen
        await run.press("down", "enter")
        await wait_for(run.pilot, lambda: len(run.runs.opened) == 2, "it was tried again")
        await run.until_screen(AccessDialog)
        assert run.pilot.app.screen is not first
        await run.press("enter")
        await run.enter_keys()
        await run.press("escape")
        await run.until_screen(ConfirmDialog)
        await run.press("right", "enter")
        await run.until_screen(AccessDialog)
        await run.press("escape")
        await run.until_screen(OpenRunScreen)
        await run.until("✗ failed in 00:04:12", "Batch does not accept the account key", "x Delete")
    assert (run.runs.opened, run.forgotten, run.accounts.saved["work"]) == (["start", "start"], ["work"], WORK)
    assert "delete" not in [what[0] for what in run.runs.asked]


async def test_quitting_from_the_question_says_what_costs_and_leaves_with_the_runs_own_exit_code() -> None:
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


async def test_nothing_is_asked_on_top_of_a_dialog_of_the_run_only_once_that_is_closed() -> None:
    session = PausableFakeSession()
    async with shown(session) as run:
        await run.press("enter")
        await run.until_screen(OpenRunScreen)
        screen = run.pilot.app.screen
        assert isinstance(screen, OpenRunScreen)
        screen.feed(running_events())
        await run.press("d")
        await run.until_screen(DownloadDialog)
        session.summary = REFUSED_SUMMARY
        screen.feed([RunEnded(REFUSED_SUMMARY, REFUSED)])
        await run.until_so(lambda: screen.awaits_access, "the refusal is known")
        await run.pilot.pause()
        assert isinstance(run.pilot.app.screen, DownloadDialog)
        await run.press("escape")
        await run.until_screen(AccessDialog)


async def refused_below(run: Shown, session: PausableFakeSession, key: str, dialog: type) -> OpenRunScreen:
    """The run's screen; it is refused while the dialog that `key` opens is on top."""
    await run.press("enter")
    await run.until_screen(OpenRunScreen)
    screen = run.pilot.app.screen
    assert isinstance(screen, OpenRunScreen)
    screen.feed(running_events())
    await run.press(key)
    await run.until_screen(dialog)
    session.summary = REFUSED_SUMMARY
    screen.feed([RunEnded(REFUSED_SUMMARY, REFUSED)])
    await run.until_so(lambda: screen.awaits_access, "the refusal is known")
    return screen


async def test_access_that_a_dialog_on_top_regained_is_not_asked_for_once_more() -> None:
    session = PausableFakeSession()
    async with shown(session, gone_on_with()) as run:
        run.runs.refusing = {"taskdata1_OUTPUT.txt": REFUSED}
        screen = await refused_below(run, session, "d", DownloadDialog)
        await run.press("enter")
        await run.until_screen(AccessDialog)
        run.runs.refusing = {}
        await run.press("down", "enter")
        await run.until("✓ everything is there")
        assert run.runs.opened == ["start"]
        await run.press("escape")
        await run.until("all 8 tasks succeeded")
        assert run.pilot.app.screen is screen
        assert (run.runs.opened, run.forgotten) == (["start", "start"], ["work"])


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_run_that_was_deleted_is_not_gone_on_with(is_deleted: bool) -> None:
    session = PausableFakeSession()
    async with shown(session) as run:
        run.runs.remains_by_id[RUN] = replace(
            run.runs.remains_by_id[RUN], counts=TaskCounts(), not_downloaded=FileTally()
        )
        screen = await refused_below(run, session, "x", DeleteDialog)
        if is_deleted:
            await run.until("nothing that is not here as well")
            run.pilot.app.screen.query_one("#delete", Button).press()
            await run.until("all deleted")
        await run.press("escape")
        if is_deleted:
            await run.until_so(lambda: screen.is_current and not screen.awaits_access, "nothing is asked")
            await run.pilot.pause()
            assert run.pilot.app.screen is screen
        else:
            await run.until_screen(AccessDialog)
        assert run.runs.opened == ["start"]


@pytest.mark.parametrize(
    ("account", "words", "costs"),
    [
        (ENVIRONMENT_NAME, "environment variables, which no form can change", True),
        (SANDBOX_NAME, "The sandbox makes its keys by itself", False),
    ],
)
async def test_an_account_that_no_form_can_change_can_only_be_tried_again(
    account: str, words: str, costs: bool
) -> None:
    accounts = FakeAccounts(WORK, LAB, current="work")
    accounts.temporary = SavedAccount(ENVIRONMENT_NAME, AccountKind.SHARED_KEY, is_current=True, is_temporary=True)
    async with shown(refused_while_watching(), gone_on_with(), accounts=accounts, account=account) as run:
        await run.press("enter")
        await run.until_asked(words)
        assert ("by the hour" in run.said) is costs
        assert [button.id for button in run.pilot.app.screen.query(Button)] == ["again", "leave"]
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


async def test_keys_that_are_gone_are_asked_for_all_the_same_in_a_form_for_that_account_alone() -> None:
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
        form = run.pilot.app.screen
        assert "Sandbox" not in run.text
        form.post_message(events.Paste(f"AZURE_BATCH_ACCOUNT=other\nAZURE_BATCH_ACCESS_KEY={OTHER_KEY}\n"))
        await wait_for(run.pilot, lambda: form.query_one("#batch-key", Input).value == OTHER_KEY, "the key is taken")
        open_fields = [field.id for field in form.query(Input) if not field.disabled and field.display]
        assert open_fields == ["batch-key", "storage-key"]
        assert form.query_one("#batch-account", Input).value == "mybatch"
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
