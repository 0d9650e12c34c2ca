"""Work in parallel on daemon threads, results in the order they come.

Workers touch nothing but their item; what follows from a result (journal, progress) happens in the consumer's thread.
Nothing here waits for a worker: whoever stops early leaves it to end its call and its thread by itself, since an HTTP
call under way cannot be cancelled. Once an account is refused, no further item is begun: it would be refused as well.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from tui.core.errors import BatchTuiError, Interrupted, account_refusal
from tui.core.ports import StopSignal

Item = TypeVar("Item")
Result = TypeVar("Result")

_STOP_CHECK_S = 0.1
"""How long a consumer that waits for a result overlooks the stop signal."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Item, Result]):
    """What became of one item: a result, or the error that its work raised."""

    item: Item
    result: Result | None = None
    error: BatchTuiError | None = None


class _Finished:
    """A worker's last word; it carries what ended it early: a defect, or the stop signal."""

    def __init__(self, defect: BaseException | None = None) -> None:
        self.defect = defect


class _Crew(Generic[Item, Result]):
    """Threads that share one iterator of items and one queue of results; each that finds work hires the next."""

    def __init__(
        self, items: Iterable[Item], work: Callable[[Item], Result], stop: StopSignal, workers: int, name: str
    ) -> None:
        self._workers = workers
        self._name = name
        self.hired = 0
        """Threads started so far; final once all of them have finished, for only a worker hires."""
        self._items = iter(items)
        self._items_lock = threading.Lock()
        self._work = work
        self._stop = stop
        self._is_abandoned = False
        self.results: queue.SimpleQueue[Outcome[Item, Result] | _Finished] = queue.SimpleQueue()

    def abandon(self) -> None:
        """No further item is drawn and no further worker hired from now on."""
        with self._items_lock:
            self._is_abandoned = True

    def hire(self) -> None:
        """Starts one more worker, if there may be one; called under the items' lock or before any worker runs."""
        if self.hired < self._workers:
            self.hired += 1
            threading.Thread(target=self._run, name=f"{self._name}-{self.hired}", daemon=True).start()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                with self._items_lock:
                    if self._is_abandoned:
                        break
                    try:
                        item = next(self._items)
                    except StopIteration:
                        break
                    self.hire()
                outcome = self._done(item)
                if account_refusal(outcome.error) is not None:
                    self.abandon()
                self.results.put(outcome)
            else:  # the consumer may wait here with its own look at the signal behind it
                raise Interrupted("Stopped", self._name)
        except BaseException as defect:  # outermost of its thread: handed to the consumer, which raises it
            self.results.put(_Finished(defect))
        else:
            self.results.put(_Finished())

    def _done(self, item: Item) -> Outcome[Item, Result]:
        try:
            return Outcome(item, result=self._work(item))
        except BatchTuiError as problem:
            return Outcome(item, error=problem)


def in_parallel(
    items: Iterable[Item], work: Callable[[Item], Result], *, workers: int, name: str, stop: StopSignal
) -> Iterator[Outcome[Item, Result]]:
    """Outcomes of `work` on each of `items`; Interrupted once `stop` is set.

    `items` is drawn from as workers become free, so that it may be long; at most `workers` items are under way. After
    an outcome in which the account was refused, only those of what was under way follow.
    """
    crew = _Crew(items, work, stop, workers, name)
    crew.hire()
    finished = 0
    try:
        while finished < crew.hired:
            if stop.is_set():
                raise Interrupted("Stopped", name)
            try:
                told = crew.results.get(timeout=_STOP_CHECK_S)
            except queue.Empty:
                continue
            if not isinstance(told, _Finished):
                yield told
                continue
            finished += 1
            if told.defect is not None:
                raise told.defect
    finally:
        crew.abandon()
