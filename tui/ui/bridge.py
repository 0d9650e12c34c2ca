"""From the engine's mailbox to the screen: one thread that waits, and one message for everything it found."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from tui.core.ports import StopSignal
from tui.ui.messages import RunAdvanced, RunLeft
from tui.ui.services import RunSession

TAKE_TIMEOUT_S = 0.25
"""How long leaving the program may wait for this thread."""


def follow_run(widget: Widget, session: RunSession) -> None:
    """Starts the session and posts what it tells to `widget`, until it ends or the widget is gone."""
    session.start()

    def work() -> None:
        pump(session, widget.post_message, get_current_worker().cancelled_event)

    widget.run_worker(
        work, thread=True, exclusive=True, exit_on_error=False, group="poll", description="events of the run"
    )


def pump(session: RunSession, post: Callable[[Message], object], stop: StopSignal) -> None:
    """Takes batches until `stop`, or until the session is over and its mailbox empty; posts one message each."""
    while not stop.is_set():
        is_over = session.summary is not None or session.error is not None
        batch = session.take(TAKE_TIMEOUT_S)
        if batch:
            post(RunAdvanced(batch))
        elif is_over:
            post(RunLeft(session.error))
            return
