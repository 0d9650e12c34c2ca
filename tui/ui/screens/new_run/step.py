"""What a step of the new run screen is: a pane that shows a part of the draft and writes back what a person changes.

The draft is the only truth. A pane posts `Changed` whenever its part may have changed; the screen then takes
`apply(draft)` and tells every problem back through `show_problems`. A pane never judges what the draft judges.

A pane draws its own panels: it adds the class `panel` and a border title to itself, or composes several panels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.containers import Vertical
from textual.message import Message

from tui.core.planning import Problem
from tui.core.run_draft import RunDraft


class StepPane(Vertical):
    """One step. Subclasses name it, `load` and `apply` their part of the draft, and say which problems are theirs."""

    title: ClassVar[str] = ""
    """As the rail names it."""
    options: ClassVar[frozenset[str]] = frozenset()
    """The `Problem.option` names whose field stands in this pane."""

    @dataclass
    class Changed(Message):
        """What is in the pane, or what keeps it from being ready, has changed."""

        pane: StepPane

    @dataclass
    class NextRequested(Message):
        """A person is done here: `enter` in a field, say."""

        pane: StepPane

    def load(self, draft: RunDraft) -> None:
        """Shows the draft; called each time the step comes on screen, and idempotent. May come before mount."""
        raise NotImplementedError

    def apply(self, draft: RunDraft) -> RunDraft:
        """The draft with this pane's part replaced by what the pane holds."""
        raise NotImplementedError

    def follow(self, draft: RunDraft) -> None:
        """The draft has taken over what the pane holds: fields nobody touched may have to show something else."""

    def leave(self) -> None:
        """The step goes off screen: what runs for it may stop."""

    @property
    def problems(self) -> Sequence[Problem]:
        """What keeps the step from being ready beyond what the draft says: a scan under way, for one."""
        return ()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """The draft's problems that are this pane's, to be shown at their fields; empty once all are mended."""

    def owns(self, problem: Problem) -> bool:
        return problem.option in self.options

    def focus_problem(self, problem: Problem) -> None:  # noqa: ARG002 - for panes of several fields
        """Puts the focus on the field of `problem`."""
        self.focus_first()

    def focus_first(self) -> None:
        """Puts the focus where a person expects it when the step comes on screen."""
        for widget in self.query("*"):
            if widget.focusable:
                widget.focus()
                return
