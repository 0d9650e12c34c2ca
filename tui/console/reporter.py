"""What shows a run while it happens; one thread, the main one, calls it."""

from __future__ import annotations

from typing import Protocol

from tui.core.events import RunEvent


class Reporter(Protocol):
    """A front end without keys. `OutputClosed` leaves it once nobody reads any more."""

    def show(self, event: RunEvent) -> None: ...

    def say(self, text: str) -> None:
        """A line of our own to the person, outside the run's events."""
        ...

    def tick(self) -> None:
        """Called a few times a second, for what moves by itself."""
        ...

    def close(self) -> None:
        """Leaves the terminal as it was; called once, whatever happened."""
        ...
