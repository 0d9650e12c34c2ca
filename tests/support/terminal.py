"""What is on the terminal, as a person reads it, and the keys a person presses."""

from __future__ import annotations

from collections.abc import Callable

from textual.pilot import Pilot

from tests.support.pilot import wait_for


class Terminal:
    """An application on a pilot; whatever screen is on top is the one that is read."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self.pilot = pilot

    @property
    def text(self) -> str:
        """Everything on the terminal."""
        return "\n".join(strip.text for strip in self.pilot.app.screen._compositor.render_strips())

    def line(self, text: str) -> str:
        """The line of the terminal that contains `text`; empty where none does."""
        return next((line for line in self.text.splitlines() if text in line), "")

    def has(self, *texts: str) -> bool:
        """Whether all of them are on the terminal."""
        seen = self.text
        return all(text in seen for text in texts)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, *texts: str) -> None:
        await wait_for(self.pilot, lambda: self.has(*texts), f"on screen: {texts}")

    async def until_gone(self, text: str) -> None:
        await wait_for(self.pilot, lambda: text not in self.text, f"no longer on screen: {text}")

    async def until_so(self, predicate: Callable[[], object], description: str) -> None:
        await wait_for(self.pilot, predicate, description)
