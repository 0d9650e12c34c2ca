"""`python -m tests.leaks [NAME...]`: runs that fail in every way, all they let out searched; prints figures.

Exits non-zero where a secret was found.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.command import asked_for
from tests.faults.matrix import Verdict, verdicts
from tests.leaks import screens, sweep

CAMPAIGNS: Mapping[str, Callable[[int], Iterable[Verdict]]] = {
    "calls": lambda workers: verdicts(sweep.CALLS, workers),
    "for-good": lambda workers: verdicts(sweep.FOR_GOOD, workers),
    "crashes": lambda workers: verdicts(sweep.CRASHES, workers),
    "screens": lambda _workers: screens.verdicts(),
}
_TOLD_EVERY = 50


@dataclass(slots=True)
class Tally:
    """How many runs were searched, in how many bytes, and where something was found."""

    searched: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0
    unmet: int = 0

    def add(self, verdict: Verdict) -> None:
        self.searched[verdict.group] += 1
        self.hits[verdict.group] += len(verdict.problems)
        self.size_bytes += verdict.bytes_searched
        self.unmet += not verdict.was_met
        if verdict.problems:
            print(f"LEAK  {verdict}", flush=True)
        elif self.searched.total() % _TOLD_EVERY == 0:
            print(f"      {self}", flush=True)

    def __str__(self) -> str:
        unmet = f" ({self.unmet} met no failure)" if self.unmet else ""
        return f"{self.searched.total():,} searched{unmet}, {self.size_bytes:,} bytes, hits: {self.hits.total()}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a secret got out."""
    names, workers = asked_for("tests.leaks", "The hunt for leaks, in full.", CAMPAIGNS, arguments)
    tally = Tally()
    for name in names:
        for verdict in CAMPAIGNS[name](workers):
            tally.add(verdict)
    for group in sorted(tally.searched):
        word = "LEAK" if tally.hits[group] else "ok  "
        print(f"{word}  {tally.searched[group]:4} searched, hits: {tally.hits[group]}  {group}")
    print(tally, flush=True)
    return 1 if tally.hits.total() else 0


if __name__ == "__main__":
    sys.exit(main())
