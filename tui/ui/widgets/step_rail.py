"""The steps of a run in two lines: where each stands, and what the current one is doing or waiting for."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.widget import Widget

from tui.core.columns import Tone
from tui.core.events import Progress, Step, StepState
from tui.core.records import PoolRecord
from tui.core.run_view import RunView, StepView
from tui.core.units import clock_text, size_text
from tui.ui.text import joined, safe, toned

_GLYPHS: dict[StepState, str] = {
    StepState.WAITING: "○",
    StepState.RUNNING: "●",
    StepState.DONE: "✓",
    StepState.SKIPPED: "–",
    StepState.FAILED: "✗",
}
_TONES: dict[StepState, Tone] = {
    StepState.WAITING: "muted",
    StepState.RUNNING: "running",
    StepState.DONE: "success",
    StepState.SKIPPED: "muted",
    StepState.FAILED: "error",
}


class StepRail(Widget):
    """Glyph, word and colour a step; details leave where it is narrow, the current step's last."""

    DEFAULT_CSS = """
    StepRail { height: 2; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._steps: Mapping[Step, StepView] = {}
        self._details: dict[Step, str] = {}
        self._doing = Content("")

    def show(self, view: RunView, now_s: float) -> None:
        """Takes over what the run's steps are now."""
        self._steps = view.steps
        self._details = {step: step_detail(view.steps[step], view.pool) for step in Step}
        self._doing = _doing(view, now_s)
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        return Content("\n").join([self._rail(width), self._doing.truncate(width, ellipsis=True)])

    def _rail(self, width: int) -> Content:
        current = {step for step, view in self._steps.items() if view.state in (StepState.RUNNING, StepState.FAILED)}
        for detailed, between in ((set(Step), "  "), (set(Step), " "), (current, " "), (set[Step](), " ")):
            line = joined((self._step(step, step in detailed) for step in self._steps), between)
            if line.cell_length <= width:
                return line
        return joined((self._step(step, False, has_name=step in current) for step in self._steps), "  ")

    def _step(self, step: Step, has_detail: bool, *, has_name: bool = True) -> Content:
        state = self._steps[step].state
        words = f"{_GLYPHS[state]} {step.value}" if has_name else _GLYPHS[state]
        name = toned(words, _TONES[state], is_bold=state in (StepState.RUNNING, StepState.FAILED))
        detail = self._details[step] if has_detail else ""
        return name + toned(f" {safe(detail)}", "muted") if detail else name


def step_detail(view: StepView, pool: PoolRecord | None) -> str:
    """`3/3 12 KB` of an upload, `steady 3/3` of a pool: how far the step is, as short as can be."""
    if view.step is Step.POOL and pool is not None:
        return f"{pool.allocation_state} {pool.current_nodes}/{pool.target_nodes}"
    progress = view.progress
    if progress is None or view.state is StepState.WAITING or not progress.total:
        return ""
    size = f" {size_text(progress.done_bytes)}" if progress.done_bytes else ""
    return f"{progress.done:,}/{progress.total:,}{size}"


def _doing(view: RunView, now_s: float) -> Content:
    """The current step in words: what it does, why nothing moves where nothing does, and for how long."""
    current = view.current_step
    if current is None:
        notice = view.notices[-1] if view.notices else None
        return toned(safe(notice.text), "warning" if notice.is_warning else "muted") if notice else Content("")
    words = [toned(current.step.value, _TONES[current.state], is_bold=True)]
    text = _progress_words(current.progress) or current.summary
    if current.state is StepState.FAILED:
        text = current.summary or text
    if text:
        words.append(toned(safe(text), "error" if current.state is StepState.FAILED else ""))
    if current.started_s is not None and current.ended_s is None:
        words.append(toned(clock_text(now_s - current.started_s), "muted"))
    return joined(words, " · ")


def _progress_words(progress: Progress | None) -> str:
    if progress is None:
        return ""
    if progress.note:
        return progress.note
    sizes = f", {size_text(progress.done_bytes)} of {size_text(progress.total_bytes)}" if progress.total_bytes else ""
    return f"{progress.done:,} of {progress.total:,} {progress.unit}{sizes}" if progress.total else ""
