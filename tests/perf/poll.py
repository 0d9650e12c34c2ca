"""The steady poll of a job of 100,000 tasks of which 1 % change between two polls, against listing everything.

Both are what the poller does: our gateway's pages, merged by the engine's book of tasks. The sandbox's own job moves
meanwhile, as it would while an operator watches.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.perf.bench import Bench, bench
from tests.perf.figures import Figure, Line, milliseconds
from tui.core.records import TaskPage
from tui.engine.cadence import SHORTEST_S
from tui.engine.task_book import TaskBook
from tui.sandbox import admin

TASKS = 100_000
CHURN = 0.01
_JOB = "poll"
_DONE = 0.5
"""Share of the tasks that have ended when it begins: a run halfway through."""
_BUSY = 0.9
_POLLS = 15
_LISTS = 3
_PATIENCE_S = 60.0


@dataclass(slots=True)
class _Cost:
    """What one question to the service cost."""

    seconds: float = 0.0
    size_bytes: int = 0
    rows: int = 0

    def count(self, pages: Iterator[TaskPage]) -> Iterator[TaskPage]:
        for page in pages:
            self.size_bytes += page.size_bytes
            self.rows += len(page.rows)
            yield page


def steady_poll() -> Iterable[Line]:
    """Polls at the poller's own rhythm; each lists what changed since the last one, less its overlap."""
    with bench() as on:
        wishes = {"job": _JOB, "tasks": TASKS, "churn": CHURN, "done": _DONE, "endless": True}
        made = admin.seed(on.folder / "sandbox", wishes)
        _await_pace(on, made["nodes"] * made["slots"])
        book, costs = TaskBook(), []
        full = [_full(on, book) for _ in range(_LISTS)]
        pause = threading.Event()
        for _ in range(_POLLS):
            pause.wait(SHORTEST_S)
            costs.append(_delta(on, book))
        assert len(book.rows) == TASKS
    everything = _median(full)
    poll = _median(costs[1:])
    for name, ours, theirs, note in (
        (
            "bytes",
            poll.size_bytes,
            everything.size_bytes,
            f"{poll.rows:,} rows: {poll.size_bytes / 1e6:.1f} MB against {everything.size_bytes / 1e6:.1f} MB",
        ),
        ("time", poll.seconds, everything.seconds, f"{milliseconds(poll.seconds)}, {milliseconds(everything.seconds)}"),
    ):
        yield Figure(f"listing {TASKS:,} tasks / a poll: {name}", theirs / ours, 40, at_least=True, note=note)


def _full(on: Bench, book: TaskBook) -> _Cost:
    cost, started = _Cost(), time.perf_counter()
    book.replace(cost.count(on.batch.list_tasks(_JOB)))
    cost.seconds = time.perf_counter() - started
    return cost


def _delta(on: Bench, book: TaskBook) -> _Cost:
    cost, since = _Cost(), book.changed_since
    assert since is not None
    started = time.perf_counter()
    book.merge(cost.count(on.batch.list_tasks(_JOB, since)))
    cost.seconds = time.perf_counter() - started
    return cost


def _median(costs: list[_Cost]) -> _Cost:
    return _Cost(
        statistics.median(cost.seconds for cost in costs),
        round(statistics.median(cost.size_bytes for cost in costs)),
        round(statistics.median(cost.rows for cost in costs)),
    )


def _await_pace(on: Bench, slots: int) -> None:
    """Until tasks move as fast as they will: nearly all nodes are up and busy."""
    pause, until = threading.Event(), time.monotonic() + _PATIENCE_S
    while on.batch.count_tasks(_JOB).running < slots * _BUSY:
        assert time.monotonic() < until, "the tasks do not move"
        pause.wait(0.2)
