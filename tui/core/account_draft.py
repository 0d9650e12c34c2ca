"""What a person has typed or pasted for an account, before it is one.

Text that cannot be used is kept as readily as text that can; `problems` says of every field why it is not usable yet.
Keys are `Secret`s here too. Every judgement is `checked_account`'s.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tui.core.account_check import batch_owner, storage_owner
from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, Account, AccountKind, checked_account, endpoint_of
from tui.core.errors import InputError
from tui.core.pasted import PastedCredentials
from tui.core.redaction import Secret


class AccountField(StrEnum):
    """A field of the form, by the name `checked_account` gives it."""

    NAME = "name"
    BATCH_ACCOUNT = "batch_account"
    BATCH_ENDPOINT = "batch_endpoint"
    BATCH_KEY = "batch_key"
    STORAGE_ACCOUNT = "storage_account"
    STORAGE_KEY = "storage_key"
    STORAGE_ENDPOINT = "storage_endpoint"


KEY_FIELDS = frozenset({AccountField.BATCH_KEY, AccountField.STORAGE_KEY})

FIELDS: Mapping[AccountKind, tuple[AccountField, ...]] = {
    AccountKind.SANDBOX: (),
    AccountKind.SHARED_KEY: (
        AccountField.BATCH_ENDPOINT,
        AccountField.BATCH_ACCOUNT,
        AccountField.BATCH_KEY,
        AccountField.STORAGE_ACCOUNT,
        AccountField.STORAGE_KEY,
        AccountField.STORAGE_ENDPOINT,
        AccountField.NAME,
    ),
    AccountKind.ENTRA: (
        AccountField.BATCH_ENDPOINT,
        AccountField.BATCH_ACCOUNT,
        AccountField.STORAGE_ACCOUNT,
        AccountField.STORAGE_ENDPOINT,
        AccountField.NAME,
    ),
}
"""The fields of each kind of account, in the order of the form."""

_IN_ORDER: Mapping[str, str] = {
    "name": "n",
    "batch_account": "abc",
    "batch_endpoint": "https://abc.batch.azure.com",
    "batch_key": "QUFBQUFBQUFBQUFBQUFBQQ==",
    "storage_account": "abc",
    "storage_key": "QUFBQUFBQUFBQUFBQUFBQQ==",
    "storage_endpoint": "",
}
"""Values nobody objects to: one field is judged with the others in order."""


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """The form. Names that are left empty are taken from the addresses and from each other."""

    kind: AccountKind = AccountKind.SANDBOX
    name: str = ""
    batch_account: str = ""
    batch_endpoint: str = ""
    batch_key: Secret = field(default=Secret(""))
    storage_account: str = ""
    storage_key: Secret = field(default=Secret(""))
    storage_endpoint: str = ""

    def text(self, wanted: AccountField) -> str:
        """As typed; a key in the clear."""
        value: str | Secret = getattr(self, wanted.value)
        return value.reveal() if isinstance(value, Secret) else value

    def with_text(self, changed: AccountField, text: str) -> AccountDraft:
        value: str | Secret = Secret(text) if changed in KEY_FIELDS else text
        return replace(self, **{changed.value: value})  # type: ignore[arg-type]  # each field gets its own type

    def with_pasted(self, pasted: PastedCredentials) -> AccountDraft:
        """What was found replaces what was typed; keys make it an account with keys, unless it is Entra's already."""
        found = {name: getattr(pasted, name) for name in pasted.found}
        kind = AccountKind.SHARED_KEY if self.kind is AccountKind.SANDBOX and found else self.kind
        if kind is AccountKind.ENTRA:
            found = {name: value for name, value in found.items() if name not in KEY_FIELDS}
        draft = replace(self, kind=kind, **found)
        # A name that belongs to another address than the pasted one is a leftover of what was there before.
        if "storage_account" in found and "storage_endpoint" not in found:
            draft = replace(draft, storage_endpoint="")
        if "batch_endpoint" in found and "batch_account" not in found and batch_owner(draft.batch_endpoint):
            draft = replace(draft, batch_account="")
        return draft

    def effective(self, wanted: AccountField) -> str:
        """What counts where a field is left empty; empty where nothing tells."""
        typed = self.text(wanted).strip()
        if typed:
            return typed
        if wanted is AccountField.BATCH_ACCOUNT:
            return _owner_of_typed(self.batch_endpoint) or ""
        if wanted is AccountField.STORAGE_ACCOUNT:
            return (storage_owner(self.storage_endpoint) if "//" in self.storage_endpoint else None) or ""
        if wanted is AccountField.NAME:
            name = SANDBOX_NAME if self.kind is AccountKind.SANDBOX else self.effective(AccountField.BATCH_ACCOUNT)
            if _problem_of(self.kind, AccountField.BATCH_ACCOUNT, name):
                return ""
            # The sandbox reached by its keys is an account of its own.
            return f"{name}-keys" if self.kind is not AccountKind.SANDBOX and name == SANDBOX_NAME else name
        return ""

    def missing(self) -> tuple[AccountField, ...]:
        """Fields that have to be filled in and are not."""
        optional = (AccountField.STORAGE_ENDPOINT, AccountField.NAME)
        return tuple(one for one in FIELDS[self.kind] if one not in optional and not self.effective(one))

    def problems(self, taken: Collection[str] = ()) -> Mapping[AccountField, str]:
        """Why each filled field cannot be used, in words; `taken` are the names of other accounts."""
        found = {}
        for one in FIELDS[self.kind]:
            text = self.effective(one)
            problem = _problem_of(self.kind, one, text) if text else ""
            if one is AccountField.NAME and text in {*taken, ENVIRONMENT_NAME, SANDBOX_NAME}:
                problem = f"{text!r} is taken; give another"
            if problem:
                found[one] = problem
        return found

    def account(self) -> Account:
        """The account; InputError where the form has problems. The sandbox's is the sandbox's to tell."""
        return checked_account(
            name=self.effective(AccountField.NAME),
            kind=self.kind,
            batch_account=self.effective(AccountField.BATCH_ACCOUNT),
            batch_endpoint=self.batch_endpoint,
            batch_key=self.batch_key.reveal(),
            storage_account=self.effective(AccountField.STORAGE_ACCOUNT),
            storage_key=self.storage_key.reveal(),
            storage_endpoint=self.storage_endpoint.strip(),
        )


def draft_of(account: Account) -> AccountDraft:
    """The form filled with an account; an address that Azure's naming gives is left to it."""
    usual = checked_account(
        name="n",
        kind=AccountKind.ENTRA,
        batch_account="abc",
        batch_endpoint="https://abc.batch.azure.com",
        storage_account=account.storage_account,
    ).storage_endpoint
    return AccountDraft(
        kind=account.kind,
        name=account.name,
        batch_account=account.batch_account,
        batch_endpoint=account.batch_endpoint,
        batch_key=account.batch_key,
        storage_account=account.storage_account,
        storage_key=account.storage_key,
        storage_endpoint="" if account.storage_endpoint == usual else account.storage_endpoint,
    )


def _problem_of(kind: AccountKind, judged: AccountField, text: str) -> str:
    try:
        checked_account(kind=kind, **{**_IN_ORDER, judged.value: text})
    except InputError as error:
        # What was typed stands above the words; it may be a key in the wrong field, and is not said again.
        return error.what.replace(repr(text), "it") or re.sub(r"^The ", "the ", error.title)
    return ""


def _owner_of_typed(endpoint: str) -> str | None:
    try:
        return batch_owner(endpoint_of(endpoint, "Batch endpoint"))
    except InputError:
        return None
