"""Accounts as the set-up screen and `batch-tui accounts` handle them: listed, saved, renamed, chosen, removed, tested.

The book keeps what a person has set up. Beside it stand two accounts nobody saves: the sandbox of this machine, and
the temporary one that environment variables make. Every method blocks and raises only errors of `tui.core.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tui.core.account_check import Checklist, CheckResult
from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, Account, AccountKind, account_of_environment
from tui.core.errors import InputError
from tui.core.ports import StopSignal
from tui.core.saved_accounts import AccountsOverview, KeyPlace, SavedAccount
from tui.gateways.accounts import KEYS_FILE, AccountBook, Profile
from tui.gateways.secret_stores import SecretPlace, usable_keyring

Examine = Callable[[Account, StopSignal, Callable[[CheckResult], None]], Checklist]
"""Runs the live checklist of an account."""


class AccountDesk:
    """Every account there is, by name."""

    def __init__(
        self,
        book: AccountBook,
        folder: Path,
        environment: Mapping[str, str],
        start_sandbox: Callable[[], Account],
        examine: Examine,
        has_key_store: Callable[[], bool] = lambda: usable_keyring() is not None,
    ) -> None:
        """`folder` is where the book keeps its files; `start_sandbox` brings the sandbox up where it is down."""
        self._book = book
        self._keys_path = folder / KEYS_FILE
        self._environment = environment
        self._start_sandbox = start_sandbox
        self._examine = examine
        self._has_key_store = has_key_store

    def overview(self) -> AccountsOverview:
        """The environment's account first, then the saved ones; the sandbox last where nobody chose it yet."""
        current = self._book.current()
        saved = [
            self._saved(profile, is_current=current is not None and profile.name == current.name)
            for profile in self._book.profiles()
        ]
        if not any(account.name == SANDBOX_NAME for account in saved):
            saved.append(SavedAccount(SANDBOX_NAME, AccountKind.SANDBOX))
        temporary = self._temporary()
        if temporary is not None:
            # What the environment says counts before what was saved, as it does for `az`.
            saved = [temporary, *(replace(account, is_current=False) for account in saved)]
        return AccountsOverview(tuple(saved), self._key_place())

    def account(self, name: str) -> Account:
        """The account with its keys; the sandbox is started for it."""
        if name == SANDBOX_NAME:
            return self._start_sandbox()
        if name == ENVIRONMENT_NAME:
            account = account_of_environment(self._environment)
            if account is not None:
                return account
        return self._book.account(name)

    def save(self, account: Account, replaces: str = "", *, becomes_current: bool = True) -> SavedAccount:
        """Keeps the account; the one it `replaces` under another name is forgotten.

        The new one is complete before the old one goes: nothing is lost in between. Unless it `becomes_current`, the
        current account stays so, but for the one that it replaces.
        """
        self._check_free(account.name, replaces)
        before = self._book.current()
        profile = self._book.save(account)
        if replaces and replaces != account.name:
            self._book.remove(replaces)
        if becomes_current or before is None or before.name in (account.name, replaces):
            return self._saved(profile, is_current=True)
        self._book.use(before.name)
        return self._saved(profile, is_current=False)

    def rename(self, name: str, new_name: str) -> SavedAccount:
        """The same account under another name; current afterwards if it was before."""
        return self.save(replace(self._book.account(name), name=new_name), name, becomes_current=False)

    def use(self, name: str) -> Account:
        """Makes it current and gives it with its keys; the sandbox is started and remembered."""
        account = self.account(name)
        if name == SANDBOX_NAME:
            self._book.save(account)
        elif name != ENVIRONMENT_NAME:
            self._book.use(name)
        return account

    def remove(self, name: str) -> None:
        """Forgets the account and its keys on this machine; nothing on Azure is touched."""
        self._book.remove(name)

    def check(self, account: Account, stop: StopSignal, report: Callable[[CheckResult], None]) -> Checklist:
        return self._examine(account, stop, report)

    def _check_free(self, name: str, replaces: str) -> None:
        if name in (ENVIRONMENT_NAME, SANDBOX_NAME):
            raise InputError(f"No account can be called {name!r}", "that name has a meaning already")
        if name != replaces and any(profile.name == name for profile in self._book.profiles()):
            raise InputError(f"There is an account {name!r} already", "", "Remove it first, or choose another name.")

    def _temporary(self) -> SavedAccount | None:
        try:
            account = account_of_environment(self._environment)
        except InputError as error:
            return SavedAccount(ENVIRONMENT_NAME, AccountKind.SHARED_KEY, is_temporary=True, trouble=str(error))
        if account is None:
            return None
        return SavedAccount(
            name=account.name,
            kind=account.kind,
            batch_account=account.batch_account,
            batch_endpoint=account.batch_endpoint,
            storage_account=account.storage_account,
            storage_endpoint=account.storage_endpoint,
            keys_in="this terminal's environment variables",
            is_current=True,
            is_temporary=True,
        )

    def _saved(self, profile: Profile, *, is_current: bool) -> SavedAccount:
        return SavedAccount(
            name=profile.name,
            kind=profile.kind,
            batch_account=profile.batch_account,
            batch_endpoint=profile.batch_endpoint,
            storage_account=profile.storage_account,
            storage_endpoint=profile.storage_endpoint,
            keys_in="" if profile.keys_in is None else self._words(profile.keys_in),
            is_current=is_current,
        )

    def _key_place(self) -> KeyPlace:
        is_key_store = self._has_key_store()
        return KeyPlace(is_key_store, self._words(SecretPlace.KEYRING if is_key_store else SecretPlace.FILE))

    def _words(self, place: SecretPlace) -> str:
        if place is SecretPlace.KEYRING:
            return "the key store of your operating system"
        return f"{self._keys_path}, a file only you can read (0600), not encrypted"
