"""The accounts there are to choose from, as they are shown: never with a key."""

from __future__ import annotations

from dataclasses import dataclass

from tui.core.accounts import AccountKind


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """One account of the list. The sandbox has no addresses before it is started for the first time."""

    name: str
    kind: AccountKind
    batch_account: str = ""
    batch_endpoint: str = ""
    storage_account: str = ""
    storage_endpoint: str = ""
    keys_in: str = ""
    """Where its keys rest, in words; empty where it has none."""
    is_current: bool = False
    is_temporary: bool = False
    """Whether environment variables make it: it is gone with them, and cannot be changed here."""
    trouble: str = ""
    """Why it cannot be used as it is."""


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where keys would go if they were saved now."""

    is_key_store: bool
    words: str
    """Completes “Keys are kept in …”."""


@dataclass(frozen=True, slots=True)
class AccountsOverview:
    """Everything the list of accounts shows."""

    accounts: tuple[SavedAccount, ...]
    key_place: KeyPlace

    @property
    def current(self) -> SavedAccount | None:
        return next((account for account in self.accounts if account.is_current), None)

    def named(self, name: str) -> SavedAccount | None:
        return next((account for account in self.accounts if account.name == name), None)
