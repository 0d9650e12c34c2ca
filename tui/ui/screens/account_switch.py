"""The accounts as the command palette offers them: one command each, for all but the one in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from tui.core.errors import BatchTuiError

if TYPE_CHECKING:
    from tui.core.accounts import Account
    from tui.core.saved_accounts import SavedAccount
    from tui.ui.account_services import AccountsService
    from tui.ui.services import RunBlocking


class AccountSwitch:
    """Knows the accounts as they were read last; `read` again where they may have changed."""

    def __init__(
        self, screen: Screen[None], accounts: AccountsService, run_blocking: RunBlocking, use: Callable[[Account], None]
    ) -> None:
        """`use` is told which account is current, once it is."""
        self._screen = screen
        self._accounts = accounts
        self._run_blocking = run_blocking
        self._use = use
        self._saved: tuple[SavedAccount, ...] = ()

    async def read(self) -> None:
        """Accounts that cannot be read are not offered: their own screen tells why."""
        try:
            overview = await self._run_blocking(self._accounts.overview)
        except BatchTuiError:
            self._saved = ()
        else:
            self._saved = overview.accounts

    def commands(self, current: str) -> Iterable[SystemCommand]:
        for account in self._saved:
            if account.name != current and not account.trouble:
                where = account.batch_endpoint or "on this machine"
                yield SystemCommand(
                    f"Use account {account.name}",
                    f"New runs go there: {where}",
                    partial(self._begin, account.name),
                )

    def _begin(self, name: str) -> None:
        self._screen.notify(f"Opening {name}…", timeout=3, markup=False)
        self._screen.run_worker(self._switch(name), group="account")

    async def _switch(self, name: str) -> None:
        try:
            account = await self._run_blocking(lambda: self._accounts.use(name))
        except BatchTuiError as error:
            from tui.ui.screens.error_dialog import ErrorDialog  # as it is opened

            self._screen.app.push_screen(ErrorDialog(error))
        else:
            self._use(account)
