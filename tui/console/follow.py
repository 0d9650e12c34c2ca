"""Follows a run to its end: the engine works on a thread of its own, this one shows what it publishes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from tui.console.interruption import Interruption
from tui.console.reporter import Reporter
from tui.console.safe_text import OutputClosed
from tui.core.events import RunEvent, RunSummary
from tui.core.ports import Publish, StopSignal

Execute = Callable[[StopSignal, Publish], RunSummary]
"""The engine's run, with its plan already bound."""

_TICK_S = 0.1
STOPPING = "Stopping to watch; press Ctrl+C once more to leave at once."


def follow(execute: Execute, reporter: Reporter, interruption: Interruption) -> RunSummary:
    """The run's summary, every event shown in order. Raises what `execute` raised, or OutputClosed."""
    worker = _Worker(execute, interruption)
    worker.start()
    try:
        said_stopping = False
        while not worker.is_drained:
            event = worker.next_event(_TICK_S)
            if interruption.signal_name and not said_stopping:
                said_stopping = True
                reporter.say(STOPPING)
            if event is not None:
                reporter.show(event)
            reporter.tick()
    except OutputClosed:
        interruption.stop.set()
        worker.join()
        raise
    finally:
        _close(reporter)
    return worker.result()


def _close(reporter: Reporter) -> None:
    try:
        reporter.close()
    except OutputClosed:
        return


class _Worker:
    """One execution; daemon, because a call in flight must not hold up the exit."""

    def __init__(self, execute: Execute, interruption: Interruption) -> None:
        self._execute = execute
        self._stop = interruption.stop
        self._events: queue.SimpleQueue[RunEvent | None] = queue.SimpleQueue()
        self._summary: RunSummary | None = None
        self._problem: BaseException | None = None
        self.is_drained = False
        self._thread = threading.Thread(target=self._work, name="run", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _work(self) -> None:
        try:
            self._summary = self._execute(self._stop, self._events.put)
        except BaseException as problem:  # carried over to the main thread, which raises it
            self._problem = problem
        finally:
            self._events.put(None)

    def next_event(self, timeout_s: float) -> RunEvent | None:
        """The next event; None when there was none in time, or when there will be no more (`is_drained`)."""
        try:
            event = self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self.is_drained = event is None
        return event

    def result(self) -> RunSummary:
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        assert self._summary is not None
        return self._summary
