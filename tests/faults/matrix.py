"""Many cases shared out over a few sandboxes, and their verdicts counted."""

from __future__ import annotations

import queue
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from tests.faults.bench import Bench, bench_at

CaseT = TypeVar("CaseT")

_TOLD_EVERY = 50


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one run under one trouble."""

    group: str
    """What it is counted under."""
    case: str
    was_met: bool = True
    """Whether the trouble came about: how often is polled, for one, differs from run to run."""
    problems: tuple[str, ...] = ()
    bytes_searched: int = 0
    """How much of what the run let out was looked through, where that was asked for."""

    @property
    def survived(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        return f"{self.group}: {self.case}" + "".join(f"\n    {problem}" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Campaign(Generic[CaseT]):
    """A kind of trouble: `cases` are found out on a bench, each is tried on one."""

    name: str
    cases: Callable[[Bench], Sequence[CaseT]]
    attempt: Callable[[Bench, CaseT], Verdict]


class _Crew(Generic[CaseT]):
    """Threads with a sandbox each that share one list of cases."""

    def __init__(self, campaign: Campaign[CaseT], folder: Path) -> None:
        self.told: queue.SimpleQueue[Verdict | BaseException | None] = queue.SimpleQueue()
        self._campaign = campaign
        self._folder = folder
        self._cases: Iterator[CaseT] | None = None
        self._lock = threading.Lock()

    def work(self, number: int) -> None:
        try:
            with bench_at(self._folder / f"{number}") as bench:
                bench.learn()
                while (case := self._next(bench)) is not None:
                    self.told.put(self._campaign.attempt(bench, case))
        except BaseException as problem:  # outermost of its thread: the consumer raises it
            self.told.put(problem)
        else:
            self.told.put(None)

    def _next(self, bench: Bench) -> CaseT | None:
        with self._lock:
            if self._cases is None:
                self._cases = iter(self._campaign.cases(bench))
            return next(self._cases, None)


def verdicts(campaign: Campaign[CaseT], workers: int) -> Iterator[Verdict]:
    """A verdict a case, as they come; `workers` sandboxes share the work."""
    # Where one worker fails the others are still at it: what they write meanwhile must not hide why.
    with tempfile.TemporaryDirectory(prefix="batch-tui-faults-", ignore_cleanup_errors=True) as name:
        crew = _Crew(campaign, Path(name))
        for number in range(workers):
            threading.Thread(target=crew.work, args=(number,), name=f"faults-{number}", daemon=True).start()
        for _ in range(workers):
            while (told := crew.told.get()) is not None:
                if isinstance(told, BaseException):
                    raise told
                yield told


def report(campaign: Campaign[CaseT], workers: int) -> bool:
    """Prints the figures and everything that was lost; whether all was survived."""
    survived, tried, unmet = Counter[str](), Counter[str](), 0
    for verdict in verdicts(campaign, workers):
        if not verdict.was_met and verdict.survived:
            unmet += 1
            continue
        tried[verdict.group] += 1
        survived[verdict.group] += verdict.survived
        if not verdict.survived:
            print(f"LOST  {verdict}", flush=True)
        elif tried.total() % _TOLD_EVERY == 0:
            print(f"      {survived.total()} / {tried.total()} so far", flush=True)
    for group in sorted(tried):
        print(_line(survived[group], tried[group], f"{campaign.name}: {group}"))
    not_met = f"; {unmet} met nothing" if unmet else ""
    print(_line(survived.total(), tried.total(), f"{campaign.name}{not_met}"), flush=True)
    return survived == tried


def _line(survived: int, tried: int, name: str) -> str:
    return f"{'ok  ' if survived == tried else 'LOST'}  {survived:4} / {tried:<4}  {name}"
