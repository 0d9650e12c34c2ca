"""The real clock, as the engine's argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.core.ports import StopSignal


def elapsed_s() -> float:
    """Seconds since some moment, those included in which the machine slept; never goes back.

    https://man7.org/linux/man-pages/man2/clock_gettime.2.html (macOS counts sleep in CLOCK_MONOTONIC)
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SystemClock:
    """`ClockPort` over this machine's clocks.

    `now_s` is the wall clock as it was at first, carried on by one that nobody sets: a difference of two moments is the
    time that passed between them, whatever becomes of the wall clock meanwhile. `wall_s` goes with the wall clock: a
    signature holds, or does not, by what time it is.
    """

    def __init__(self, wall_s: Callable[[], float] = time.time, passed_s: Callable[[], float] = elapsed_s) -> None:
        self._wall_s, self._passed_s = wall_s, passed_s
        self._origin_s = wall_s() - passed_s()

    def now_s(self) -> float:
        return self._origin_s + self._passed_s()

    def wall_s(self) -> float:
        return self._wall_s()

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        return stop.wait(max(0.0, seconds))
