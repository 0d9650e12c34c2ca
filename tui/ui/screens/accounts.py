"""Every account there is: which one is used, what it reaches, whether it works; and the way to another one.

Dismissed with the account that is to be used from now on; with None where that did not change. What the list shows is
what was read last; each change reads it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.core.account_check import Checklist, CheckResult
from tui.core.account_draft import AccountDraft, AccountField, draft_of
from tui.core.accounts import Account, AccountKind
from tui.core.errors import BatchTuiError, Interrupted
from tui.core.saved_accounts import AccountsOverview, SavedAccount
from tui.ui.account_services import AccountsService
from tui.ui.bindings import DangerousBinding
from tui.ui.screens.base import BatchScreen, Question
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.rename import RenameDialog
from tui.ui.screens.set_up import CheckTold, SetUpScreen
from tui.ui.services import AppServices
from tui.ui.text import joined, safe, toned
from tui.ui.widgets.checklist_panel import ChecklistPanel
from tui.ui.widgets.kind_choice import KIND_NAMES

ResultT = TypeVar("ResultT")

_LABEL_WIDTH = 18
_NARROW_BELOW = 100
"""The application's own line between narrow and comfortable."""


class AccountsScreen(BatchScreen[Account | None]):
    """The list on the left; facts and test of the account under the cursor on the right."""

    CSS_PATH = "../styles/accounts.tcss"
    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "use", "Use", id="accounts.use", tooltip="Use this account from now on (enter does, too)"),
        Binding("t", "test", "Test", id="accounts.test", tooltip="Try this account, or stop trying"),
        DangerousBinding("n", "add", "New", id="accounts.new", tooltip="Set up another account"),
        DangerousBinding("e", "edit", "Change", id="accounts.change", tooltip="Change this account's credentials"),
        DangerousBinding("r", "rename", "Rename", id="accounts.rename", tooltip="Give this account another name"),
        DangerousBinding("x", "remove", "Remove", id="accounts.remove", tooltip="Forget this account and its keys"),
    ]

    def __init__(self, services: AppServices, accounts: AccountsService, *, is_read_only: bool = False) -> None:
        super().__init__(services, is_read_only=is_read_only)
        self._accounts = accounts
        self._overview: AccountsOverview | None = None
        self._chosen: SavedAccount | None = None
        self._stop = threading.Event()
        self._tests = 0
        self._is_testing = self._is_narrow = False
        self._list = OptionList(id="list", classes="panel")
        self._facts = Static(id="facts", classes="panel")
        self._checks = ChecklistPanel(id="checks", classes="panel")
        self._state = Static(id="state")

    def compose_body(self) -> Iterable[Widget]:
        self._list.border_title = "accounts"
        side = VerticalScroll(self._facts, self._checks, id="side", can_focus=False)
        yield Horizontal(Vertical(self._list, id="left"), side, id="main")
        yield self._state

    def on_mount(self) -> None:
        self.title_line.heading = "accounts"
        self._read()

    def on_resize(self) -> None:
        """A list beside the facts has two lines an account, one above them has one."""
        is_narrow = self.size.width < _NARROW_BELOW
        if is_narrow is not self._is_narrow:
            self._is_narrow = is_narrow
            if self._overview is not None:
                self._take(self._overview, "")

    # What is there

    def _read(self, *, choose: str = "") -> None:
        self._run("reading the accounts", self._accounts.overview, lambda found: self._take(found, choose))

    def _take(self, overview: AccountsOverview, choose: str) -> None:
        """Shows what was read; the cursor goes to `choose`, or stays on its account."""
        self._overview = overview
        wanted = overview.named(choose or (self._chosen.name if self._chosen else "")) or overview.current
        self._list.clear_options()
        self._list.add_options(
            [Option(_line(account, is_short=self._is_narrow), id=account.name) for account in overview.accounts]
        )
        names = [account.name for account in overview.accounts]
        self._list.highlighted = names.index(wanted.name) if wanted is not None else 0
        if not any(account.kind is not AccountKind.SANDBOX for account in overview.accounts):
            self._list.border_subtitle = "n adds one on Azure"
        else:
            self._list.border_subtitle = f"{len(names)}"

    @on(OptionList.OptionHighlighted)
    def _choose(self, event: OptionList.OptionHighlighted) -> None:
        account = self._overview.named(str(event.option.id)) if self._overview is not None else None
        if account is None or account == self._chosen:
            return
        if self._chosen is None or account.name != self._chosen.name:
            self._forget_test()
        self._chosen = account
        self._facts.border_title = Content(safe(account.name))
        self._facts.update(_facts(account))
        self.refresh_bindings()

    # Test

    def action_test(self) -> None:
        if self._is_testing:
            self._forget_test()
        elif self._chosen is not None:
            self._tests += 1
            test, stop, name = self._tests, threading.Event(), self._chosen.name
            self._stop, self._is_testing = stop, True
            self._checks.show(Checklist())
            self.call_after_refresh(self._checks.scroll_visible, animate=False)

            def report(result: CheckResult) -> None:
                self.post_message(CheckTold(test, result))

            self._run(
                f"testing {safe(name)}; t stops",
                lambda: self._accounts.check(self._accounts.account(name), stop, report),
                lambda checklist: self._end_test(test, checklist),
                group="test",
            )

    @on(CheckTold)
    def _tell_check(self, message: CheckTold) -> None:
        if message.test == self._tests and self._is_testing:
            self._checks.tell(message.result)

    def _end_test(self, test: int, checklist: Checklist) -> None:
        if test == self._tests and self._is_testing:
            self._is_testing = False
            self._checks.show(checklist)
            self.call_after_refresh(self._checks.show_failures)

    def _forget_test(self) -> None:
        self._stop.set()
        self._is_testing = False
        self._checks.show(Checklist())
        self._say("")

    # Use, change, remove

    @on(OptionList.OptionSelected)
    def action_use(self) -> None:
        """Uses the account under the cursor and goes back to where the person came from."""
        if self._chosen is not None and not self._chosen.trouble:
            name = self._chosen.name
            starts = "starting the sandbox" if self._chosen.kind is AccountKind.SANDBOX else f"opening {safe(name)}"
            self._stop.set()
            self._run(starts, lambda: self._accounts.use(name), self._finish)

    def _finish(self, account: Account) -> None:
        if len(self.app.screen_stack) > 1:
            self.finish(account)

    def action_add(self) -> None:
        self._open_set_up(AccountDraft(kind=AccountKind.SHARED_KEY), "")

    def action_edit(self) -> None:
        if self._chosen is not None:
            name = self._chosen.name
            self._run(
                f"reading {safe(name)}",
                lambda: self._accounts.account(name),
                lambda account: self._open_set_up(draft_of(account), name),
            )

    def _open_set_up(self, draft: AccountDraft, replaces: str) -> None:
        screen = SetUpScreen(
            self.services, self._accounts, draft=draft, replaces=replaces, is_read_only=self.is_read_only
        )
        self.app.push_screen(screen, self._after_set_up)

    def _after_set_up(self, account: Account | None) -> None:
        if account is not None:
            self._finish(account)

    def action_rename(self) -> None:
        if self._chosen is None:
            return
        name = self._chosen.name

        def rename(new_name: str | None) -> None:
            if new_name:
                self._run(
                    f"renaming {safe(name)}",
                    lambda: self._accounts.rename(name, new_name),
                    lambda saved: self._read(choose=saved.name),
                )

        self.app.push_screen(RenameDialog(f"rename account {safe(name)}", name, self._problem_of_name), rename)

    def _problem_of_name(self, name: str) -> str:
        taken = {account.name for account in self._overview.accounts} if self._overview else set()
        problems = AccountDraft(kind=AccountKind.ENTRA, name=name).problems(taken)
        return problems.get(AccountField.NAME, "" if name else "a name is needed")

    def action_remove(self) -> None:
        if self._chosen is None:
            return
        name = self._chosen.name

        def remove(is_confirmed: bool | None) -> None:
            if is_confirmed:
                self._run(
                    f"removing {safe(name)}",
                    lambda: self._accounts.remove(name),
                    lambda _: self._read(),
                    group="change",
                )

        keys = " and the keys kept for it" if self._chosen.keys_in else ""
        question = Question(
            f"Remove account {safe(name)}?",
            f"Its addresses{keys} are forgotten on this machine. Nothing on Azure is touched: runs there go on, and "
            "what costs goes on costing.",
            "Remove",
        )
        self.app.push_screen(ConfirmDialog(question), remove)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what makes sense for the account under the cursor."""
        chosen = self._chosen
        if action in ("edit", "rename", "remove"):
            is_own = chosen is not None and not chosen.is_temporary and chosen.kind is not AccountKind.SANDBOX
            if not is_own:
                return False
        if action in ("use", "test") and (chosen is None or chosen.trouble):
            return None
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        if self._is_testing:
            self._forget_test()
        else:
            super().action_back()

    def leave(self) -> None:
        self._stop.set()

    def on_unmount(self) -> None:
        self._stop.set()

    # Off the interface's thread

    def _run(
        self, doing: str, call: Callable[[], ResultT], then: Callable[[ResultT], object], *, group: str = "change"
    ) -> None:
        """Makes the blocking call and hands its result to `then`; says what is under way, and what went wrong."""
        self._say(doing)
        self.run_worker(self._await(call, then), group=group, exclusive=True)

    async def _await(self, call: Callable[[], ResultT], then: Callable[[ResultT], object]) -> None:
        try:
            result = await self.services.run_blocking(call)
        except Interrupted:
            return
        except BatchTuiError as error:
            self._is_testing = False
            self._complain(error)
        else:
            self._say("")
            then(result)

    def _say(self, doing: str) -> None:
        self._state.update(toned(f"● {doing}…", "running") if doing else "")

    def _complain(self, error: BatchTuiError) -> None:
        lines = [toned(f"✗ {safe(str(error))}", "error")]
        if error.hint:
            lines.append(toned(f"→ {safe(error.hint)}"))
        self._state.update(joined(lines, "\n"))


def _line(account: SavedAccount, *, is_short: bool) -> Content:
    """Whether it is used, its name and kind; below, where it is, unless it has to be short."""
    mark = toned("● ", "running") if account.is_current else Content("  ")
    kind = "environment" if account.is_temporary else KIND_NAMES[account.kind]
    name = toned(safe(account.name), is_bold=account.is_current)
    used = toned("  in use", "running") if account.is_current else Content("")
    place = safe(account.batch_endpoint.partition("://")[2]) or "on this machine"
    first = joined([mark, name, toned(f"  {kind}", "muted"), used])
    return first if is_short else joined([first, toned(f"  {place}", "muted")], "\n")


def _facts(account: SavedAccount) -> Content:
    """What is known of the account, a line each; never a key."""
    facts = [
        ("Kind", KIND_NAMES[account.kind]),
        ("Batch account", account.batch_account),
        ("Batch URL", account.batch_endpoint),
        ("Storage account", account.storage_account),
        ("Storage URL", account.storage_endpoint),
        ("Keys", account.keys_in and f"in {account.keys_in}"),
    ]
    lines = [toned(f"{label:<{_LABEL_WIDTH}}", "muted") + Content(safe(text)) for label, text in facts if text]
    if account.kind is AccountKind.SANDBOX and not account.batch_endpoint:
        lines.append(toned("It is started when it is used or tested.", "muted"))
    if account.is_temporary:
        lines.append(toned("Made by environment variables; it counts while they are set, and is not saved.", "warning"))
    if account.trouble:
        lines.append(toned(f"✗ {safe(account.trouble)}", "error"))
    return joined(lines, "\n")
