"""Accounts in memory, as the screens know them; a check answers with what a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tui.core.account_check import Check, Checklist, CheckResult, CheckState, passed
from tui.core.accounts import Account, AccountKind
from tui.core.errors import BatchTuiError, InputError
from tui.core.ports import StopSignal
from tui.core.redaction import Secret
from tui.core.saved_accounts import AccountsOverview, KeyPlace, SavedAccount
from tui.ui.account_services import AccountsService

BATCH_KEY = "YmF0Y2gta2V5LWJhdGNoLWtleS1iYXRjaC1rZXk="
STORAGE_KEY = "c3RvcmFnZS1rZXktc3RvcmFnZS1rZXktc3RvcmFnZQ=="
WORK = Account(
    name="work",
    kind=AccountKind.SHARED_KEY,
    batch_account="mybatch",
    batch_endpoint="https://mybatch.westeurope.batch.azure.com",
    storage_account="mystore",
    storage_endpoint="https://mystore.blob.core.windows.net",
    batch_key=Secret(BATCH_KEY),
    storage_key=Secret(STORAGE_KEY),
)
LAB = replace(WORK, name="lab", kind=AccountKind.ENTRA, batch_key=Secret(""), storage_key=Secret(""))
SANDBOX = replace(
    WORK, name="sandbox", kind=AccountKind.SANDBOX, batch_endpoint="http://127.0.0.1:4001", storage_account="sandbox"
)
KEY_STORE = KeyPlace(True, "the key store of your operating system")
KEY_FILE = KeyPlace(False, "/home/user/keys.json, a file only you can read (0600), not encrypted")
GOOD = tuple(passed(check, "fine") for check in Check)


def with_failure(check: Check, detail: str, remedy: str) -> tuple[CheckResult, ...]:
    """A checklist in which one thing is wrong."""
    return tuple(
        CheckResult(check, CheckState.FAILED, detail, remedy) if result.check is check else result for result in GOOD
    )


class FakeAccounts:
    """`AccountsService`; `error` is raised by the next change."""

    def __init__(self, *saved: Account, current: str = "", key_place: KeyPlace = KEY_STORE) -> None:
        self.saved = {account.name: account for account in saved}
        self.current = current
        self.key_place = key_place
        self.temporary: SavedAccount | None = None
        self.outcome = GOOD
        self.before_check: Callable[[StopSignal], None] | None = None
        self.checked: list[Account] = []
        self.error: BatchTuiError | None = None

    def overview(self) -> AccountsOverview:
        listed = [_listed(account, is_current=account.name == self.current) for account in self.saved.values()]
        if "sandbox" not in self.saved:
            listed.append(SavedAccount("sandbox", AccountKind.SANDBOX))
        first = [self.temporary] if self.temporary is not None else []
        return AccountsOverview((*first, *listed), self.key_place)

    def account(self, name: str) -> Account:
        return SANDBOX if name == "sandbox" else self.saved[name]

    def save(self, account: Account, replaces: str = "", *, becomes_current: bool = True) -> SavedAccount:
        self._fail()
        self.saved.pop(replaces, None)
        self.saved[account.name] = account
        if becomes_current or self.current == replaces:
            self.current = account.name
        return _listed(account, is_current=self.current == account.name)

    def rename(self, name: str, new_name: str) -> SavedAccount:
        self._fail()
        return self.save(replace(self.saved[name], name=new_name), name)

    def use(self, name: str) -> Account:
        self._fail()
        self.current = name
        return self.account(name)

    def remove(self, name: str) -> None:
        self._fail()
        del self.saved[name]

    def check(self, account: Account, stop: StopSignal, report: Callable[[CheckResult], None]) -> Checklist:
        self.checked.append(account)
        if self.before_check is not None:
            self.before_check(stop)
        checklist = Checklist()
        for result in self.outcome:
            checklist = checklist.with_result(result)
            report(result)
        return checklist

    def _fail(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error


def _listed(account: Account, *, is_current: bool) -> SavedAccount:
    return SavedAccount(
        name=account.name,
        kind=account.kind,
        batch_account=account.batch_account,
        batch_endpoint=account.batch_endpoint,
        storage_account=account.storage_account,
        storage_endpoint=account.storage_endpoint,
        keys_in="the key store" if account.batch_key else "",
        is_current=is_current,
    )


def is_service(accounts: FakeAccounts) -> AccountsService:
    """The fake is what the screens are given; mypy says so."""
    return accounts


REFUSED = InputError("It was refused", "for a reason", "Do something else.")
