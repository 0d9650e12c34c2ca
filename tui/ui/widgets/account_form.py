"""The fields of an account: typed, or filled by credentials that are pasted or typed into any of them.

A problem is told under its field once the person has left it, and while it is being mended. Keys are dots until they
are asked to be shown. Nothing typed is lost by another kind of account being looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Static

from tui.core.account_draft import FIELDS, KEY_FIELDS, AccountDraft, AccountField
from tui.core.accounts import DEFAULT_ENDPOINT_SUFFIX, AccountKind
from tui.core.pasted import LONGEST_PASTE, parse_pasted
from tui.ui.text import toned

FIELD_NAMES: Mapping[AccountField, str] = {
    AccountField.NAME: "Name it",
    AccountField.BATCH_ACCOUNT: "Batch account",
    AccountField.BATCH_ENDPOINT: "Batch URL",
    AccountField.BATCH_KEY: "Batch key",
    AccountField.STORAGE_ACCOUNT: "Storage account",
    AccountField.STORAGE_KEY: "Storage key",
    AccountField.STORAGE_ENDPOINT: "Storage URL",
}
_EXAMPLES: Mapping[AccountField, str] = {
    AccountField.BATCH_ENDPOINT: "https://<account>.<region>.batch.azure.com",
    AccountField.BATCH_ACCOUNT: "the URL's first word",
    AccountField.BATCH_KEY: "primary or secondary, in base64",
    AccountField.STORAGE_ACCOUNT: "where inputs and outputs go",
    AccountField.STORAGE_KEY: "key1 or key2, or the whole connection string",
    AccountField.STORAGE_ENDPOINT: f"https://<account>.blob.{DEFAULT_ENDPOINT_SUFFIX}",
    AccountField.NAME: "the Batch account's name",
}


class CredentialInput(Input):
    """A field that leaves pasted credentials to the form, whatever field they are pasted into."""

    def _on_paste(self, event: events.Paste) -> None:
        if parse_pasted(event.text):
            event.prevent_default()  # it bubbles up to whoever knows all the fields
        elif len(event.text) > LONGEST_PASTE:
            event.prevent_default()
            event.stop()


class FieldRow(Vertical):
    """A label, a field, and room for what is wrong with it."""

    def __init__(self, field: AccountField) -> None:
        super().__init__()
        self.field = field
        self.is_touched = False
        """Whether the person has been here: an empty form is no list of reproaches."""
        self.input = CredentialInput(
            placeholder=_EXAMPLES[field], password=field in KEY_FIELDS, compact=True, id=field.value.replace("_", "-")
        )
        self._trouble = Static(markup=False, classes="trouble")
        self._shown_problem = ""

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Static(FIELD_NAMES[self.field], classes="label")
            yield self.input
            if self.field in KEY_FIELDS:
                yield RevealButton()
        yield self._trouble

    def show_problem(self, problem: str) -> None:
        """Paints only what differs: every row is judged at each key that is typed in one of them."""
        shown = problem if self.is_touched else ""
        if shown != self._shown_problem:
            self._shown_problem = shown
            self._trouble.update(toned(f"✗ {shown}", "error") if shown else "")
            self.set_class(bool(shown), "-wrong")

    def put(self, text: str) -> None:
        """Fills the field without taking it for typing."""
        with self.input.prevent(Input.Changed):
            self.input.value = text

    def reveal(self, is_shown: bool) -> None:
        self.input.password = not is_shown and self.field in KEY_FIELDS
        for button in self.query(RevealButton):
            button.label = "hide" if is_shown else "show"


class RevealButton(Button, can_focus=False):
    """Shows and hides keys with the mouse; the keyboard has a key for it."""

    def __init__(self) -> None:
        super().__init__("show", compact=True, tooltip="Show or hide the keys (ctrl+r)")


class AccountForm(Vertical):
    """`show` fills it from a draft; `draft` is what stands in it now."""

    DEFAULT_CSS = """
    AccountForm {
        height: auto;
        & FieldRow { height: auto; }
        & .line { height: 1; }
        & .label { width: 18; color: $text-muted; }
        & .line Input { width: 1fr; background: $surface; }
        & .line Input:focus { background: $panel; }
        & RevealButton { width: 6; min-width: 6; background: transparent; color: $text-muted; }
        & RevealButton:hover { color: $text-accent; }
        & .trouble { display: none; height: auto; padding-left: 18; }
        & .-wrong .trouble { display: block; }
        & .-wrong .label { color: $text-error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "Next field", show=False, id="form.next", tooltip="To the next field"),
        Binding(
            "up", "app.focus_previous", "Field before", show=False, id="form.before", tooltip="To the field before"
        ),
    ]

    @dataclass
    class Changed(Message):
        """Something in the form is different."""

        draft: AccountDraft

    @dataclass
    class Filled(Message):
        """Credentials were recognised; `fields` now have their values."""

        fields: tuple[AccountField, ...]

    class Finished(Message):
        """Enter in the last field."""

    def __init__(self, draft: AccountDraft, fixed: Collection[AccountField] = ()) -> None:
        """`fixed` fields are shown, and stay as the draft has them."""
        super().__init__()
        self._draft = draft
        self._fixed = frozenset(fixed)
        self._taken: Collection[str] = ()
        self._rows = {field: FieldRow(field) for field in AccountField}
        order = FIELDS[AccountKind.SHARED_KEY]
        self._ordered = [self._rows[field] for field in order]

    def compose(self) -> ComposeResult:
        yield from self._ordered

    def on_mount(self) -> None:
        self.show(self._draft)

    # Verbs

    @property
    def draft(self) -> AccountDraft:
        return self._draft

    @property
    def problems(self) -> Mapping[AccountField, str]:
        return self._draft.problems(self._taken)

    def show(self, draft: AccountDraft) -> None:
        """Puts the draft into the fields; those of other kinds are hidden, not emptied."""
        self._draft = draft
        for field, row in self._rows.items():
            row.display = field in FIELDS[draft.kind]
            row.input.disabled = field in self._fixed
            if row.input.value != draft.text(field):
                row.put(draft.text(field))
        self._judge()

    def take_names(self, taken: Collection[str]) -> None:
        """Names that other accounts have already."""
        self._taken = taken
        self._judge()

    def take_pasted(self, text: str) -> bool:
        """Fills the fields from credentials in `text`; False where it holds none."""
        pasted = parse_pasted(text)
        if not pasted:
            return False
        filled = self._draft.with_pasted(pasted)
        for field in self._fixed:
            filled = filled.with_text(field, self._draft.text(field))
        self.show(filled)
        open_fields = set(FIELDS[self._draft.kind]) - self._fixed
        fields = tuple(AccountField(name) for name in pasted.found if AccountField(name) in open_fields)
        for field in fields:
            self._rows[field].is_touched = True
        self._judge()
        self.post_message(self.Filled(fields))
        self.post_message(self.Changed(self._draft))
        return True

    def reveal_keys(self, is_shown: bool) -> None:
        for row in self._ordered:
            row.reveal(is_shown)

    def focus_first_open(self) -> bool:
        """Focuses the first field that still needs something; False where none does."""
        waiting = {*self._draft.missing(), *self.problems}
        row = next((row for row in self._open if row.field in waiting), None)
        if row is not None:
            row.input.focus()
        return row is not None

    # What a person does

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        row = self._row_of(event.input)
        self._draft = self._draft.with_text(row.field, event.value)
        self._judge()
        self.post_message(self.Changed(self._draft))

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        event.stop()
        row = self._row_of(event.input)
        row.is_touched = bool(event.value)
        if not self._take_typed(row, event.value):
            self._judge()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        row = self._row_of(event.input)
        row.is_touched = True
        if self._take_typed(row, event.value):
            return  # the next line of what is being pasted as keystrokes may follow
        self._judge()
        following = self._open[self._open.index(row) + 1 :]
        if following:
            # At once, not when the application is idle: who types ahead means the next field.
            self.screen.set_focus(following[0].input)
        else:
            self.post_message(self.Finished())

    def _take_typed(self, row: FieldRow, text: str) -> bool:
        """A terminal without bracketed paste types what is pasted: a line that names a credential is one, too."""
        pasted = parse_pasted(text)
        if not pasted:
            return False
        row.put("")
        self._draft = self._draft.with_text(row.field, "")
        return self.take_pasted(text)

    @property
    def _open(self) -> list[FieldRow]:
        """Those that can be filled in now."""
        return [row for row in self._ordered if row.display and row.field not in self._fixed]

    def _row_of(self, field_input: Input) -> FieldRow:
        return next(row for row in self._ordered if row.input is field_input)

    def _judge(self) -> None:
        problems = self.problems
        for row in self._ordered:
            row.show_problem(problems.get(row.field, ""))
            implied = "" if self._draft.text(row.field) else self._draft.effective(row.field)
            if row.field is AccountField.STORAGE_ENDPOINT:
                name = self._draft.effective(AccountField.STORAGE_ACCOUNT)
                is_usable = bool(name) and AccountField.STORAGE_ACCOUNT not in problems
                implied = f"https://{name}.blob.{DEFAULT_ENDPOINT_SUFFIX}" if is_usable else ""
            row.input.placeholder = implied or _EXAMPLES[row.field]


def of_kind(draft: AccountDraft, kind: AccountKind) -> AccountDraft:
    """The same text under another kind."""
    return replace(draft, kind=kind)
