"""How far a step is, told at most ten times a second: more would only cost the screen."""

from __future__ import annotations

from tui.core.events import Progress, Step
from tui.core.ports import ClockPort, Publish

SHORTEST_GAP_S = 0.1


class Meter:
    """Counts one step's progress and publishes it. Owned by one thread."""

    def __init__(
        self, publish: Publish, clock: ClockPort, step: Step, total: int, *, unit: str = "files", total_bytes: int = 0
    ) -> None:
        self.done = 0
        self.done_bytes = 0
        self._publish = publish
        self._clock = clock
        self._step = step
        self._total = total
        self._unit = unit
        self._total_bytes = total_bytes
        self._told_s = float("-inf")
        self.tell()

    def add(self, done: int, size_bytes: int = 0) -> None:
        self.done += done
        self.done_bytes += size_bytes
        if self.done >= self._total or self._clock.monotonic_s() - self._told_s >= SHORTEST_GAP_S:
            self.tell()

    def tell(self) -> None:
        self._told_s = self._clock.monotonic_s()
        self._publish(Progress(self._step, self.done, self._total, self._unit, self.done_bytes, self._total_bytes))
