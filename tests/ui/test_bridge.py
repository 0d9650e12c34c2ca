"""The bridge: one message a batch, and an end that is told once."""

from __future__ import annotations

import threading

from textual.message import Message

from tests.support.runs import FakeSession, running_events, set_up_events
from tui.core.errors import Unreachable
from tui.ui.bridge import pump
from tui.ui.messages import RunAdvanced, RunLeft


def test_each_batch_is_one_message_and_the_end_is_told_once() -> None:
    posted: list[Message] = []
    error = Unreachable("The service does not answer")
    first, second = set_up_events(), running_events()
    pump(FakeSession(first, [], second, error=error), posted.append, threading.Event())
    advanced, told = posted[:-1], posted[-1]
    assert [message.events for message in advanced if isinstance(message, RunAdvanced)] == [first, second]
    assert isinstance(told, RunLeft)
    assert told.error is error
    assert len(posted) == 3


def test_nothing_is_posted_once_the_screen_is_gone() -> None:
    stop = threading.Event()
    posted: list[Message] = []

    def post(message: Message) -> None:
        posted.append(message)
        stop.set()

    pump(FakeSession(set_up_events(), running_events()), post, stop)
    assert len(posted) == 1
