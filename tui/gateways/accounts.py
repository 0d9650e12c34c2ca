"""The accounts a person has set up: profiles in a file without secrets, their keys in a secret store.

The file is always whole. A profile remembers where its keys are, so that a key store that appears or goes does not
lose them. Nothing here imports Azure: listing accounts is quick.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tui.core.accounts import Account, AccountKind, checked_account
from tui.core.errors import InputError, LocalError
from tui.core.redaction import Secret, redact
from tui.gateways.folders import held, read_whole, write_whole
from tui.gateways.secret_stores import FileStore, SecretPlace, SecretStore, usable_keyring

PROFILES_FILE = "accounts.json"
KEYS_FILE = "keys.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Profile:
    """An account without its keys."""

    name: str
    kind: AccountKind
    batch_account: str
    batch_endpoint: str
    storage_account: str
    storage_endpoint: str
    keys_in: SecretPlace | None
    """Absent where the kind of account has no keys."""


@dataclass(frozen=True, slots=True)
class _Book:
    profiles: tuple[Profile, ...] = ()
    current: str = ""


class AccountBook:
    """Named accounts, one of them current."""

    def __init__(self, folder: Path, open_stores: Callable[[], Mapping[SecretPlace, SecretStore]]) -> None:
        """`open_stores` gives the stores in the order of preference; it is called once, when a key is first needed."""
        self._path = folder / PROFILES_FILE
        self._open_stores = open_stores

    @cached_property
    def _stores(self) -> Mapping[SecretPlace, SecretStore]:
        return self._open_stores()

    def profiles(self) -> tuple[Profile, ...]:
        """In the order of their names."""
        return self._read().profiles

    def current(self) -> Profile | None:
        """The account that is meant where none is named."""
        book = self._read()
        return next((profile for profile in book.profiles if profile.name == book.current), None)

    def account(self, name: str) -> Account:
        """The account with its keys. InputError where there is none of that name, LocalError where they are gone."""
        profile = self._profile(self._read(), name)
        return checked_account(
            name=profile.name,
            kind=profile.kind,
            batch_account=profile.batch_account,
            batch_endpoint=profile.batch_endpoint,
            storage_account=profile.storage_account,
            storage_endpoint=profile.storage_endpoint,
            batch_key=self._key(profile, "batch").reveal(),
            storage_key=self._key(profile, "storage").reveal(),
        )

    def save(self, account: Account) -> Profile:
        """Keeps the account, replacing one of its name, and makes it current. The profile says where its keys went.

        The sandbox keeps its own keys, which are read from it whenever it is used.
        """
        with held(self._path.parent):
            book = self._read()
            place = None
            if account.kind is AccountKind.SHARED_KEY:
                place = self._put_keys(account)
            profile = Profile(
                name=account.name,
                kind=account.kind,
                batch_account=account.batch_account,
                batch_endpoint=account.batch_endpoint,
                storage_account=account.storage_account,
                storage_endpoint=account.storage_endpoint,
                keys_in=place,
            )
            replaced = next((old for old in book.profiles if old.name == account.name), None)
            others = tuple(other for other in book.profiles if other.name != account.name)
            profiles = tuple(sorted((*others, profile), key=lambda one: one.name))
            self._write(_Book(profiles, account.name))
            if replaced is not None and replaced.keys_in not in (None, place):
                self._delete_keys(replaced)
            return profile

    def use(self, name: str) -> None:
        """Makes the account current."""
        with held(self._path.parent):
            book = self._read()
            self._write(replace(book, current=self._profile(book, name).name))

    def remove(self, name: str) -> None:
        """Forgets the account and its keys; the first of the others becomes current if it was."""
        with held(self._path.parent):
            book = self._read()
            profile = self._profile(book, name)
            self._delete_keys(profile)
            others = tuple(other for other in book.profiles if other.name != name)
            current = book.current if book.current != name else (others[0].name if others else "")
            self._write(_Book(others, current))

    def _put_keys(self, account: Account) -> SecretPlace:
        """Into the first store that takes both keys."""
        refusal: LocalError | None = None
        for place, store in self._stores.items():
            try:
                store.put(_entry(account.name, "batch"), account.batch_key)
                store.put(_entry(account.name, "storage"), account.storage_key)
            except LocalError as error:
                refusal = error
            else:
                return place
        raise refusal or LocalError("There is nowhere to keep the keys", "", "Set them in the environment instead.")

    def _delete_keys(self, profile: Profile) -> None:
        store = None if profile.keys_in is None else self._stores.get(profile.keys_in)
        if store is not None:
            for which in ("batch", "storage"):
                store.delete(_entry(profile.name, which))

    def _key(self, profile: Profile, which: str) -> Secret:
        if profile.keys_in is None:
            return Secret("")
        store = self._stores.get(profile.keys_in)
        secret = None if store is None else store.get(_entry(profile.name, which))
        if secret is None:
            place = "the system's key store" if profile.keys_in is SecretPlace.KEYRING else "the file of keys"
            raise LocalError(
                f"The keys of account {profile.name} are gone",
                f"{place} does not have the {which} key",
                "Add the account again: `batch-tui accounts add`.",
            )
        redact.register(secret)
        return secret

    def _profile(self, book: _Book, name: str) -> Profile:
        for profile in book.profiles:
            if profile.name == name:
                return profile
        known = ", ".join(profile.name for profile in book.profiles)
        raise InputError(
            f"There is no account {name!r}",
            f"known: {known}" if known else "none is set up",
            "" if known else "Add one with `batch-tui accounts add`, or use --sandbox.",
        )

    def _read(self) -> _Book:
        content = read_whole(self._path)
        if content is None:
            return _Book()
        try:
            raw = json.loads(content)
            if raw["version"] != _VERSION:
                raise ValueError("another version")
            profiles = tuple(_profile_of(item) for item in raw["accounts"])
            return _Book(profiles, str(raw.get("current", "")))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise LocalError(
                "The file of accounts cannot be read",
                f"{self._path} is damaged or of another version",
                "Move it away and add the accounts again.",
            ) from None

    def _write(self, book: _Book) -> None:
        accounts = [
            {
                "name": profile.name,
                "kind": profile.kind,
                "batch_account": profile.batch_account,
                "batch_endpoint": profile.batch_endpoint,
                "storage_account": profile.storage_account,
                "storage_endpoint": profile.storage_endpoint,
                "keys_in": profile.keys_in,
            }
            for profile in book.profiles
        ]
        document = {"version": _VERSION, "current": book.current, "accounts": accounts}
        write_whole(self._path, json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")


def open_account_book(folder: Path) -> AccountBook:
    """The book in the config folder, with the stores this machine has: its key store first, then a file."""

    def open_stores() -> Mapping[SecretPlace, SecretStore]:
        keyring = usable_keyring()
        stores: dict[SecretPlace, SecretStore] = {} if keyring is None else {SecretPlace.KEYRING: keyring}
        stores[SecretPlace.FILE] = FileStore(folder / KEYS_FILE)
        return stores

    return AccountBook(folder, open_stores)


def _entry(account: str, which: str) -> str:
    return f"{account}/{which}"


def _profile_of(item: Mapping[str, object]) -> Profile:
    keys_in = item.get("keys_in")
    return Profile(
        name=str(item["name"]),
        kind=AccountKind(str(item["kind"])),
        batch_account=str(item["batch_account"]),
        batch_endpoint=str(item["batch_endpoint"]),
        storage_account=str(item["storage_account"]),
        storage_endpoint=str(item["storage_endpoint"]),
        keys_in=None if keys_in is None else SecretPlace(str(keys_in)),
    )
