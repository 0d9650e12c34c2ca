"""Two machines on one run: at each record of the first one's journal a second one, without a journal, resumes it.

Both must end, and at least one well; the other one may only say that the run was ended without it. Nothing is left.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence

from tests.faults.bench import USUAL_PATIENCE, Bench, QuickClock, Trial
from tests.faults.kills import records_of_a_run
from tests.faults.matrix import Campaign, Verdict
from tui.core.errors import BatchTuiError, InputError, RunFailed, RunGone
from tui.core.events import RunEnded, RunSummary
from tui.engine.journal import JournalFolder, append
from tui.engine.recovery import recover_run
from tui.engine.run_tools import RunTools

_ENDS_WITHIN_S = 60.0


def every_record(bench: Bench) -> Sequence[int]:
    """In no order."""
    numbers = list(range(1, records_of_a_run(bench) + 1))
    random.Random(0).shuffle(numbers)
    return numbers


class _SecondMachine:
    """Resumes the run of a trial once, on a thread of its own."""

    def __init__(self, bench: Bench, trial: Trial) -> None:
        self.trial = Trial(trial.plan, trial.folder / "second")
        self.summary: RunSummary | None = None
        self.refusal: BaseException | None = None
        self._bench = bench
        self._thread = threading.Thread(target=self._work, name="second machine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def has_ended(self) -> bool:
        if self._thread.ident is not None:
            self._thread.join(_ENDS_WITHIN_S)
        return not self._thread.is_alive()

    def _work(self) -> None:
        clock, destination = QuickClock(), str(self.trial.folder / "out")
        journals = JournalFolder(self.trial.journals, clock)
        tools = RunTools(self._bench.batch, self._bench.storage, clock, journals, USUAL_PATIENCE)
        try:
            plan = recover_run(tools, self.trial.plan.run_id, destination, "sandbox", threading.Event())
            self.trial.plan = plan
            self.summary = self._bench.execute(self.trial)
        except BaseException as problem:  # outermost of its thread
            self.refusal = problem


def resume_elsewhere(bench: Bench, number: int) -> Verdict:
    """The first machine goes on while the second one finds the run and resumes it."""
    trial = bench.new_trial()
    second, written = _SecondMachine(bench, trial), 0

    def write(file: int, content: bytes, durable: bool) -> None:
        nonlocal written
        written += 1
        append(file, content, durable)
        if written == number:
            second.start()

    first = bench.execute(trial, write)
    problems = [] if second.has_ended() else ["the second machine never ended"]
    problems += _ending(bench, trial, first)
    problems += _ending(bench, second.trial, second.summary) if second.summary is not None else _refusal(second)
    if not any(summary is not None and summary.exit_code == 0 for summary in (first, second.summary)):
        problems.append("neither machine ended the run well")
    problems += bench.left_over()
    bench.close(trial, problems)
    return Verdict("second machine", f"at record {number}", written >= number, tuple(problems))


def _ending(bench: Bench, trial: Trial, summary: RunSummary) -> Iterator[str]:
    ended = next(event for event in reversed(trial.events) if isinstance(event, RunEnded))
    if summary.exit_code == 0:
        if trial.outputs() != bench.expected:
            yield f"outputs differ: {sorted(trial.outputs())}"
    elif not isinstance(ended.problem, RunGone):
        yield f"exit {summary.exit_code}: {summary.outcome}"


def _refusal(second: _SecondMachine) -> Iterator[str]:
    """A run that cannot be found yet, or any more, is refused in words."""
    if not isinstance(second.refusal, InputError | RunFailed):
        said = str(second.refusal) if isinstance(second.refusal, BatchTuiError) else repr(second.refusal)
        yield f"the second machine could not begin: {said}"


CAMPAIGN = Campaign("two machines on one run", every_record, resume_elsewhere)
