"""Progress: told rarely while it runs, and always at its end."""

from __future__ import annotations

from tests.support.fakes import FakeClock
from tui.core.events import Progress, RunEvent, Step
from tui.engine.progress import Meter


def test_a_thousand_files_are_no_thousand_events() -> None:
    clock = FakeClock()
    events: list[RunEvent] = []
    meter = Meter(events.append, clock, Step.UPLOAD, 1_000, total_bytes=4_000)
    for _ in range(1_000):
        clock.advance(0.001)
        meter.add(1, 4)
    assert events[0] == Progress(Step.UPLOAD, 0, 1_000, total_bytes=4_000)
    assert events[-1] == Progress(Step.UPLOAD, 1_000, 1_000, done_bytes=4_000, total_bytes=4_000)
    assert len(events) <= 12
