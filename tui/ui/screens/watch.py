"""A job that somebody else made: the run screen without the steps of a run, which it does not have."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from tui.core.events import Step, StepState
from tui.ui.screens.base import Question
from tui.ui.screens.live_run import LiveRunScreen
from tui.ui.widgets.step_rail import StepRail


class WatchScreen(LiveRunScreen):
    """Leaving it changes nothing: the job goes on by itself."""

    def on_mount(self) -> None:
        """Beside what the run screen does, which Textual calls by itself: whoever made the job added its tasks."""
        self.view.steps[Step.TASKS].state = StepState.DONE

    def compose_body(self) -> Iterable[Widget]:
        return (widget for widget in super().compose_body() if not isinstance(widget, StepRail))

    def leaving_question(self) -> Question | None:
        return None
