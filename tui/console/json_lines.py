"""A run as JSON, one object a line and nothing else on stdout."""

from __future__ import annotations

from tui.console.event_json import event_json
from tui.console.reporter import Reporter
from tui.console.safe_text import Output
from tui.core.events import RunEvent
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort


class JsonLines(Reporter):
    """Objects go to `output`; what is said to a person goes to `aside`."""

    def __init__(self, plan: RunPlan, output: Output, aside: Output, clock: ClockPort) -> None:
        self._plan = plan
        self._output = output
        self._aside = aside
        self._clock = clock

    def show(self, event: RunEvent) -> None:
        self._output.json(event_json(event, self._plan, self._clock.now_s()))

    def say(self, text: str) -> None:
        self._aside.line(text)

    def tick(self) -> None:
        return

    def close(self) -> None:
        return
