"""The accounts that the user interface has open: each from when something first needs it until the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tui import wiring
from tui.core.accounts import AccountKind
from tui.core.errors import Unreachable
from tui.engine.patience import Patience

if TYPE_CHECKING:
    from tui.core.accounts import Account
    from tui.core.ports import ClockPort
    from tui.engine.run_tools import RunTools

CARE_PATIENCE = Patience(step_s=15.0)
"""Where a person waits in front of it and can try again."""
GLANCE_PATIENCE = Patience(step_s=0.0)
"""A look in the background comes again by itself."""


class OpenAccounts:
    """Connections by the account's name; any thread may ask. A context manager."""

    def __init__(self, account_of: Callable[[str], Account], clock: ClockPort) -> None:
        """`account_of` gives an account with its keys, and starts the sandbox where it is that; it blocks."""
        self._account_of = account_of
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: dict[str, wiring.Connection] = {}
        self._left: list[wiring.Connection] = []
        """Those that were forgotten."""

    def connection(self, name: str) -> wiring.Connection:
        """Blocks, where it is not open yet, for as long as a key store or the sandbox's start takes."""
        opened = self._opened.get(name)
        if opened is not None and name != wiring.SANDBOX:
            return opened
        account = self._account_of(name)
        # Loads Azure's libraries: not before the first paint.
        from tui.gateways.connect import open_batch, open_storage

        with self._lock:
            opened = self._opened.get(name)
            if opened is None or opened.account != account:
                opened = wiring.Connection(account, open_batch(account), open_storage(account))
                self._opened[name] = opened
            return opened

    def tools(self, name: str) -> RunTools:
        return wiring.run_tools(self.connection(name), self._clock, CARE_PATIENCE)

    def reachable_tools(self, name: str) -> RunTools:
        """Starts nothing: Unreachable while the sandbox is down."""
        if name == wiring.SANDBOX and wiring.sandbox_account() is None:
            raise Unreachable("The sandbox is down", "", "it starts when a run needs it")
        return wiring.run_tools(self.connection(name), self._clock, GLANCE_PATIENCE)

    def forget(self, name: str) -> None:
        """The account, or who is signed in to it, may have changed: it is opened anew when it is needed next.

        What is under way on the old connection goes on with it; it is closed with the others.
        """
        with self._lock:
            opened = self._opened.pop(name, None)
            if opened is None:
                return
            self._left.append(opened)
        if opened.account.kind is AccountKind.ENTRA:
            from tui.gateways.entra import shared_sign_in  # loads azure, which an open account has loaded

            shared_sign_in().forget()

    def endpoint(self, name: str) -> str:
        """Where an open account answers; empty while it has not been opened."""
        opened = self._opened.get(name)
        return "" if opened is None else opened.endpoint

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closed on threads of their own: a call that hangs must not hold up the exit."""
        for opened in (*self._left, *self._opened.values()):
            for close in (opened.batch.close, opened.storage.close):
                threading.Thread(target=partial(close), daemon=True, name="closing").start()
