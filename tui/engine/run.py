"""Executes a plan: the steps of a run in their order, each journaled before and after, told as it happens.

Every step may be repeated: it looks before it acts. So executing a plan whose journal exists goes on where that ended,
with the same result. What is thrown inside ends as a summary; only what keeps the run from beginning is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tui.core.errors import BatchTuiError, Interrupted, LocalError, RunTimedOut
from tui.core.events import CountsChanged, Notice, RunEnded, RunEvent, RunStarted, RunSummary, Step, StepState
from tui.core.plan import RunPlan
from tui.core.ports import BatchPort, ClockPort, Publish, StopSignal, StoragePort
from tui.core.records import TaskCounts
from tui.engine.context import RunContext
from tui.engine.downloads import check_destination
from tui.engine.elsewhere import explained
from tui.engine.journal import Journal, JournalFolder
from tui.engine.patience import Patience
from tui.engine.poller import PollControl
from tui.engine.retrying import Retrier
from tui.engine.signing import RunSigner
from tui.engine.steps import clean_up, containers, download, job, monitor, pool, tasks, upload
from tui.engine.summaries import summarise

STEPS: dict[Step, Callable[[RunContext], str]] = {
    Step.CONTAINERS: containers.run,
    Step.UPLOAD: upload.run,
    Step.POOL: pool.run,
    Step.JOB: job.run,
    Step.TASKS: tasks.run,
    Step.MONITOR: monitor.run,
    Step.DOWNLOAD: download.run,
    Step.CLEAN_UP: clean_up.run,
}


class RunEngine:
    """Runs plans of one account."""

    def __init__(
        self,
        batch: BatchPort,
        storage: StoragePort,
        clock: ClockPort,
        journals: JournalFolder,
        node_script: Callable[[str], Path],
        patience: Patience = Patience(),  # noqa: B008  # frozen
    ) -> None:
        self._batch = batch
        self._storage = storage
        self._clock = clock
        self._journals = journals
        self._node_script = node_script
        self._patience = patience

    def execute(
        self, plan: RunPlan, stop: StopSignal, publish: Publish, control: PollControl | None = None
    ) -> RunSummary:
        """Runs `plan` to its end, or goes on with it where its journal ends.

        Raises InputError or LocalError, and has changed nothing, where the run cannot begin: the output folder is a
        file, the journal cannot be written, another process drives this run, the name belongs to another plan or the
        run to another account.
        """
        check_destination(Path(plan.destination))
        with self._journals.open(plan) as journal:
            journal.settle_account(self._storage.account_name)
            seen = _SeenCounts(publish)
            return _Execution(self._context(plan, journal, stop, seen, control), seen).run()

    def _context(
        self, plan: RunPlan, journal: Journal, stop: StopSignal, publish: Publish, control: PollControl | None
    ) -> RunContext:
        return RunContext(
            plan=plan,
            batch=self._batch,
            storage=self._storage,
            clock=self._clock,
            journal=journal,
            node_script=self._node_script,
            sign=RunSigner(self._storage, self._clock, plan),
            stop=stop,
            publish=publish,
            patience=self._patience,
            retry=Retrier(self._clock, stop, publish, self._patience.step_s),
            control=control or PollControl(),
        )


class _Execution:
    """One execution of a plan."""

    def __init__(self, context: RunContext, seen: _SeenCounts) -> None:
        self._context = context
        self._seen = seen
        self._has_acted = False
        """Once a step was taken, those after it are taken too, whatever the journal says of them."""

    def run(self) -> RunSummary:
        context = self._context
        record = context.journal.record
        is_resumed = bool(record.steps)
        context.publish(RunStarted(context.plan.run_id, record.started_s, is_resumed))
        problem: BatchTuiError | None = None
        try:
            if context.plan.retry_of and not is_resumed:
                context.journal.note(f"retry of {context.plan.retry_of}")
            self._take_steps()
        except BatchTuiError as caught:
            problem = explained(context, caught)
        summary = summarise(record, context.clock.now_s(), problem, self._seen.counts)
        try:
            context.journal.ended(summary)
        except LocalError as refusal:
            context.publish(Notice(f"the journal does not have the end of the run: {refusal}", is_warning=True))
        context.publish(RunEnded(summary, problem))
        return summary

    def _take_steps(self) -> None:
        timed_out: RunTimedOut | None = None
        for step, work in STEPS.items():
            if step is Step.CLEAN_UP and (timed_out is not None or not self._context.plan.delete_after):
                why = "kept: the run is not over" if timed_out is not None else "everything is kept"
                with suppress(LocalError):  # a run that is over does not fail for want of this line
                    self._context.journal.step(step, StepState.SKIPPED, why)
                self._context.show_step(step, StepState.SKIPPED, why)
                continue
            try:
                self._take(step, work)
            except RunTimedOut as problem:
                # What was done by then is worth having, and nothing may be deleted.
                timed_out = problem
        if timed_out is not None:
            raise timed_out

    def _take(self, step: Step, work: Callable[[RunContext], str]) -> None:
        context, record = self._context, self._context.journal.record
        if record.has_done(step) and not self._has_acted:
            context.show_step(step, StepState.DONE, record.step_summaries[step])
            return
        self._has_acted = True
        context.retry.check_stop(step.value)
        context.journal.step(step, StepState.RUNNING)
        context.show_step(step, StepState.RUNNING)
        try:
            summary = work(context)
        except BatchTuiError as problem:
            text = "stopped" if isinstance(problem, Interrupted) else str(problem)
            with suppress(LocalError):
                context.journal.step(step, StepState.FAILED, text)
            context.show_step(step, StepState.FAILED, text)
            raise
        context.journal.step(step, StepState.DONE, summary)
        context.show_step(step, StepState.DONE, summary)


class _SeenCounts:
    """Keeps the newest counts that went by, for a summary before the watching ended."""

    def __init__(self, publish: Publish) -> None:
        self.counts: TaskCounts | None = None
        self._publish = publish

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, CountsChanged):
            self.counts = event.counts
        self._publish(event)
