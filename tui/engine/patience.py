"""How long a service that is away is waited for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the service may be away before a run gives up; it can be resumed then."""

    step_s: float = 90.0
    """For a call that a step needs."""
    watch_s: float = 600.0
    """While tasks run by themselves: watching costs nothing and the network may come back."""
