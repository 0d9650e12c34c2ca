"""Messages that cross from a worker thread to a screen: one a unit of work, never one a row."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from tui.core.events import RunEvent


@dataclass
class RunAdvanced(Message):
    """Everything that happened in a run since the last such message."""

    events: list[RunEvent]


@dataclass
class RunLeft(Message):
    """The session has ended, and tells nothing more."""

    error: BaseException | None
    """Why it could not begin (a BatchTuiError), or the defect that ended it."""
