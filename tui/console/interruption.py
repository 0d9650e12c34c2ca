"""Signals while a run is followed: the first asks to stop watching, the second leaves at once.

Handlers only set an event; everything said about it is said by the thread that shows the run. Once a signal was
obeyed the process is on its way out, and the next one leaves at once up to its very last moment: Python itself
would give signals their default back while it shuts down, and the exit code would be the signal's, not ours.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

EXIT_CODE = 130
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_SHOW_CURSOR = "\x1b[?25h\x1b[0m\n"


class Interruption:
    """`stop` is set by the first signal; a context manager of the main thread."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.signal_name = ""
        """What asked us to stop; empty until something did."""
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.signal_name:
            leave_on_the_next()
            return
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave us fits it again

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While a question waits for its answer, Ctrl+C is the answer: it raises KeyboardInterrupt, as ever."""
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.signal_name and number == signal.SIGINT:
            leave_at_once()
        self.signal_name = self.signal_name or signal.Signals(number).name
        self.stop.set()


def leave_on_the_next() -> None:
    """For a process that is leaving because it was told to: another signal is obeyed at once, to the last moment."""
    for number in _SIGNALS:
        signal.signal(number, leave_at_once)
    # After this nothing that could hang is left, and Python keeps only what is ignored from its default.
    atexit.register(_ignore_signals)


def _ignore_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def leave_at_once(_number: int = 0, _frame: FrameType | None = None) -> None:
    """Ends the process now, the cursor shown again; what must be kept is in the journal already."""
    if sys.stdout.isatty():
        os.write(sys.stdout.fileno(), _SHOW_CURSOR.encode())
    os._exit(EXIT_CODE)
