"""Time that stands still but for those who wait, and faults on demand; what the other fakes live by."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tui.core.errors import BatchTuiError
from tui.core.ports import StopSignal

START_S = 1_795_000_000.0
"""Where the fake clock starts: a day in November 2026."""


class FakeClock:
    """Time stands still but for those who wait: waiting turns the clock, at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._elapsed_s = 0.0
        self.waits: list[float] = []
        """Every wait, in seconds."""
        self.set_by_s = 0.0
        """By how much somebody has set the machine's clock."""

    def now_s(self) -> float:
        return START_S + self._elapsed_s

    def wall_s(self) -> float:
        return self.now_s() + self.set_by_s

    def monotonic_s(self) -> float:
        return self._elapsed_s

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        if stop.is_set():
            return True
        with self._lock:
            self._elapsed_s += seconds
            self.waits.append(seconds)
        return stop.is_set()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._elapsed_s += seconds


@dataclass(slots=True)
class _Fault:
    operation: str
    occurrence: int
    """Which call of the operation, from 1; 0 for every one."""
    error: BatchTuiError
    after: bool
    """Whether the call acts before it fails."""


class Faults:
    """What goes wrong, by operation and occurrence; counts every call."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.before_call: Callable[[str], None] = lambda _: None
        """Called with each operation's name before it acts: to stop a run there, or to hang."""
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()

    def fail(self, operation: str, error: BatchTuiError, *, occurrence: int = 1, after: bool = False) -> None:
        """Makes the nth call of `operation` raise, before or after it acted; every call for an occurrence of 0."""
        self._faults.append(_Fault(operation, occurrence, error, after))

    def heal(self) -> None:
        self._faults.clear()

    @contextmanager
    def call(self, operation: str) -> Iterator[None]:
        with self._lock:
            self.calls[operation] += 1
            number = self.calls[operation]
        self.before_call(operation)
        due = [fault for fault in self._faults if fault.operation == operation and fault.occurrence in (0, number)]
        for fault in due:
            if not fault.after:
                raise fault.error
        yield
        for fault in due:
            raise fault.error
