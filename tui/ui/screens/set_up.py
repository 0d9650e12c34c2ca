"""The guided set-up of one account: its kind, its fields, a live test, and where its keys will be kept.

Dismissed with the account once it is saved, and current; with None where the person went back. Nothing is saved before
the person says so, and before the screen says where.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static

from tui.core.account_check import Checklist, CheckResult
from tui.core.account_draft import AccountDraft, AccountField
from tui.core.accounts import SANDBOX_NAME, Account, AccountKind
from tui.core.errors import BatchTuiError
from tui.core.saved_accounts import AccountsOverview
from tui.ui.account_services import AccountsService
from tui.ui.screens import set_up_words
from tui.ui.screens.account_trial import AccountTrial
from tui.ui.screens.base import BatchScreen, Question
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.services import AppServices
from tui.ui.text import safe, toned
from tui.ui.widgets.account_form import FIELD_NAMES, AccountForm, RevealButton, of_kind
from tui.ui.widgets.checklist_panel import ChecklistPanel
from tui.ui.widgets.kind_choice import KIND_NAMES, KindChoice


@dataclass
class CheckTold(Message):
    """One result of the test that was started as number `test`."""

    test: int
    result: CheckResult


class SetUpScreen(BatchScreen[Account | None]):
    """A new account, or the one of `draft` changed, which is then called `replaces` up to now."""

    CSS_PATH = "../styles/set_up.tcss"
    AUTO_FOCUS = "KindChoice"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012 - Textual's name; so high with all its air
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "test", "Test", id="set-up.test", tooltip="Try the account, or stop trying"),
        Binding("ctrl+s", "save", "Save", id="set-up.save", tooltip="Save the account and use it from now on"),
        Binding("pageup", "page(-1)", "Up", show=False, id="set-up.page-up", tooltip="Look further up"),
        Binding("pagedown", "page(1)", "Down", show=False, id="set-up.page-down", tooltip="Look further down"),
        Binding("ctrl+r", "reveal", "Show keys", id="set-up.reveal", tooltip="Show the keys, or dots again"),
    ]

    offered: ClassVar[Sequence[AccountKind]] = tuple(KIND_NAMES)
    fixed: ClassVar[Collection[AccountField]] = ()
    """Fields that are shown, and stay as they are."""
    save_words: ClassVar[str] = "Save and use"
    becomes_current: ClassVar[bool] = True

    def __init__(
        self,
        services: AppServices,
        accounts: AccountsService,
        *,
        draft: AccountDraft | None = None,
        replaces: str = "",
        is_read_only: bool = False,
    ) -> None:
        super().__init__(services, is_read_only=is_read_only)
        self._accounts = accounts
        self._replaces = replaces
        self._overview: AccountsOverview | None = None
        self._trial = AccountTrial(accounts, services.run_blocking, self._report)
        self._is_saving = self._is_revealed = False
        self._trouble: BatchTuiError | None = None
        self._opened_with = draft or AccountDraft()
        self._kind = KindChoice(self._opened_with.kind, self.offered)
        self._form = AccountForm(self._opened_with, self.fixed)
        self._sandbox = Static(set_up_words.SANDBOX_WORDS, markup=False, id="sandbox-words")
        self._checks = ChecklistPanel(id="checks", classes="panel")
        self._where = Static(id="where")
        self._state = Static(id="state")
        self._test_button = Button("Test", id="test", compact=True)
        self._save_button = Button(self.save_words, id="save", compact=True)

    def compose_body(self) -> Iterable[Widget]:
        kind = Vertical(self._kind, id="kind", classes="panel")
        kind.border_title, kind.border_subtitle = "where tasks run", "← → choose · enter goes on"
        fields = Vertical(self._form, self._sandbox, id="fields", classes="panel")
        buttons = Horizontal(self._test_button, self._save_button, id="buttons")
        actions = Container(self._state, buttons, id="actions")
        entry = Vertical(kind, fields, self._where, actions, id="entry")
        yield VerticalScroll(entry, self._checks, id="body", can_focus=False)

    def on_mount(self) -> None:
        self.title_line.heading = f"change account {safe(self._replaces)}" if self._replaces else "set up an account"
        self._show()
        self.run_worker(self._look(), group="overview", exclusive=True)

    async def _look(self) -> None:
        """Which names are taken and where keys would go: both may take a key store's time."""
        try:
            self._overview = await self.services.run_blocking(self._accounts.overview)
        except BatchTuiError as error:
            self._fail(error)
            return
        self._form.take_names({account.name for account in self._overview.accounts} - {self._replaces})
        self._show()

    # The form

    @on(KindChoice.Changed)
    def _choose_kind(self, message: KindChoice.Changed) -> None:
        if message.kind is not self._form.draft.kind:
            self._form.show(of_kind(self._form.draft, message.kind))
            self._forget_test()
        self._show()

    @on(KindChoice.Accepted)
    def _go_on(self) -> None:
        if self._draft.kind is AccountKind.SANDBOX or not self._form.focus_first_open():
            self._focus_next_action()

    @on(AccountForm.Changed)
    def _change(self) -> None:
        self._trouble = None
        self._forget_test()
        self._kind.kind = self._draft.kind
        self._show()

    @on(AccountForm.Filled)
    def _tell_filled(self, message: AccountForm.Filled) -> None:
        names = ", ".join(FIELD_NAMES[field] for field in message.fields)
        self.notify(f"Filled: {names}" if names else "Nothing in it belongs to this kind of account", timeout=4)
        if not self._form.focus_first_open():
            self._focus_next_action()

    @on(AccountForm.Finished)
    def _finish_form(self) -> None:
        if self._obstacle is None:
            self.action_test()
        else:
            self._form.focus_first_open()

    def on_paste(self, event: events.Paste) -> None:
        """Credentials pasted anywhere on the screen find their fields."""
        self._form.take_pasted(event.text)

    @property
    def _draft(self) -> AccountDraft:
        return self._form.draft

    @property
    def _obstacle(self) -> str | None:
        """Why the account can be neither tested nor saved yet."""
        return set_up_words.obstacle_words(self._draft, self._form.problems)

    # Test

    def action_test(self) -> None:
        """Starts the test, or stops it."""
        if self._trial.is_under_way:
            self._forget_test()
            self._show()
        elif self._obstacle is not None:
            self._form.focus_first_open()
        elif not self._is_saving:
            self._trial.begin()
            self._trouble = None
            self._checks.show(Checklist())
            self._checks.add_class("-begun")
            self._show()
            self.call_after_refresh(self._checks.scroll_visible, animate=False)
            self.run_worker(self._test(self._draft), group="test", exclusive=True)

    async def _test(self, draft: AccountDraft) -> None:
        try:
            checklist = await self._trial.run(draft)
        except BatchTuiError as error:
            self._fail(error)
            return
        if checklist is None:
            return
        self._checks.show(checklist)
        self._show()
        if checklist.failed:
            self.call_after_refresh(self._checks.show_failures)
        if checklist.is_good and self.focused in (None, self._test_button, *self._form.query("Input")):
            self._save_button.focus()

    def _report(self, test: int, result: CheckResult) -> None:
        """Called from the threads of the test."""
        self.post_message(CheckTold(test, result))

    @on(CheckTold)
    def _tell_check(self, message: CheckTold) -> None:
        if self._trial.awaits(message.test):
            self._checks.tell(message.result)

    def _forget_test(self) -> None:
        """What was tested is no longer what stands here, or nobody waits for it any more."""
        if self._trial.is_under_way or self._trial.tested is not None:
            self._checks.show(Checklist())
        self._trial.forget()

    # Save

    def action_save(self) -> None:
        if self._obstacle is not None:
            self._form.focus_first_open()
        elif not self._is_saving:
            if self._trial.is_under_way:
                self._forget_test()
            self._is_saving, self._trouble = True, None
            self._show()
            self.run_worker(self._save(self._draft), group="save", exclusive=True)

    async def _save(self, draft: AccountDraft) -> None:
        def save() -> Account:
            if draft.kind is AccountKind.SANDBOX:
                return self._accounts.use(SANDBOX_NAME)
            account = draft.account()
            self._accounts.save(account, self._replaces, becomes_current=self.becomes_current)
            return account

        try:
            account = await self.services.run_blocking(save)
        except BatchTuiError as error:
            self._fail(error)
        else:
            self.finish(account)

    def _fail(self, error: BatchTuiError) -> None:
        self._trial.is_under_way = self._is_saving = False
        self._trouble = error
        self._show()

    # Keys, mouse and the way out

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        event.stop()
        if isinstance(event.button, RevealButton):
            self.action_reveal()
        elif event.button is self._test_button:
            self.action_test()
        else:
            self.action_save()

    def action_page(self, pages: int) -> None:
        """Scrolls what a short terminal cuts off; the focus stays in its field."""
        body = self.query_one("#body")
        body.scroll_relative(y=pages * max(1, body.size.height - 2), animate=False)

    def action_reveal(self) -> None:
        self._is_revealed = not self._is_revealed
        self._form.reveal_keys(self._is_revealed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "reveal":
            return self._draft.kind is AccountKind.SHARED_KEY
        if action in ("test", "save") and self._obstacle is not None:
            return None
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Stops a test, awaits what is being saved; else goes back, after asking where something typed is lost."""
        question = self.leaving_question()
        if self._is_saving:
            self.notify(set_up_words.CLOSES_ONCE_SAVED, timeout=3)
        elif self._trial.is_under_way:
            self.action_test()
        elif question is not None and len(self.app.screen_stack) > 1:
            self.app.push_screen(ConfirmDialog(question), self._go_back)
        else:
            self._go_back(True)

    def _go_back(self, is_confirmed: bool | None) -> None:
        if is_confirmed:
            self._trial.stop()
            super().action_back()

    def leaving_question(self) -> Question | None:
        if self._is_saving:
            return set_up_words.LEAVE_WHILE_SAVING
        is_as_opened = replace(self._draft, kind=self._opened_with.kind) == self._opened_with
        return None if is_as_opened else set_up_words.LEAVE_UNSAVED

    def leave(self) -> None:
        self._trial.stop()

    def on_unmount(self) -> None:
        self._trial.stop()

    def _focus_next_action(self) -> None:
        button = self._save_button if self._is_ready else self._test_button
        if not button.disabled:
            button.focus()

    @property
    def _is_ready(self) -> bool:
        """Whether saving is the next thing to do: the test went well, or there is nothing one could get wrong."""
        is_good = self._trial.tested == self._draft and self._checks.checklist.is_good
        return is_good or (self._draft.kind is AccountKind.SANDBOX and self._trial.tested is None)

    # What is shown

    def _show(self) -> None:
        is_sandbox = self._draft.kind is AccountKind.SANDBOX
        self._form.display = not is_sandbox
        self._sandbox.display = is_sandbox
        self.query_one("#fields").border_title = "the sandbox" if is_sandbox else "credentials"
        is_off = self._obstacle is not None or self._is_saving
        self._test_button.label = "Stop" if self._trial.is_under_way else "Test"
        self._test_button.disabled = is_off
        self._save_button.label = "Use the sandbox" if is_sandbox else self.save_words
        self._save_button.disabled = is_off
        for button in (self._test_button, self._save_button):
            button.tooltip = self._obstacle
        self._test_button.set_class(not self._is_ready, "-main")
        self._save_button.set_class(self._is_ready, "-main")
        _put(self._where, set_up_words.where_words(self._draft.kind, self._overview))
        _put(self._state, self._state_words())
        self.refresh_bindings()

    def _state_words(self) -> Content:
        if self._trouble is not None:
            return set_up_words.trouble_words(self._trouble)
        if self._is_saving:
            return set_up_words.saving_words(self._draft.kind)
        if self._obstacle is not None:
            return toned(self._obstacle, "muted")
        if self._trial.is_under_way:
            return toned("● testing; nothing is saved yet", "running")
        if self._trial.tested == self._draft:
            return set_up_words.outcome_words(self._checks.checklist)
        return toned("" if self._draft.kind is AccountKind.SANDBOX else "ready to be tested", "muted")


def _put(line: Static, words: Content) -> None:
    """Most keys that are typed change no line, and the screen is laid out anew for each that is put."""
    if not (isinstance(line.content, Content) and words.is_same(line.content)):
        line.update(words)
