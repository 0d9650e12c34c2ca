"""What Home reads: the journals at once, then the service, run after run; nothing of how it looks.

One reading of the journals and one look at the service are under way at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.core.errors import BatchTuiError, Interrupted
from tui.ui.screens.account_switch import AccountSwitch
from tui.ui.screens.base import BatchScreen

if TYPE_CHECKING:
    from tui.core.accounts import Account
    from tui.core.deletion import Remains
    from tui.core.run_line import RunLine
    from tui.ui.run_services import HomeServices
    from tui.ui.services import AppServices

_LOOK_EVERY_S = 10.0
RUNS_LOOKED_AT = 20
"""The newest runs that still have something; further ones are looked at when they are opened."""


class HomeReading(BatchScreen[None]):
    """Keeps what was read last; a subclass shows it."""

    def __init__(self, services: AppServices, home: HomeServices, *, is_read_only: bool) -> None:
        super().__init__(services, is_read_only=is_read_only)
        self._home = home
        self._lines: dict[str, RunLine] = {}
        self._read: dict[str, Remains] = {}
        self._troubles: dict[str, str] = {}
        self._unreadable: tuple[str, ...] = ()
        self._stop = threading.Event()
        self._next_look_s = 0.0
        self._is_looking = self._is_reading = False
        self._switch = AccountSwitch(self, home.accounts, services.run_blocking, self._use)

    def _show(self) -> None:
        """Paints what is known now."""
        raise NotImplementedError

    def _use(self, account: Account) -> None:
        """Takes over the account that is current from now on."""
        raise NotImplementedError

    def action_refresh(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self.run_worker(self._read_journals(), group="journals")

    async def _read_journals(self) -> None:
        try:
            lines, unreadable = await self.services.run_blocking(self._home.runs.list_runs)
        except BatchTuiError as error:
            from tui.ui.screens.error_dialog import ErrorDialog  # as it is opened

            self.app.push_screen(ErrorDialog(error))
            return
        finally:
            self._is_reading = False
        self.feed(lines, unreadable)
        self._next_look_s = 0.0
        self._look()
        await self._switch.read()

    def feed(self, lines: Iterable[RunLine], unreadable: tuple[str, ...] = ()) -> None:
        """The runs as their journals have them, newest first; what the service said before a run was deleted goes."""
        self._lines = {line.run_id: line for line in lines}
        self._read = {run_id: remains for run_id, remains in self._read.items() if self._has_left(run_id)}
        self._unreadable = unreadable
        self._show()

    def feed_remains(self, remains: Remains) -> None:
        """What the service said of one run."""
        if not self._has_left(remains.run_id):
            return  # it was deleted while the service was asked
        self._read[remains.run_id] = remains
        self._troubles.pop(remains.run_id, None)
        self._show()

    def _has_left(self, run_id: str) -> bool:
        line = self._lines.get(run_id)
        return line is not None and bool(line.leftovers)

    def _look(self) -> None:
        """One look at the service at a time."""
        wanted = [line.run_id for line in self._lines.values() if line.leftovers][:RUNS_LOOKED_AT]
        self._next_look_s = self.services.clock.now_s() + _LOOK_EVERY_S
        if wanted and not self._is_looking:
            self._is_looking = True
            self.run_worker(self._glance(wanted), group="glance")

    async def _glance(self, wanted: list[str]) -> None:
        try:
            for run_id in wanted:
                await self._glance_at(run_id)
        finally:
            self._is_looking = False
            self._next_look_s = self.services.clock.now_s() + _LOOK_EVERY_S

    async def _glance_at(self, run_id: str) -> None:
        try:
            remains = await self.services.run_blocking(lambda: self._home.runs.glance(run_id, self._stop))
        except Interrupted:
            return
        except BatchTuiError as error:
            self._troubles[run_id] = str(error)
            self._show()
        else:
            self.feed_remains(remains)
