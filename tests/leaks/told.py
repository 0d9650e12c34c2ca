"""All that the program makes of a run's events and of its journal, on each of its ways out."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from tui.console.journal_digest import digest_lines
from tui.console.json_lines import JsonLines
from tui.console.live import LiveView
from tui.console.pseudonyms import Pseudonyms
from tui.console.reporter import Reporter
from tui.console.run_list import record_json, record_lines, run_table
from tui.console.safe_text import Output
from tui.console.transcript import Transcript
from tui.core.events import RunEvent
from tui.core.plan import RunPlan
from tui.core.ports import StopSignal
from tui.engine.journal import JournalFolder


class StridingClock:
    """`ClockPort` on which a second passes whenever it is looked at: nothing is left out for having come too soon."""

    def __init__(self) -> None:
        self._seconds = itertools.count(1)

    def now_s(self) -> float:
        return float(next(self._seconds))

    def wall_s(self) -> float:
        return self.now_s()

    def monotonic_s(self) -> float:
        return float(next(self._seconds))

    def wait(self, stop: StopSignal, seconds: float) -> bool:  # noqa: ARG002 - never waits
        return stop.is_set()


def printed(plan: RunPlan, events: Sequence[RunEvent]) -> str:
    """The transcript, the live lines of a terminal and the JSON of a run that told `events`."""
    stream = io.StringIO()
    output = Output(stream)
    for reporter in _reporters(plan, stream, output):
        for event in events:
            reporter.show(event)
            reporter.tick()
        reporter.close()
    return stream.getvalue()


def _reporters(plan: RunPlan, stream: io.StringIO, output: Output) -> Iterator[Reporter]:
    clock = StridingClock()
    yield Transcript(plan, output, clock)
    yield JsonLines(plan, output, output, clock)
    yield LiveView(plan, Console(file=stream, force_terminal=True, width=4_000), clock)


def shown_again(folder: Path, run_id: str) -> str:
    """What `runs list`, `runs show` and the diagnostics bundle make of a journal in `folder`."""
    stream = io.StringIO()
    output = Output(stream)
    record = JournalFolder(folder, StridingClock()).read(run_id)
    output.lines(run_table([record]))
    output.lines(record_lines(record))
    output.json(record_json(record))
    names = Pseudonyms([])
    output.lines([names(line) for line in digest_lines((folder / f"{run_id}.jsonl").read_bytes())])
    return stream.getvalue()
