"""This machine's clock."""

from __future__ import annotations

import time

from tui.core.ports import StopSignal


class LocalClock:
    """`ClockPort` of real time."""

    def now_s(self) -> float:
        return time.time()

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        return stop.wait(max(0.0, seconds))
