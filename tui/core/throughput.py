"""How many tasks ended lately, bar by bar, and which of them took unusually long."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

BARS = " ▁▂▃▄▅▆▇█"
FEWEST_FOR_SLOW = 20
"""Finished tasks it takes to know what is usual."""
_SLOW_FENCE = 3.0
"""Tukey's outer fence: beyond it a value is far out, whatever the shape of the rest."""


class Throughput:
    """Ends of tasks by the moment they were heard of; the moments only grow.

    Invariant: `bars` tells apart the last `count` steps of `step_s`, the newest one being still under way.
    """

    def __init__(self, step_s: float = 2.0, count: int = 20) -> None:
        self.step_s = step_s
        self._ends: deque[int] = deque([0] * count, maxlen=count)
        self._step: int | None = None

    def note(self, now_s: float, ended: int) -> None:
        """`ended` more tasks have ended by now."""
        step = int(now_s // self.step_s)
        if self._step is not None:
            self._ends.extend([0] * min(max(step - self._step, 0), len(self._ends)))
        self._step = max(step, self._step or step)
        self._ends[-1] += ended

    @property
    def bars(self) -> tuple[int, ...]:
        return tuple(self._ends)

    @property
    def per_second(self) -> float:
        """Over the steps that are whole, leaving out those before the first end."""
        whole = list(self._ends)[:-1]
        while whole and not whole[0]:
            whole.pop(0)
        return sum(whole) / (len(whole) * self.step_s) if whole else 0.0


def sparkline(values: Sequence[int]) -> str:
    """A bar each, the highest one full; nothing is only where nothing was."""
    highest = max(values, default=0)
    if not highest:
        return BARS[0] * len(values)
    return "".join(BARS[max(1, round(value / highest * (len(BARS) - 1)))] if value else BARS[0] for value in values)


def slow_from_s(durations_s: Iterable[float]) -> float | None:
    """Seconds from which a task is unusually slow; None while too few have finished to tell."""
    took = sorted(durations_s)
    if len(took) < FEWEST_FOR_SLOW:
        return None
    lower, upper = took[len(took) // 4], took[(len(took) * 3) // 4]
    return max(upper + _SLOW_FENCE * (upper - lower), 2 * upper)
