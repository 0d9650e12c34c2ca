"""Access that the service refused in the midst of something: asked about where it happened, regained, and gone on with.

Nothing is tried again by itself, since it would be refused again; a person says that something has changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Button, Static

from tui.core.account_draft import AccountDraft, draft_of
from tui.core.accounts import AccountKind
from tui.core.errors import AccessRefused, BatchTuiError
from tui.core.redaction import redact
from tui.core.saved_accounts import SavedAccount
from tui.ui import access_words
from tui.ui.access_words import AccessAnswer
from tui.ui.account_services import AccountsService
from tui.ui.services import AppServices, RunBlocking
from tui.ui.text import safe, toned

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused, and what becomes of what was under way."""

    error: AccessRefused
    stands: str
    """Where it stands, and how it is come back to."""
    costs: str = ""
    """What goes on costing meanwhile; empty where nothing does."""
    leave: str = access_words.LEAVE
    """On the button that leaves it at that."""
    on_new_storage_key: str = ""
    """What is to be known where the storage key is changed."""


@runtime_checkable
class AwaitsAccess(Protocol):
    """A screen that may be waiting below for the access that something on top of it regains."""

    def access_regained(self, account: str) -> None:
        """Called with the account's name."""
        ...


class AccessDialog(ModalScreen[AccessAnswer | None]):
    """What was refused and what can be done; None means to leave it at that."""

    CSS_PATH = ["../styles/answers.tcss", "../styles/access.tcss"]  # noqa: RUF012 - Textual's name
    AUTO_FOCUS = ".answers Button"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - Textual's name
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave it", id="access.leave", tooltip="Leave it as it is; nothing is lost"),
        Binding("down", "app.focus_next", "Down", show=False, id="access.down", tooltip="The next answer"),
        Binding("up", "app.focus_previous", "Up", show=False, id="access.up", tooltip="The answer before"),
        Binding("q", "app.quit", "Quit", show=False, id="access.quit", tooltip="Leave the program"),
    ]

    def __init__(self, refusal: Refusal, account: str, saved: SavedAccount | None, *, can_enter: bool) -> None:
        """`saved` is the account of that name; None where it is not listed any more."""
        super().__init__()
        self._refusal = refusal
        self._account = account
        self._saved = saved
        self._can_enter = can_enter

    def compose(self) -> ComposeResult:
        refusal, error = self._refusal, self._refusal.error
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = toned(f"✗ {safe(error.title)}")
            with VerticalScroll(id="content", can_focus=False):
                if error.what:
                    yield Static(toned(safe(redact(error.what), keep_layout=True)), classes="what")
                if error.hint:
                    yield Static(toned("→ ", "running") + safe(redact(error.hint), keep_layout=True))
                yield Static(safe(access_words.account_words(self._account, self._saved)), markup=False, classes="part")
                yield Static(safe(refusal.stands, keep_layout=True), markup=False, classes="part")
                if refusal.costs:
                    yield Static(toned(f"▲ {safe(refusal.costs)}", "warning"))
            with Vertical(classes="answers"):
                yield from self._answers()

    def _answers(self) -> ComposeResult:
        for answer, words in access_words.answers(self._saved, can_enter=self._can_enter):
            yield Button(words, id=answer, compact=True)
        yield Button(self._refusal.leave, id="leave", compact=True)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        answers: dict[str | None, AccessAnswer] = {"enter": "enter", "again": "again"}
        self.dismiss(answers.get(event.button.id))


async def regain_access(screen: Screen[Any], services: AppServices, refusal: Refusal) -> bool:
    """Asks until what was refused may be tried again (True), or a person leaves it; for a worker of `screen`.

    The account is the one of `services`.
    """
    access, name = services.access, services.account.name
    if access is None:
        return False
    while True:
        saved = await _saved_account(services, access.accounts, name)
        can_enter = access.may_enter and access_words.can_be_entered(name, saved)
        answer = await screen.app.push_screen_wait(AccessDialog(refusal, name, saved, can_enter=can_enter))
        if answer is None:
            return False
        if answer == "enter" and saved is not None:
            from tui.ui.screens.reentry import ReentryScreen  # as it is opened

            draft = await _draft(services, access.accounts, saved)
            account = await screen.app.push_screen_wait(ReentryScreen(services, access.accounts, draft))
            if account is None:
                continue
            if refusal.on_new_storage_key and account.storage_key != draft.storage_key:
                screen.notify(refusal.on_new_storage_key, severity="warning", timeout=20, markup=False)
        await services.run_blocking(lambda: access.forget(name))
        for below in screen.app.screen_stack:
            if isinstance(below, AwaitsAccess):
                below.access_regained(name)
        return True


async def with_access(screen: Screen[Any], services: AppServices, call: Callable[[], ResultT]) -> ResultT:
    """What the blocking `call` returns; refused, it is made again once access was regained. Raises `core.errors`."""
    while True:
        try:
            return await services.run_blocking(call)
        except AccessRefused as error:
            if not await regain_access(screen, services, Refusal(error, access_words.NOTHING_CHANGED)):
                raise


def asking(node: DOMNode, services: AppServices) -> RunBlocking:
    """Makes blocking calls like `services.run_blocking`, and asks on the screen of `node` where access is refused.

    For what a person is waiting for, in a worker; what is read in the background has nobody to ask.
    """

    def run(call: Callable[[], ResultT]) -> Awaitable[ResultT]:
        return with_access(node.screen, services, call)

    return run


async def _saved_account(services: AppServices, accounts: AccountsService, name: str) -> SavedAccount | None:
    try:
        return (await services.run_blocking(accounts.overview)).named(name)
    except BatchTuiError:
        return None


async def _draft(services: AppServices, accounts: AccountsService, saved: SavedAccount) -> AccountDraft:
    """The form as the account is; keys that cannot be read any more are left empty."""
    try:
        draft = draft_of(await services.run_blocking(lambda: accounts.account(saved.name)))
    except BatchTuiError:
        draft = AccountDraft(
            name=saved.name,
            batch_account=saved.batch_account,
            batch_endpoint=saved.batch_endpoint,
            storage_account=saved.storage_account,
            storage_endpoint=saved.storage_endpoint,
        )
    return replace(draft, kind=AccountKind.SHARED_KEY)
