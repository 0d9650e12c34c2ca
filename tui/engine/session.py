"""A run, or the watching of one, on a thread of its own, with a mailbox for whoever shows it.

Whoever shows it never waits for the network: `take` returns what has come, `stop` only asks, and the thread is a
daemon, so that leaving takes no longer than the reader wants even while a call hangs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from tui.core.errors import BatchTuiError
from tui.core.events import RunEvent, RunSummary
from tui.core.plan import RunPlan
from tui.core.ports import Publish, StopSignal
from tui.engine.poller import PollControl, Poller
from tui.engine.run import RunEngine

Work = Callable[[StopSignal, Publish], RunSummary | None]


class Mailbox:
    """Events from any thread, taken in batches by one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._events: deque[RunEvent] = deque()
        self._is_closed = False
        self._has_told_end = False

    def put(self, event: RunEvent) -> None:
        with self._condition:
            self._events.append(event)
            self._condition.notify_all()

    def close(self) -> None:
        """Nothing more is expected: a reader who waits is let go, once."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()

    def take(self, timeout_s: float) -> list[RunEvent]:
        """Everything that has come, in order; waits at most `timeout_s` for the first of it.

        Empty at once only the first time after the end, so that a reader who goes on asking does not spin.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._events or (self._is_closed and not self._has_told_end), timeout_s)
            events = list(self._events)
            self._events.clear()
            self._has_told_end = self._is_closed and not events
            return events


class RunSession:
    """Drives `work` on a daemon thread from `start` on."""

    def __init__(self, work: Work, name: str, control: PollControl | None = None) -> None:
        """`control` is the one that `work` heeds while it watches; without one it cannot be paused."""
        self._work = work
        self._control = control or PollControl()
        self._stop = threading.Event()
        self._mailbox = Mailbox()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"session-{name}", daemon=True)
        self.summary: RunSummary | None = None
        """How it ended, once `done`; None where it was only watched or could not begin."""
        self.error: BaseException | None = None
        """Why it could not begin (a BatchTuiError), or the defect that ended it, once `done`."""

    @classmethod
    def running(cls, engine: RunEngine, plan: RunPlan) -> RunSession:
        """A run from its beginning, or from where its journal ends."""
        control = PollControl()
        return cls(lambda stop, publish: engine.execute(plan, stop, publish, control), plan.run_id, control)

    @classmethod
    def watching(cls, poller: Poller) -> RunSession:
        """A look at a job that goes on by itself."""

        def watch(stop: StopSignal, publish: Publish) -> None:
            poller.run(stop, publish)

        return cls(watch, "watch", poller.control)

    def start(self) -> None:
        self._thread.start()

    def feed(self, event: RunEvent) -> None:
        """Puts an event into the mailbox as the work itself would; for tests and replays."""
        self._mailbox.put(event)

    def take(self, timeout_s: float) -> list[RunEvent]:
        """One batch: everything since the last one; empty after `timeout_s`, or when all is over."""
        return self._mailbox.take(timeout_s)

    def stop(self) -> None:
        """Asks the work to stop at its next safe point; returns at once."""
        self._stop.set()

    def pause(self) -> None:
        """Looks no more until `resume`; the run itself goes on."""
        self._control.pause()

    def resume(self) -> None:
        self._control.resume()

    def refresh_now(self) -> None:
        """Looks at everything as soon as no look is under way, also while paused."""
        self._control.refresh_now()

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    @property
    def done(self) -> bool:
        """Whether the work has ended; events may still wait to be taken."""
        return self._ended.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Waits for the work to end; True once it has."""
        return self._ended.wait(timeout_s)

    def _run(self) -> None:
        try:
            self.summary = self._work(self._stop, self._mailbox.put)
        except BatchTuiError as refusal:
            self.error = refusal
        except Exception as defect:  # outermost of the engine's thread: whoever shows the run reports it
            self.error = defect
        finally:
            self._ended.set()
            self._mailbox.close()
