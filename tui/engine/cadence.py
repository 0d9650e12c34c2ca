"""When to poll next, and how often we ask: small pure reckonings of the poller."""

from __future__ import annotations

from collections import deque

SHORTEST_S = 1.0
LONGEST_S = 10.0
LONGEST_BACKOFF_S = 30.0
LONGEST_ASKED_S = 120.0
"""A service that asks for more is asked again all the same: the run's own limits are judged after each poll."""
_QUIET_FACTOR = 1.5
_RATE_WINDOW_S = 60.0


class Cadence:
    """The pause until the next poll: short while things change, longer while they do not, longer still in trouble."""

    def __init__(self) -> None:
        self._pause_s = SHORTEST_S
        self._failures = 0

    def after_success(self, *, changed: bool, took_s: float) -> float:
        """Seconds to wait; as long as the poll itself took, up to the longest pause, so that half the time is left to
        others.
        """
        self._failures = 0
        self._pause_s = SHORTEST_S if changed else min(self._pause_s * _QUIET_FACTOR, LONGEST_S)
        return max(self._pause_s, min(took_s, LONGEST_S))

    def after_trouble(self, asked_s: float) -> float:
        """Seconds to wait after a failed poll; `asked_s` is the service's own wish, heeded within bounds."""
        self._failures += 1
        return max(
            min(asked_s, LONGEST_ASKED_S), min(SHORTEST_S * 2.0 ** min(self._failures - 1, 10), LONGEST_BACKOFF_S)
        )


class RequestRate:
    """Requests a minute over the last minute, or over the time so far where that is shorter."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def sample(self, at_s: float, count: int) -> float:
        """Notes the counter's value at a monotonic time and gives the rate."""
        self._samples.append((at_s, count))
        while len(self._samples) > 2 and self._samples[1][0] <= at_s - _RATE_WINDOW_S:
            self._samples.popleft()
        first_s, first_count = self._samples[0]
        elapsed_s = at_s - first_s
        return (count - first_count) * 60 / max(elapsed_s, 1.0)
