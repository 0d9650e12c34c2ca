"""A run on a terminal: the transcript scrolls by, and below it two lines say how far the step under way is.

Only whole lines are printed above the moving ones, so that what scrolls back reads like the transcript itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from tui.console.line_wrap import wrapped
from tui.console.reporter import Reporter
from tui.console.safe_text import Output, OutputClosed, shown
from tui.console.transcript import Transcript
from tui.console.words import counts_words, nodes_words, progress_words
from tui.core import units
from tui.core.events import RunEnded, RunEvent, Step
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort
from tui.core.run_view import RunView, StepView

_BAR_CELLS = 28
"""At most; where the words need the room, the bar gives way before they do."""
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_REFRESH_S = 0.1


@contextmanager
def _closing() -> Iterator[None]:
    """A terminal that hung up fails every write; that ends the showing, not the run's own bookkeeping."""
    try:
        yield
    except OSError as problem:
        raise OutputClosed from problem


class _AboveLive(Output):
    """Whole lines above the moving ones."""

    def __init__(self, console: Console) -> None:
        super().__init__(console.file)  # type: ignore[arg-type]  # rich types its file as IO[str]
        self._console = console

    def line(self, text: str = "") -> None:
        with _closing():
            for line in wrapped(shown(text), self._console.width):
                self._console.print(Text(line), soft_wrap=True)


def terminal_console(stream: TextIO) -> Console:
    """What draws on a terminal; `NO_COLOR` and the terminal's own width are heeded."""
    return Console(file=stream, highlight=False, markup=False, emoji=False)


class LiveView(Reporter):
    """Redraws only from the thread that calls it, and no more than ten times a second."""

    def __init__(self, plan: RunPlan, console: Console, clock: ClockPort) -> None:
        self._plan = plan
        self._clock = clock
        self._view = RunView(plan)
        self._transcript = Transcript(plan, _AboveLive(console), clock, says_progress=False)
        self._drawn_at_s = float("-inf")
        self._frame = 0
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        with _closing():
            self._live.start()

    def show(self, event: RunEvent) -> None:
        self._view.apply(event)
        if isinstance(event, RunEnded):
            self.close()
        self._transcript.show(event)
        self.tick()

    def say(self, text: str) -> None:
        self._transcript.say(text)

    def tick(self) -> None:
        now_s = self._clock.monotonic_s()
        if not self._live.is_started or now_s - self._drawn_at_s < _REFRESH_S:
            return
        self._drawn_at_s = now_s
        self._frame += 1
        with _closing():
            self._live.update(self._picture(), refresh=True)

    def close(self) -> None:
        with _closing():
            self._live.stop()

    def _picture(self) -> Group:
        step = self._view.current_step
        if step is None:
            return Group()
        return Group(*(_one_line(line) for line in self._lines(step)))

    def _lines(self, step: StepView) -> Iterator[Text]:
        if step.step is Step.MONITOR:
            view, counts = self._view, self._view.counts
            if view.tasks_read_s is None and view.service_counts is not None:
                counts = view.service_counts  # a long list takes a while to read
            yield self._step_line(step, counts.completed, len(self._plan.inputs), counts_words(counts))
        elif step.progress is not None:
            progress = step.progress
            yield self._step_line(step, progress.done, progress.total, progress_words(progress))
        else:
            yield self._step_line(step, 0, 0, "")
        if self._view.nodes and step.step in (Step.POOL, Step.JOB, Step.TASKS, Step.MONITOR):
            yield Text(f"  nodes  {nodes_words(self._view.nodes)}", style="dim")
        if self._view.poll is not None and self._view.poll.trouble:
            yield Text(f"  {self._view.poll.trouble}", style="yellow")

    def _step_line(self, step: StepView, done: int, total: int, words: str) -> Text:
        elapsed = self._clock.now_s() - step.started_s if step.started_s is not None else 0.0
        rest = f"{units.clock_text(elapsed)}  {words}"
        line = Text(f"{_SPINNER[self._frame % len(_SPINNER)]} ", style="cyan")
        line.append(f"{step.step.value}  ", style="bold")
        if total:
            room = self._live.console.width - line.cell_len - len(rest) - len("  ")
            cells = max(0, min(_BAR_CELLS, room))
            filled = min(cells, cells * done // total)
            line.append("━" * filled, style="cyan").append("─" * (cells - filled) + "  ", style="dim")
        return line.append(rest)


def _one_line(text: Text) -> Text:
    safe = shown(text.plain)
    if safe != text.plain:  # styles are positions; a text that had to change loses them rather than shifting them
        text = Text(safe)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
