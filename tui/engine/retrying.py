"""Trying again, where that can help and do no harm: bounded, visible and interruptible.

Only errors that say so (`can_retry`) are repeated. Whoever changes something passes an operation that may be repeated:
it looks first whether the change is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tui.core.errors import BatchTuiError, Interrupted, Throttled
from tui.core.events import Notice
from tui.core.ports import ClockPort, Publish, StopSignal
from tui.core.redaction import redact
from tui.core.units import duration_text

T = TypeVar("T")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0


class Retrier:
    """Repeats operations within one patience."""

    def __init__(self, clock: ClockPort, stop: StopSignal, publish: Publish, patience_s: float) -> None:
        self._clock = clock
        self._stop = stop
        self._publish = publish
        self._patience_s = patience_s

    def __call__(self, what: str, operation: Callable[[], T]) -> T:
        """What `operation` returns; its last error once patience has ended; Interrupted once stop is set.

        `what` names it for a person: `making the pool`.
        """
        began_s, pause_s = self._clock.monotonic_s(), FIRST_PAUSE_S
        while True:
            self.check_stop(what)
            try:
                return operation()
            except BatchTuiError as problem:
                wait_s = max(pause_s, asked_pause_s(problem))
                if not problem.can_retry or self._clock.monotonic_s() + wait_s - began_s > self._patience_s:
                    raise
                self._publish(Notice(redact(f"{what}: {problem}; trying again in {duration_text(wait_s)}"), True))
            if self._clock.wait(self._stop, wait_s):
                raise Interrupted("Stopped", what)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def check_stop(self, what: str) -> None:
        if self._stop.is_set():
            raise Interrupted("Stopped", what)


def asked_pause_s(problem: BatchTuiError) -> float:
    """How long the service asks us to wait; zero where it does not say."""
    return (problem.retry_after_s or 0.0) if isinstance(problem, Throttled) else 0.0
