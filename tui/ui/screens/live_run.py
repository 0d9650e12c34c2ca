"""The run screen with a session that can be had again: refused access is asked about here, and the run goes on here.

A refusal waits until this screen is the one on top: nothing is asked in the midst of something else. Where what was on
top has regained the access meanwhile, the run goes on unasked.
"""

from __future__ import annotations

from tui.core.errors import AccessRefused, BatchTuiError
from tui.ui import access_words
from tui.ui.screens.access import Refusal, regain_access
from tui.ui.screens.run import RunScreen
from tui.ui.services import RunSession


class LiveRunScreen(RunScreen):
    """Tasks, steps and journal go on; only who asks the service is another one."""

    _refused: AccessRefused | None = None
    """What ended the session, until it was decided upon."""
    _is_asking = _is_regained = False
    is_held = False
    """Whether something on top decides what becomes of the run: a refusal waits until that is known."""
    _has_ended = False

    @property
    def awaits_access(self) -> bool:
        """Whether the run was refused, and a person has not yet said what to do about it."""
        return self._refused is not None

    @property
    def is_settled(self) -> bool:
        """Whether it has told all it will tell, and asks nothing."""
        return self._has_ended and not self.awaits_access

    def follow(self, session: RunSession) -> None:
        self._has_ended = False
        super().follow(session)

    def end(self, error: BatchTuiError | None) -> None:
        super().end(error)
        self._has_ended = True
        problem = self.view.problem if error is None else error
        if not isinstance(problem, AccessRefused) or self.services.access is None:
            return
        self._refused = problem
        self._is_regained = False
        if self.is_active:
            self._ask()
        else:
            text = f"{self.view.plan.run_id}: {problem.title}. Go back to it to go on."
            self.notify(text, severity="error", timeout=10, markup=False)

    def on_screen_resume(self) -> None:
        self.settle_refusal()

    def access_regained(self, account: str) -> None:
        self._is_regained = self.awaits_access and not self._is_asking and account == self.services.account.name

    def settle_refusal(self) -> None:
        """Asks about a refusal that waits, or goes on where access is back."""
        if self._refused is None or self.is_held:
            return
        if self._is_regained:
            self._refused = None
            self.follow(self.open_again())
        else:
            self._ask()

    def _ask(self) -> None:
        if not self._is_asking:
            self._is_asking = True
            self.run_worker(self._regain(), group="access")

    async def _regain(self) -> None:
        refused = self._refused
        assert refused is not None
        try:
            is_regained = await regain_access(self, self.services, self.refusal_of(refused))
        finally:
            self._is_asking, self._refused = False, None
        if is_regained:
            self.follow(self.open_again())

    def open_again(self) -> RunSession:
        """A session that goes on where the one before ended."""
        return self.services.start_run(self.view.plan)

    def refusal_of(self, error: AccessRefused) -> Refusal:
        """What becomes of what is shown while nobody has access: of a job, nothing."""
        return Refusal(error, access_words.watch_words(self.view.plan))
