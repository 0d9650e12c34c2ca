"""A signal ends the interface as a person's quit does, but asks nothing: the terminal is given back all the same."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from types import FrameType
from typing import Any

from textual.app import App

EXIT_CODE = 130
_LAST_RESORT_S = 5.0
"""Leaving in order takes a second; the journal is whole at any moment."""
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def leave_on_signals(app: App[Any]) -> None:
    """Called once the app's loop runs. The first signal is obeyed, further ones are ignored: leaving is under way."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()

    def leave(_number: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        try:
            loop.call_soon_threadsafe(_leave, app)
        except RuntimeError:  # the loop is closed, the terminal given back
            os._exit(EXIT_CODE)

    # Not the loop's own handlers: in taking one away it gives the signal its default back, which kills.
    for number in _SIGNALS:
        signal.signal(number, leave)
    _resume_only_what_was_suspended(app)


def _leave(app: App[Any]) -> None:
    """Leaves in order, or, where a terminal that is gone keeps Textual from writing to it, at last without order."""
    app.exit(EXIT_CODE)
    last_resort = threading.Timer(_LAST_RESORT_S, os._exit, (EXIT_CODE,))
    last_resort.daemon = True
    last_resort.start()


def _resume_only_what_was_suspended(app: App[Any]) -> None:
    """Textual starts its threads anew at every SIGCONT; after a plain SIGSTOP they run still, and none would end."""
    resume = signal.getsignal(signal.SIGCONT) if hasattr(signal, "SIGCONT") else None
    if not callable(resume):
        return

    def on_continue(number: int, frame: FrameType | None) -> None:
        if getattr(app._driver, "_must_signal_resume", True):
            resume(number, frame)

    signal.signal(signal.SIGCONT, on_continue)
