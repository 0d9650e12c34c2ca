"""The new run screen: four steps in a rail, one shown at a time, and a plan at the end.

The screen holds the draft; panes show it and write back. Nothing is created here: whoever opened the screen gets the
plan and starts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from tui.core.plan import RunPlan
from tui.core.planning import Problem
from tui.core.run_draft import RunDraft
from tui.ui.bindings import DangerousBinding
from tui.ui.screens.base import BatchScreen, Question
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.new_run.inputs import InputsPane
from tui.ui.screens.new_run.pool_job import PoolJobPane
from tui.ui.screens.new_run.rail import NewRunRail, RailState, RailStep
from tui.ui.screens.new_run.review import ReviewPane
from tui.ui.screens.new_run.step import StepPane
from tui.ui.screens.new_run.words import inputs_summary, pool_summary, problem_text
from tui.ui.screens.new_run.workload import WorkloadPane
from tui.ui.services import AppServices, NewRunServices
from tui.ui.text import safe, toned

WORKLOAD, INPUTS, POOL_JOB, REVIEW = range(4)
"""The steps by their place in the rail."""


class NewRunScreen(BatchScreen[RunPlan]):
    """Dismissed with the plan to start, or with None by whoever leaves."""

    CSS_PATH = "../../styles/new_run.tcss"
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Next", id="new-run.next", tooltip="On to the next step"),
        DangerousBinding("enter", "start", "Start", id="new-run.start", tooltip="Create all this, and run it"),
        Binding("escape", "back", "Back", id="new-run.back", tooltip="To the step before; nothing typed is lost"),
        *(
            Binding(str(number + 1), f"go({number})", name, show=False, id=f"new-run.go-{number + 1}", tooltip=name)
            for number, name in enumerate(("To Workload", "To Inputs", "To Pool & job", "To Review"))
        ),
    ]

    def __init__(
        self,
        services: AppServices,
        new_run: NewRunServices,
        draft: RunDraft,
        *,
        opening_step: int = WORKLOAD,
        is_read_only: bool = False,
    ) -> None:
        """`opening_step` counts from 0; the steps before it count as seen."""
        super().__init__(services, is_read_only=is_read_only)
        self.draft = draft
        self._first_draft = draft
        self._new_run = new_run
        self._review = ReviewPane(services, new_run)
        self._panes: tuple[StepPane, ...] = (
            WorkloadPane(),
            InputsPane(services, new_run.inputs),
            PoolJobPane(services, new_run),
            self._review,
        )
        self._step = opening_step
        self._seen = set(range(opening_step + 1))
        self._rail = NewRunRail()
        self._main = Horizontal(self._rail, id="main")
        self._reason = Static("", id="reason")
        self._back_button = Button("Back", id="back", compact=True)
        self._back_button.can_focus = False  # esc goes back: the way on from the fields leads to Next
        self._next_button = Button("Next", id="next", compact=True)

    def compose_body(self) -> Iterable[Widget]:
        yield self._main
        yield Horizontal(self._reason, self._back_button, self._next_button, id="bar")

    async def on_mount(self) -> None:
        self.title_line.heading = "New run"
        await self._enter_step(self._step)

    # Steps

    @property
    def step(self) -> int:
        """The step on screen, from 0."""
        return self._step

    @property
    def pane(self) -> StepPane:
        return self._panes[self._step]

    @property
    def _made(self) -> Sequence[StepPane]:
        """The panes that are there: up to the furthest step that was on screen."""
        return [pane for pane in self._panes if pane.is_attached]

    async def _make_panes(self, step: int) -> None:
        """Makes what `step` rests on: widgets of a step that nobody is at yet would be styled for nothing."""
        new = [pane for pane in self._panes[: step + 1] if not pane.is_attached]
        for pane in new:
            pane.display = False
        await self._main.mount_all(new)
        for pane in new:
            if pane is not self._review:
                pane.load(self.draft)

    async def _enter_step(self, step: int) -> None:
        await self._make_panes(step)
        self._show_step(step)

    def _show_step(self, step: int) -> None:
        """Its pane has to be there, as those of all steps before it are."""
        if step != self._step:
            self.pane.leave()
        self._step = step
        self._seen.add(step)
        for pane in self._made:
            pane.display = pane is self.pane
        self.pane.load(self.draft)
        self._show()
        if step != REVIEW:
            self.refresh_bindings()
        self.call_after_refresh(self.pane.focus_first)

    def _problems_of(self, pane: StepPane) -> list[Problem]:
        """The pane's own problems before the draft's: a scan under way explains why nothing is chosen yet."""
        return [*pane.problems, *(problem for problem in self.draft.problems if pane.owns(problem))]

    @property
    def _blocking(self) -> Sequence[Problem]:
        """What keeps a person from going on; from the review, whatever keeps the run from starting."""
        if self._step == REVIEW:
            return [problem for pane in self._made for problem in self._problems_of(pane)]
        return self._problems_of(self.pane)

    # What comes from the panes

    @on(StepPane.Changed)
    def _on_changed(self, message: StepPane.Changed) -> None:
        message.stop()
        draft = message.pane.apply(self.draft)
        if draft != self.draft:
            self.draft = draft
            for pane in self._made:  # what still shows the defaults of before would pass for typed
                pane.follow(draft)
        self._review_anew()
        self._show()

    def _review_anew(self) -> None:
        """What a folder still being read has brought since belongs to the plan too, once all of it is there."""
        others = (pane for pane in self._made if pane is not self._review)
        if self._step == REVIEW and self._review.draft != self.draft and not any(map(self._problems_of, others)):
            self._review.load(self.draft)

    @on(StepPane.NextRequested)
    async def _on_next_requested(self, message: StepPane.NextRequested) -> None:
        message.stop()
        if message.pane is self.pane:
            await self.action_next()

    @on(NewRunRail.Chosen)
    async def _on_chosen(self, message: NewRunRail.Chosen) -> None:
        await self._enter_step(message.index)

    @on(Button.Pressed, "#back")
    def _on_back(self) -> None:
        self.action_back()

    @on(Button.Pressed, "#next")
    async def _on_next(self) -> None:
        await self.run_action("start" if self._step == REVIEW else "next")

    # What is shown

    def _show(self) -> None:
        if not self.is_mounted:
            return
        for pane in self._made:
            pane.show_problems([problem for problem in self.draft.problems if pane.owns(problem)])
        self.title_line.state = (safe(self.draft.run_id), "muted")
        self._rail.show([self._rail_step(index) for index in range(len(self._panes))])
        self._show_bar()
        if self._step == REVIEW:
            self.refresh_bindings()

    def _rail_step(self, index: int) -> RailStep:
        pane = self._panes[index]
        state: RailState = "waiting"
        if index == self._step:
            state = "current"
        elif index in self._seen and index != REVIEW:
            state = "wrong" if self._problems_of(pane) else "done"
        summaries = {
            WORKLOAD: self.draft.workload.title,
            INPUTS: inputs_summary(self.draft),
            POOL_JOB: pool_summary(self.draft),
            REVIEW: "",
        }
        return RailStep(pane.title, state, summaries[index])

    def _show_bar(self) -> None:
        is_review, blocking = self._step == REVIEW, self._blocking
        self._back_button.label = "Cancel" if self._step == WORKLOAD else "Back"
        self._next_button.label = "Start" if is_review else "Next"
        self._next_button.variant = "success" if is_review else "primary"
        self._next_button.display = not (is_review and self.is_read_only)
        self._next_button.disabled = bool(blocking)
        self._reason.update(self._reason_words(blocking))

    def _reason_words(self, blocking: Sequence[Problem]) -> Content:
        """Why the button is off, or what is so while it is on."""
        is_review = self._step == REVIEW
        if not blocking:
            return toned("Nothing has been created yet." if is_review else "", "muted")
        if is_review and self._review.is_checking and not self.draft.problems:
            return toned("● ", "running") + safe(blocking[0].what)
        more = f" (and {len(blocking) - 1} more)" if len(blocking) > 1 else ""
        return toned("✗ ", "error") + (problem_text(blocking[0], self.draft.workload) + more)

    # What a person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next":
            return self._step != REVIEW
        if action == "start" and self._step != REVIEW:
            return False
        is_there = super().check_action(action, parameters)
        return None if action == "start" and is_there and self._blocking else is_there

    async def action_next(self) -> None:
        """The next step; while something is wrong here, the field where it is."""
        blocking = self._blocking
        if blocking:
            self.pane.focus_problem(blocking[0])
        else:
            await self._enter_step(self._step + 1)

    async def action_go(self, step: int) -> None:
        await self._enter_step(step)

    def action_start(self) -> None:
        """Hands the plan over; while something keeps it from starting, the reason is on screen."""
        plan = self._review.plan
        if plan is not None and not self._blocking:
            self._new_run.remember_choices(self.draft.choices())
            self.dismiss(plan)

    def action_back(self) -> None:
        """One step back; from the first one out of the screen, after a question where something would be lost."""
        if self._step > WORKLOAD:
            self._show_step(self._step - 1)
            return
        question = self.leaving_question()
        if question is None:
            super().action_back()
        else:
            self.app.push_screen(ConfirmDialog(question), self._discard)

    def _discard(self, is_confirmed: bool | None) -> None:
        if is_confirmed:
            super().action_back()

    def leaving_question(self) -> Question | None:
        if self.draft == self._first_draft:
            return None
        return Question(
            "Discard this run?",
            "What was chosen for it is lost. Nothing has been created.",
            confirm="Discard",
            cancel="Stay",
        )

    def leave(self) -> None:
        self.pane.leave()

    def on_unmount(self, _: events.Unmount) -> None:
        self.pane.leave()
