"""Every run of this machine, and what can be done with one outside its own execution.

Each run belongs to an account, which is opened when a call needs it. Every method blocks and raises only `core.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.core.deletion import DeletionResult, Remains
from tui.core.download_choice import ConflictPolicy, DownloadChoice, DownloadList, DownloadReport, WantedFile
from tui.core.errors import NotFound
from tui.core.events import RunSummary
from tui.core.plan import RunPlan
from tui.core.ports import Publish, StopSignal
from tui.core.run_line import RunLine, RunState
from tui.core.task_reading import TaskAction, TaskReading
from tui.engine.deletion import Report, Resource, delete_resources
from tui.engine.download_run import fetch_files, list_download
from tui.engine.journal import JournalFolder
from tui.engine.patience import Patience
from tui.engine.poller import PollControl, Poller
from tui.engine.remains import read_remains
from tui.engine.revisit import revisit
from tui.engine.run import RunEngine
from tui.engine.run_record import ResourceState, RunRecord
from tui.engine.run_tools import RunTools
from tui.engine.session import Work
from tui.engine.task_desk import act_on_task, read_task

_ENDINGS = {0: RunState.SUCCEEDED, 1: RunState.TASKS_FAILED, 4: RunState.TIMED_OUT, 130: RunState.STOPPED}


@dataclass(frozen=True, slots=True)
class RunDesk:
    """Acts on runs by their id."""

    journals: JournalFolder
    tools_of: Callable[[str], RunTools]
    """Opens the account of this name, starting the sandbox where it is that."""
    reachable_tools_of: Callable[[str], RunTools]
    """The same, but starts nothing: Unreachable where it would have to."""
    node_script: Callable[[str], Path]
    run_patience: Patience = Patience()  # noqa: RUF009  # frozen
    """Of a run while it is executed; other calls have that of their tools."""

    def list_runs(self) -> tuple[tuple[RunLine, ...], tuple[str, ...]]:
        """All runs, newest first, and why some journals cannot be read; asks no service."""
        records, unreadable = self.journals.list_runs()
        return tuple(map(line_of, records)), tuple(f"{run_id}: {problem}" for run_id, problem in unreadable)

    def line(self, run_id: str) -> RunLine:
        return line_of(self.journals.read(run_id))

    def glance(self, run_id: str, stop: StopSignal) -> Remains:
        """What exists and what the tasks do, in a few requests; starts nothing."""
        record = self.journals.read(run_id)
        return read_remains(self.reachable_tools_of(record.plan.account), record, stop, counts_files=False)

    def remains(self, run_id: str, stop: StopSignal) -> Remains:
        """The same with what would be lost."""
        record = self.journals.read(run_id)
        return read_remains(self.tools_of(record.plan.account), record, stop)

    def delete(
        self, run_id: str, resources: Collection[Resource], stop: StopSignal, report: Report
    ) -> tuple[DeletionResult, ...]:
        plan = self.journals.read(run_id).plan
        return delete_resources(self.tools_of(plan.account), plan, resources, stop, report)

    def release_nodes(self, run_id: str, stop: StopSignal) -> None:
        """Resizes the run's own pool to no nodes; its tasks wait until it has some again."""
        plan = self.journals.read(run_id).plan
        tools = self.tools_of(plan.account)

        def resize() -> None:
            pool = tools.batch.get_pool(plan.pool.id)
            if pool is None or not plan.made(pool.metadata):
                raise NotFound("The run has no pool", plan.pool.id)
            tools.batch.resize_pool(plan.pool.id, 0, 0)

        tools.retrier(stop, lambda _: None)(f"resizing pool {plan.pool.id} to 0", resize)

    def list_download(self, run_id: str, choice: DownloadChoice, stop: StopSignal) -> DownloadList:
        record = self.journals.read(run_id)
        return list_download(self.tools_of(record.plan.account), record, choice, stop)

    def fetch(
        self,
        run_id: str,
        files: Sequence[WantedFile],
        destination: str,
        policy: ConflictPolicy,
        policies: Mapping[str, ConflictPolicy],
        stop: StopSignal,
        publish: Publish,
    ) -> DownloadReport:
        plan = self.journals.read(run_id).plan
        return fetch_files(self.tools_of(plan.account), plan, files, destination, policy, stop, publish, policies)

    def read_task(self, plan: RunPlan, task_id: str) -> TaskReading:
        return read_task(self.tools_of(plan.account), plan, task_id)

    def act_on_task(self, plan: RunPlan, task_id: str, action: TaskAction) -> None:
        act_on_task(self.tools_of(plan.account), plan, task_id, action)

    # Work for a session

    def running(self, plan: RunPlan, control: PollControl | None = None) -> Work:
        """The run from its beginning, or from where its journal ends; its watching heeds `control`."""

        def work(stop: StopSignal, publish: Publish) -> RunSummary:
            tools = self.tools_of(plan.account)
            engine = RunEngine(
                tools.batch, tools.storage, tools.clock, tools.journals, self.node_script, self.run_patience
            )
            return engine.execute(plan, stop, publish, control)

        return work

    def watching(self, plan: RunPlan, control: PollControl | None = None) -> Work:
        """A look at a run that goes on by itself or that another process drives; drives nothing."""

        def work(stop: StopSignal, publish: Publish) -> None:
            tools = self.tools_of(plan.account)
            Poller(tools.batch, tools.clock, plan.job_id, plan.pool.id, control).run(stop, publish)

        return work

    def revisiting(self, plan: RunPlan) -> Work:
        """An ended run, shown again."""

        def work(stop: StopSignal, publish: Publish) -> RunSummary:
            return revisit(self.reachable_tools_of(plan.account), self.journals.read(plan.run_id), stop, publish)

        return work


def line_of(record: RunRecord) -> RunLine:
    """What the list of runs shows of a journal."""
    outcome = record.outcome
    return RunLine(
        plan=record.plan,
        started_s=record.started_s,
        last_s=record.last_s,
        journaled_state=_state(record),
        reached=record.reached,
        journaled_counts=None if outcome is None else outcome.counts,
        leftovers=record.leftovers,
        summary=record.summary,
        is_driven=record.is_driven,
    )


def _state(record: RunRecord) -> RunState:
    if record.is_driven:
        return RunState.RUNNING
    job_is_there = record.resources.get(("job", record.plan.job_id)) is ResourceState.MADE
    if record.tasks_are_submitted and record.outcome is None and job_is_there:
        return RunState.GOING_ON
    if record.summary is None:
        return RunState.STOPPED
    return _ENDINGS.get(record.summary.exit_code, RunState.FAILED)
