"""Watches the tasks until every one is completed, the job has ended or the limit has passed.

That all is done is believed only from a full list. The pool is watched alongside: what keeps it from running tasks is
told soon, and a pool that never will run any ends the run; one of others is such where no node of it can be prepared.
"""

from __future__ import annotations

from tui.core.errors import NotFound, RequestRefused, RunFailed, RunTimedOut
from tui.core.events import Progress, Step, StepState
from tui.core.records import TaskCounts, TaskStatus
from tui.core.units import count_text, duration_text
from tui.engine import reasons
from tui.engine.context import RunContext
from tui.engine.failures import first_failures
from tui.engine.poller import Poller, PollView
from tui.engine.preparations import PreparationWatch, preparation_failure
from tui.engine.run_record import Ending, TasksOutcome

ENDING_JOB_LIMIT_S = 30.0
"""How long a job that is ending is given to end its running tasks before their state is taken as final."""

_GONE_AFTER_FULL_LISTS = 2
"""In so many full lists a task must be missing to be taken for deleted; one will do once the job takes none."""

WALL_CLOCK_REASON = "MaxWallClockTimeExpiry"


def run(context: RunContext) -> str:
    watch = _Watch(context)
    watch.poller.run(context.stop, context.publish, watch.is_over)
    context.retry.check_stop("watching the tasks")
    outcome = watch.outcome
    if outcome is None:
        raise AssertionError("the poller ended by itself")
    context.journal.outcome(outcome)
    if outcome.ending is Ending.TIMED_OUT:
        raise RunTimedOut(
            f"Timed out after {duration_text(context.plan.timeout_s)}", outcome.reason, "what is done can be downloaded"
        )
    failed = f", {outcome.counts.failed:,} failed" if outcome.counts.failed else ""
    return f"{count_text(outcome.counts.succeeded, 'task')} succeeded{failed}"


class _Watch:
    """Decides after each poll whether the watching is over."""

    def __init__(self, context: RunContext) -> None:
        plan = context.plan
        self.poller = Poller(context.batch, context.clock, plan.job_id, plan.pool.id, context.control)
        self.outcome: TasksOutcome | None = None
        self._context = context
        self._expected = {context.plan.task_id(index) for index in range(len(context.plan.inputs))}
        self._deadline_s = context.clock.monotonic_s() + context.plan.timeout_s
        self._job_over_since_s: float | None = None
        self._missing_lists = 0
        self._pool_text = ""
        self._told: set[str] = set()
        self._preparations = PreparationWatch(context)
        self._progress: Progress | None = None

    def is_over(self, view: PollView) -> bool:
        """Whether to stop polling; raises what ends the run."""
        self._check_trouble(view)
        counts = view.counts
        if view.trouble is None:
            self._show(view, counts)
            self._check_pool(view, counts)
            self.outcome = self._ending(view, counts)
        if self.outcome is None and self._context.clock.monotonic_s() >= self._deadline_s:
            self.outcome = self._end(Ending.TIMED_OUT, view, reasons.not_done(counts, view.pool, view.nodes))
        return self.outcome is not None

    def _check_trouble(self, view: PollView) -> None:
        problem = view.trouble
        if isinstance(problem, NotFound):
            raise RunFailed("The job is gone", f"{self._context.plan.job_id} was deleted") from problem
        if isinstance(problem, RequestRefused):
            raise problem
        now_s, since_s = self._context.clock.monotonic_s(), view.failing_since_s
        if problem is not None and since_s is not None and now_s - since_s > self._context.patience.watch_s:
            raise problem

    def _ending(self, view: PollView, counts: TaskCounts) -> TasksOutcome | None:
        if counts.total == counts.completed:
            if not view.is_full:
                self.poller.want_full_list()
            else:
                missing = self._expected - view.rows.keys()
                if not missing:
                    return self._end(Ending.ALL_DONE, view)
                self._missing_lists += 1
                is_final = view.job is not None and view.job.state == "completed"
                if is_final or self._missing_lists >= _GONE_AFTER_FULL_LISTS:
                    reason = f"{count_text(len(missing), 'task')} deleted meanwhile, such as {min(missing)}"
                    return self._end(Ending.ALL_DONE, view, reason)
                self.poller.want_full_list()
        return self._job_ending(view, counts)

    def _job_ending(self, view: PollView, counts: TaskCounts) -> TasksOutcome | None:
        job = view.job
        if job is None or not job.is_over:
            return None
        now_s = self._context.clock.monotonic_s()
        if self._job_over_since_s is None:
            self._job_over_since_s = now_s
            self.poller.want_full_list()
            return None
        is_ending = job.state != "completed" and now_s - self._job_over_since_s < ENDING_JOB_LIMIT_S
        if is_ending or not view.is_full:
            self.poller.want_full_list()
            return None
        reason = f"the job ended ({job.terminate_reason or 'no reason given'}); "
        reason += reasons.not_done(counts, view.pool, view.nodes)
        timed_out = job.terminate_reason == WALL_CLOCK_REASON
        return self._end(Ending.TIMED_OUT if timed_out else Ending.JOB_ENDED, view, reason)

    def _end(self, ending: Ending, view: PollView, reason: str = "") -> TasksOutcome:
        failed = {row.id for row in view.rows.values() if row.status is TaskStatus.FAILED}
        gone = self._expected - view.rows.keys() if ending is Ending.ALL_DONE else set()
        counts = view.counts
        counts = TaskCounts(counts.active, counts.running, counts.succeeded, counts.failed + len(gone))
        failures = first_failures(self._context.plan, view.rows)
        return TasksOutcome(ending, counts, tuple(sorted(failed | gone)), reason, failures)

    def _show(self, view: PollView, counts: TaskCounts) -> None:
        """Publishes what changed: the pool's line and this step's progress."""
        if view.pool is not None:
            ready = sum(node.takes_tasks for node in view.nodes)
            text = f"{view.pool.allocation_state} {ready}/{view.pool.target_nodes}"
            if text != self._pool_text:
                self._pool_text = text
                self._context.show_step(Step.POOL, StepState.DONE, text)
        note = reasons.waiting_note(counts, view.pool, view.nodes)
        progress = Progress(Step.MONITOR, counts.completed, len(self._expected), "tasks", note=note)
        if progress != self._progress:
            self._progress = progress
            self._context.publish(progress)

    def _check_pool(self, view: PollView, counts: TaskCounts) -> None:
        """Tells, once each, what goes wrong in the pool; RunFailed where no node of it can run a task any more."""
        if counts.total == counts.completed:
            return
        if view.pool is None:
            if view.has_read_surroundings and self._context.plan.makes_pool:
                raise RunFailed("The pool is gone", f"{self._context.plan.pool.id} was deleted", "start a new run")
            return
        for error in view.pool.resize_errors:
            self._tell_once(f"pool {view.pool.id}: {error.code}: {error.message}")
        for node in view.nodes:
            if node.state == "starttaskfailed":
                self._tell_once(f"start task failed on node {node.id}: {reasons.start_task_failure(node)}")
            elif node.is_broken:
                self._tell_once(f"node {node.id} is {node.state}")
        self._check_preparations(view)
        why = reasons.hopeless(view.pool, view.nodes)
        if why and self._context.plan.makes_pool:
            costs = self._context.plan.is_billed and view.pool.current_nodes
            hint = "its nodes still cost: delete the pool" if costs else "delete the pool"
            raise RunFailed("The pool cannot run the tasks", why, hint)

    def _check_preparations(self, view: PollView) -> None:
        self._preparations.look(view)
        for node_id, failed in self._preparations.failed.items():
            self._tell_once(f"job preparation task failed on node {node_id}: {preparation_failure(failed)}")
        if why := self._preparations.hopeless(view):
            raise RunFailed("The job cannot run on the pool", why, "clean this run up and start a new one")

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._context.tell(text, is_warning=True)
