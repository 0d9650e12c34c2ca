"""A run screen on a pilot, fed with events, and what can be read on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from tests.support.pilot import wait_for
from tests.support.runs import FakeLogs, FrozenClock, new_plan, new_services
from tests.support.terminal import Terminal
from tui.core.events import RunEvent
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen
from tui.ui.services import RunSession

COMFORTABLE = (120, 24)
"""Wide enough for nodes and task beside the table; more rows cost more to paint and prove no more."""


class Shown(Terminal):
    """A run screen on a pilot, and what can be read on it."""

    def __init__(self, pilot: Pilot[int], screen: RunScreen, clock: FrozenClock, logs: FakeLogs) -> None:
        super().__init__(pilot)
        self.screen, self.clock, self.logs = screen, clock, logs

    async def feed(self, *events: RunEvent) -> None:
        self.screen.feed(events)
        await self.pilot.pause()


@asynccontextmanager
async def shown(
    *events: RunEvent, size: tuple[int, int] = COMFORTABLE, session: RunSession | None = None, inputs: int = 8
) -> AsyncIterator[Shown]:
    clock, logs = FrozenClock(), FakeLogs()
    screen = RunScreen(new_services(logs, clock), new_plan(inputs), session)
    async with BatchTui(lambda: screen).run_test(size=size) as pilot:
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        view = Shown(pilot, screen, clock, logs)
        await view.feed(*events)
        yield view
