"""A run screen on a pilot, fed with events, and what can be read on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from tests.support.pilot import wait_for
from tests.support.runs import (
    FakeLogs,
    FrozenClock,
    new_plan,
    new_services,
)
from tui.core.events import (
    RunEvent,
)
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen
from tui.ui.services import RunSession

COMFORTABLE = (120, 24)
"""Wide enough for nodes and task beside the table; more rows cost more to paint and prove no more."""


class Shown:
    """A run screen on a pilot, and what can be read on it."""

    def __init__(self, pilot: Pilot[int], screen: RunScreen, clock: FrozenClock, logs: FakeLogs) -> None:
        self.pilot, self.screen, self.clock, self.logs = pilot, screen, clock, logs

    @property
    def text(self) -> str:
        """Everything on the terminal."""
        lines = self.pilot.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in lines)

    async def feed(self, *events: RunEvent) -> None:
        self.screen.feed(events)
        await self.pilot.pause()

    async def until(self, *texts: str) -> None:
        await wait_for(self.pilot, lambda: all(text in self.text for text in texts), f"on screen: {texts}")

    async def until_gone(self, text: str) -> None:
        await wait_for(self.pilot, lambda: text not in self.text, f"no longer on screen: {text}")


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
