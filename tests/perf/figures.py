"""How a figure is taken and printed."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; `budget` is what `value` may be at most, or at least."""

    name: str
    value: float
    budget: float
    unit: str = "×"
    at_least: bool = False
    note: str = ""

    @property
    def is_within(self) -> bool:
        return self.value >= self.budget if self.at_least else self.value <= self.budget

    def __str__(self) -> str:
        verdict = "ok  " if self.is_within else "OVER"
        relation = "≥" if self.at_least else "≤"
        note = f"   {self.note}" if self.note else ""
        return f"{verdict}  {self.name:<52} {self.value:8.2f} {self.unit:<3} {relation} {self.budget:g}{note}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A figure that cannot be taken here, and why."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"skip  {self.name:<52} {self.why}"


Line = Figure | Skipped


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, one after the other in every round, after a first round that only warms up."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for round_number in range(rounds + 1):
        for name, work in works.items():
            seconds = seconds_of(work)
            if round_number:
                taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def command(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Callable[[], object]:
    """A process to its end, its output dropped; fails where the process does.

    The end of its output is waited for: a wait for the process with a limit looks at it 31 ms and then 63 ms after its
    start, and tells one of the two.
    """
    return lambda: subprocess.run(
        arguments, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=300
    )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1_000:.0f} ms"
