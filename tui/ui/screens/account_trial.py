"""The live test of an account that is still a draft: its number, its end, and what it was about.

One test is waited for at a time. What an earlier one still reports carries the earlier number, and is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from tui.core.account_check import Checklist, CheckResult
from tui.core.account_draft import AccountDraft
from tui.core.accounts import SANDBOX_NAME, Account, AccountKind
from tui.core.errors import BatchTuiError, Interrupted
from tui.ui.account_services import AccountsService
from tui.ui.services import RunBlocking

Report = Callable[[int, CheckResult], object]
"""Called from other threads, once a result, with the number of the test."""


class AccountTrial:
    """One test and how it stands; only the interface's own thread touches it."""

    def __init__(self, accounts: AccountsService, run_blocking: RunBlocking, report: Report) -> None:
        self._accounts = accounts
        self._run_blocking = run_blocking
        self._report = report
        self._number = 0
        self._stop = threading.Event()
        self.is_under_way = False
        self.tested: AccountDraft | None = None
        """What the last test was about, once it came to its end and while nothing has been changed since."""

    def awaits(self, number: int) -> bool:
        """Whether somebody still waits for the results of test `number`."""
        return self.is_under_way and number == self._number

    def begin(self) -> None:
        """A further test, from now on; `run` makes it."""
        self._number += 1
        self._stop = threading.Event()
        self.is_under_way, self.tested = True, None

    async def run(self, draft: AccountDraft) -> Checklist | None:
        """What the test that has begun finds; None, and no error, where nobody waits for it any more."""
        number, stop = self._number, self._stop

        def report(result: CheckResult) -> None:
            self._report(number, result)

        def examine() -> Checklist:
            return self._accounts.check(self._account_of(draft), stop, report)

        try:
            checklist = await self._run_blocking(examine)
        except Interrupted:
            return None
        except BatchTuiError:
            if number == self._number and not stop.is_set():
                raise
            return None
        if number != self._number or stop.is_set():
            return None
        self.is_under_way, self.tested = False, draft
        return checklist

    def _account_of(self, draft: AccountDraft) -> Account:
        """Blocks where it is the sandbox's: that may have to be started."""
        return self._accounts.account(SANDBOX_NAME) if draft.kind is AccountKind.SANDBOX else draft.account()

    def forget(self) -> None:
        """What was tested is no longer what is wanted, or nobody waits for it any more."""
        self.stop()
        self.is_under_way, self.tested = False, None

    def stop(self) -> None:
        self._stop.set()
