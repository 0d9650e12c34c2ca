"""A run as a transcript: one line a step, as the tutorials' scripts print it, for pipes, logs and dumb terminals.

A step that takes long says how far it is now and then; a task that fails is named at once.
"""

from __future__ import annotations

from dataclasses import replace

from tui.console.reporter import Reporter
from tui.console.safe_text import Output
from tui.console.summary import summary_lines
from tui.console.words import STOPPED, failure_words, progress_words
from tui.core import units
from tui.core.events import (
    FailedTask,
    Notice,
    PollReport,
    Progress,
    RunEnded,
    RunEvent,
    RunStarted,
    RunSummary,
    Step,
    StepChanged,
    StepState,
    TasksArriving,
    TasksChanged,
)
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort
from tui.core.records import TaskStatus

_PROGRESS_EVERY_S = 15.0
"""Often enough to see that a long step lives, seldom enough that a log of hours stays readable."""

_NAMED_FAILURES = 10
_STEP_WIDTH = max(len(step.value) for step in Step)
_WORDS = {StepState.DONE: "done", StepState.SKIPPED: "skipped", StepState.FAILED: "FAILED"}


class Transcript(Reporter):
    """Prints lines and never goes back."""

    def __init__(self, plan: RunPlan, output: Output, clock: ClockPort, *, says_progress: bool = True) -> None:
        self._plan = plan
        self._says_progress = says_progress
        self._output = output
        self._clock = clock
        self._progress_at_s = clock.monotonic_s()
        self._progress_text = ""
        self._failed: set[str] = set()
        self._starts: dict[Step, float] = {}
        self._ended: set[Step] = set()
        self._trouble = ""
        """As it was told; empty once the service answers again."""
        self._failure: StepChanged | None = None

    def show(self, event: RunEvent) -> None:
        match event:
            case RunStarted():
                verb = "resumes" if event.is_resumed else "starts"
                self._output.line(f"Run {event.run_id} {verb} at {units.local_date_time(event.at_s)}")
            case StepChanged():
                self._show_step(event)
            case Progress() if self._says_progress:
                self._show_now_and_then(event.step, progress_words(event))
            case TasksArriving() if self._says_progress:
                self._show_now_and_then(Step.MONITOR, f"listing the tasks: {event.listed:,} so far")
            case TasksChanged():
                self._show_failures(event)
            case PollReport():
                self._show_trouble(event)
            case Notice():
                self._line(self._clock.now_s(), "warning" if event.is_warning else "", event.text)
            case RunEnded():
                self._output.lines(summary_lines(self._unrepeated(event.summary)))
            case _:
                return

    def say(self, text: str) -> None:
        self._output.line(text)

    def tick(self) -> None:
        return

    def close(self) -> None:
        return

    def _line(self, at_s: float, step: str, text: str) -> None:
        self._output.line(f"{units.local_clock(at_s)}  {step:<{_STEP_WIDTH}}  {text}")

    def _show_step(self, event: StepChanged) -> None:
        if event.state is StepState.RUNNING:
            self._starts[event.step] = event.at_s
            self._progress_at_s, self._progress_text = self._clock.monotonic_s(), ""
            return
        if event.state is StepState.WAITING:
            return
        started_s = self._starts.pop(event.step, None)
        if event.state is StepState.DONE and started_s is None and event.step in self._ended:
            text = event.summary  # a step that is over tells how things stand, as the pool does
        elif event.state is StepState.FAILED and event.summary == STOPPED:
            text = STOPPED
        else:
            is_said = not event.summary or event.summary == self._trouble
            text = _WORDS[event.state] if is_said else f"{_WORDS[event.state]}: {event.summary}"
            if event.state is StepState.FAILED:
                self._failure = event
        self._ended.add(event.step)
        if started_s is not None:
            text += f"  ({units.duration_text(event.at_s - started_s)})"
        self._line(event.at_s, event.step.value, text)

    def _unrepeated(self, summary: RunSummary) -> RunSummary:
        """What stopped the run was told when it happened, a few lines above."""
        if self._failure is None or summary.outcome != self._failure.summary:
            return summary
        return replace(summary, outcome=f"stopped at: {self._failure.step.value}")

    def _show_now_and_then(self, step: Step, text: str) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._progress_at_s < _PROGRESS_EVERY_S or text == self._progress_text:
            return
        self._progress_at_s, self._progress_text = now_s, text
        self._line(self._clock.now_s(), step.value, text)

    def _show_trouble(self, event: PollReport) -> None:
        if bool(event.trouble) == bool(self._trouble):
            return
        self._trouble = event.trouble
        self._line(event.at_s, Step.MONITOR.value, event.trouble or "the service answers again")

    def _show_failures(self, event: TasksChanged) -> None:
        for row in event.rows:
            if row.status is not TaskStatus.FAILED or row.id in self._failed:
                continue
            self._failed.add(row.id)
            if len(self._failed) <= _NAMED_FAILURES:
                item = self._plan.input_of(row.id)
                failed = FailedTask.of(row, "" if item is None else item.blob_name)
                self._line(event.at_s, Step.MONITOR.value, failure_words(failed))
            elif len(self._failed) == _NAMED_FAILURES + 1:
                self._line(event.at_s, Step.MONITOR.value, "more tasks failed; the summary counts them")
