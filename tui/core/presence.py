"""Whether something that a run makes is there, in the words a person reads."""

from __future__ import annotations

from enum import StrEnum


class Presence(StrEnum):
    PRESENT = "exists"
    DELETING = "is being deleted"
    GONE = "is gone"
    FOREIGN = "was not made by this run"
