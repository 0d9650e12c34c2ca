"""What the account screens are given: a Protocol, filled in by the wiring, or by a test with a fake.

Every method blocks and raises only `core.errors`; screens call them through `run_blocking`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui.core.account_check import Checklist, CheckResult
    from tui.core.accounts import Account
    from tui.core.ports import StopSignal
    from tui.core.saved_accounts import AccountsOverview, SavedAccount


class AccountsService(Protocol):
    """The accounts of this machine's user."""

    def overview(self) -> AccountsOverview: ...

    def account(self, name: str) -> Account:
        """With its keys; the sandbox is started for it."""
        ...

    def save(self, account: Account, replaces: str = "", *, becomes_current: bool = True) -> SavedAccount:
        """Keeps it in the place of the account called `replaces`; without `becomes_current` the current one stays."""
        ...

    def rename(self, name: str, new_name: str) -> SavedAccount: ...

    def use(self, name: str) -> Account:
        """Makes it current; the sandbox is started."""
        ...

    def remove(self, name: str) -> None: ...

    def check(self, account: Account, stop: StopSignal, report: Callable[[CheckResult], None]) -> Checklist:
        """The live checklist; `report` is called from other threads. Interrupted once `stop` is set."""
        ...


@dataclass(frozen=True, slots=True)
class AccessServices:
    """How access that was refused is regained."""

    accounts: AccountsService
    forget: Callable[[str], object]
    """Called with an account's name: it is opened anew, with the credentials as they are then."""
    may_enter: bool = True
    """Whether credentials may be entered and kept; not where the program only reads."""
