"""Last step: everything that will be created and may be used, and the pre-flight, which runs while a person reads.

The start is possible once every item is settled and none failed; warnings do not hold it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState, get_current_worker

from tui.core.errors import AccessRefused, BatchTuiError, Interrupted
from tui.core.plan import RunPlan
from tui.core.planning import Problem
from tui.core.preflight import Finding, Preflight
from tui.core.run_draft import RunDraft
from tui.core.units import count_text, duration_text
from tui.ui import access_words
from tui.ui.screens.access import Refusal, regain_access
from tui.ui.screens.new_run.preflight_list import PreflightList
from tui.ui.screens.new_run.step import StepPane
from tui.ui.screens.new_run.words import REVIEW_LABEL_WIDTH, problem_text, review_facts
from tui.ui.services import AppServices, NewRunServices
from tui.ui.text import joined, safe, toned
from tui.ui.widgets.fact_sheet import FactSheet

_TICK_S = 1.0
_GROUP = "preflight"


class ReviewPane(StepPane):
    """The plan and its pre-flight; without a plan, what is missing for one."""

    title: ClassVar[str] = "Review"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "check_again", "Check again", id="review.check", tooltip="Look at everything once more")
    ]

    @dataclass
    class Found(Message):
        """One finding of the nth pre-flight, from its thread."""

        number: int
        finding: Finding

    def __init__(self, services: AppServices, new_run: NewRunServices) -> None:
        super().__init__(id="review")
        self._services = services
        self._new_run = new_run
        self.plan: RunPlan | None = None
        """What would be started; None while the draft cannot be planned."""
        self.draft: RunDraft | None = None
        """What it was made from."""
        self._preflight: Preflight | None = None
        self._number = 0
        self._worker: Worker[None] | None = None
        self._defect = ""
        self._settled_s: float | None = None
        self._facts = FactSheet(REVIEW_LABEL_WIDTH)
        self._missing = Static("")
        self._creation = VerticalScroll(self._missing, self._facts, id="creation", classes="panel")
        self._list = PreflightList()
        self._checks = VerticalScroll(self._list, id="preflight", classes="panel")

    def compose(self) -> ComposeResult:
        self._creation.border_title = "what will be created"
        self._checks.border_title = "pre-flight"
        yield self._creation
        yield self._checks

    def on_mount(self) -> None:
        self.set_interval(_TICK_S, self._show_age)

    # The step

    def load(self, draft: RunDraft) -> None:
        """Makes the plan and starts to look at what it rests on."""
        now_s = self._services.clock.now_s()
        self.draft = draft
        self.plan = None if draft.problems else draft.plan(now_s, self._services.account.name)
        self._missing.display = self.plan is None
        self._facts.display = self._checks.display = self.plan is not None
        if self.plan is None:
            self.leave()
            self._preflight = None
            self._creation.border_title = "not yet"
            self._missing.update(_missing_words(draft))
        else:
            self._creation.border_title = "what will be created"
            self._facts.show(review_facts(self.plan, now_s, on_sandbox=self._new_run.on_sandbox))
            self.action_check_again()

    def apply(self, draft: RunDraft) -> RunDraft:
        return draft

    def leave(self) -> None:
        self.workers.cancel_group(self, _GROUP)

    def focus_first(self) -> None:
        self._creation.focus()

    @property
    def problems(self) -> Sequence[Problem]:
        """Why it cannot be started now, beyond what the draft says."""
        preflight = self._preflight
        if self.plan is None or preflight is None:
            return ()
        if self._defect:
            return [Problem("pre-flight", self._defect, "r checks again")]
        if preflight.failures:
            return [Problem("pre-flight", finding.detail, finding.remedy) for finding in preflight.failures]
        if not preflight.is_over:
            return [Problem("pre-flight", f"{self._settled_count} of {len(preflight.findings)} checked so far")]
        return ()

    @property
    def is_checking(self) -> bool:
        """Whether the only thing against the start is that the answers are not all there."""
        preflight = self._preflight
        return preflight is not None and not (preflight.is_over or preflight.failures or self._defect)

    @property
    def _settled_count(self) -> int:
        findings = self._preflight.findings.values() if self._preflight is not None else ()
        return sum(finding.verdict.is_settled for finding in findings)

    # The pre-flight

    def action_check_again(self) -> None:
        """Looks at everything anew; what is under way is left."""
        plan = self.plan
        if plan is None:
            return
        self._preflight = Preflight.of(plan, on_sandbox=self._new_run.on_sandbox)
        self._defect, self._settled_s = "", None
        self._number = number = self._number + 1

        def work() -> None:
            with suppress(Interrupted):
                self._new_run.run_preflight(
                    plan,
                    get_current_worker().cancelled_event,
                    lambda finding: self.post_message(self.Found(number, finding)),
                )

        self._worker = self.run_worker(
            work, thread=True, exclusive=True, exit_on_error=False, group=_GROUP, name=_GROUP
        )
        self._show()

    @on(Found)
    def _on_found(self, message: Found) -> None:
        message.stop()
        if self._preflight is not None and message.number == self._number:
            self._preflight = self._preflight.with_finding(message.finding)
            if self._preflight.is_over:
                self._settled_s = self._services.clock.now_s()
                refused = self._preflight.refusal
                if refused is not None:
                    self.run_worker(self._regain(refused), group="access", exclusive=True)
            self._show()

    async def _regain(self, refused: AccessRefused) -> None:
        """Looks at everything anew once access is back."""
        if await regain_access(self.screen, self._services, Refusal(refused, access_words.NOTHING_CHANGED)):
            self.action_check_again()

    @on(Worker.StateChanged)
    def _on_worker(self, message: Worker.StateChanged) -> None:
        """What ends the pre-flight before its time must not look like one that takes long."""
        if message.worker is self._worker and message.state is WorkerState.ERROR:
            error = message.worker.error
            words = str(error) if isinstance(error, BatchTuiError) else f"{type(error).__name__}: {error}"
            self._defect = f"it broke off: {words}"
            self._show()

    def _show(self) -> None:
        preflight = self._preflight
        if preflight is None:
            return
        self._list.show_preflight(preflight)
        total, settled = len(preflight.findings), self._settled_count
        if self._defect:
            words = f"✗ {safe(self._defect)}"
        elif not preflight.is_over:
            words = f"{settled} of {total}"
        elif preflight.failures:
            words = f"✗ {count_text(len(preflight.failures), 'obstacle')}"
        else:
            warnings = len(preflight.warnings)
            words = f"! {count_text(warnings, 'warning')}" if warnings else f"✓ {total} of {total}"
        self._checks.border_title = Content(f"pre-flight · {words}")
        self._show_age()
        self.post_message(self.Changed(self))

    def _show_age(self) -> None:
        if self._settled_s is None:
            words = ""
        else:
            words = f"{duration_text(max(0.0, self._services.clock.now_s() - self._settled_s))} ago"
        self._checks.border_subtitle = words


def _missing_words(draft: RunDraft) -> Content:
    lines = [
        Content("Here stands what will be created, once nothing is missing:"),
        Content(""),
        *(toned("✗ ", "error") + problem_text(problem, draft.workload) for problem in draft.problems),
    ]
    return joined(lines, "\n")
