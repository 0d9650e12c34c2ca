"""When the tasks will be done: a range, from how long finished ones took and how many run at once.

An estimate is given only where there is something to go by: a finished task and a slot that takes work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

from tui.core.units import duration_text

_LOW_SHARE, _HIGH_SHARE = 0.25, 0.9
"""How long a single task takes: from the faster quarter to all but the slowest tenth."""
_OVERDUE_TIMES = 2.0
"""A task that runs so many times as long as the slowest that has finished ends nobody knows when."""


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds until the last task ends, from the lucky to the unlucky case; low is never above high."""

    low_s: float
    high_s: float
    is_overdue: bool = False
    """Whether a task takes far longer than any that has finished."""

    def __str__(self) -> str:
        """`12 s`, `10 s – 14 s`."""
        low, high = duration_text(self.low_s), duration_text(self.high_s)
        if self.high_s < 1:
            return "overdue" if self.is_overdue else "any moment"
        return high if low == high else f"{low} – {high}"


def estimate(waiting: int, elapsed_s: Iterable[float], durations_s: Iterable[float], slots: int) -> Eta | None:
    """The time left for `waiting` tasks and those that have run for `elapsed_s` each; None where it is unknown."""
    took = sorted(durations_s)
    elapsed = tuple(elapsed_s)
    slots = max(slots, len(elapsed))
    if not waiting and not elapsed:
        return Eta(0.0, 0.0)
    if not took or slots <= 0:
        return None
    mean, spread = fmean(took), stdev(took) if len(took) > 1 else 0.0
    doubt = spread / len(took) ** 0.5
    low_task, high_task = _quantile(took, _LOW_SHARE), _quantile(took, _HIGH_SHARE)
    low = _time_left(waiting, elapsed, max(mean - doubt, 0.0), low_task, slots)
    high = _time_left(waiting, elapsed, mean + doubt, high_task, slots)
    return Eta(min(low, high), max(low, high), is_overdue=max(elapsed, default=0.0) > _OVERDUE_TIMES * took[-1])


def _time_left(waiting: int, elapsed: tuple[float, ...], mean: float, single: float, slots: int) -> float:
    """The work left shared by the slots, and never less than the longest single task still to be done."""
    left_of_running = [max(single - seconds, 0.0) for seconds in elapsed]
    shared = (waiting * mean + sum(left_of_running)) / slots
    longest = max(left_of_running, default=0.0)
    if waiting:
        next_free = min(left_of_running) if len(elapsed) >= slots else 0.0
        longest = max(longest, next_free + single)
    return max(shared, longest)


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]
