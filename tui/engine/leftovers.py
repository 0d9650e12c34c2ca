"""Looks over a whole account for what runs of ours made and no longer need, and sweeps exactly what was confirmed.

Looking changes nothing. Sweeping reads the mark of each thing again before it goes; where the run's journal is on this
machine, the deletion is journaled as any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tui.core.accounts import is_billed
from tui.core.deletion import DeletionResult, DeletionState, refusal_among
from tui.core.errors import BatchTuiError, InputError, Interrupted, NotFound, account_refusal
from tui.core.events import Step
from tui.core.ids import RUN_METADATA_KEY
from tui.core.leftovers import Holdings, LeftResource, LeftRun, LocalRun, holdings, judge, kept_for_others
from tui.core.ports import StopSignal
from tui.core.redaction import redact
from tui.engine.deletion import NOT_BEGUN, Report, Resource, delete_resources, resources_of
from tui.engine.resources import metadata_of, start_deletion
from tui.engine.run_record import RunRecord
from tui.engine.run_tools import RunTools, tell_nobody
from tui.engine.steps.clean_up import WAIT_LIMIT_S

_CHECK_EVERY_S = 1.0
_GOING = "the service finishes it by itself"


def find_left(tools: RunTools, account: str, stop: StopSignal) -> tuple[LeftRun, ...]:
    """Every run that has something on the account, judged; asks a few requests and at most two more a run."""
    retry = tools.retrier(stop, tell_nobody)
    jobs = retry("listing the jobs", tools.batch.list_jobs)
    pools = retry("listing the pools", tools.batch.list_pools)
    containers = retry("listing the containers", tools.storage.list_containers)
    now_s = tools.clock.now_s()
    judged = []
    held = holdings(jobs, pools, containers)
    for found in held:
        unfinished = retry(f"counting the tasks of {found.run_id}", lambda found=found: _unfinished(tools, found))  # type: ignore[misc]
        outputs = retry(f"looking into {found.run_id}", lambda found=found: _filled_outputs(tools, found))  # type: ignore[misc]
        local = _local(tools, found.run_id, account)
        judged.append(judge(found, local, unfinished, outputs, now_s, is_billed=is_billed(account)))
    return kept_for_others(judged, held, jobs)


def _unfinished(tools: RunTools, found: Holdings) -> int:
    if found.job is None or found.job.is_over:
        return 0
    try:
        counts = tools.batch.count_tasks(found.job.id)
    except NotFound:  # it went in between
        return 0
    return counts.total - counts.completed


def _filled_outputs(tools: RunTools, found: Holdings) -> Collection[str]:
    container = found.output_container
    if container is None:
        return ()
    try:
        return () if next(iter(tools.storage.list_blobs(container)), None) is None else (container,)
    except NotFound:
        return ()


def _local(tools: RunTools, run_id: str, account: str) -> LocalRun | None:
    """What the journal says, if this machine has one of that run on that account."""
    record = _record(tools, run_id)
    if record is None or record.plan.account != account:
        return None
    saw_the_end = record.outcome is not None
    return LocalRun(record.is_driven, saw_the_end and record.has_done(Step.DOWNLOAD), saw_the_end)


def _record(tools: RunTools, run_id: str) -> RunRecord | None:
    try:
        return tools.journals.read(run_id)
    except InputError:
        return None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What of one run a person agreed to delete."""

    run_id: str
    resources: tuple[LeftResource, ...]


def sweep(
    tools: RunTools, account: str, confirmed: Sequence[Confirmed], stop: StopSignal, report: Report
) -> tuple[DeletionResult, ...]:
    """Deletes it, one run after the other; one result a resource.

    What fails keeps nothing else, unless the account is refused: then nothing further is begun.
    """
    results: list[DeletionResult] = []
    for run in confirmed:
        if refusal_among(results) is not None:
            results += [_not_begun(item, report) for item in run.resources]
        else:
            results += _sweep_run(tools, account, run, stop, report)
    return tuple(results)


def _sweep_run(
    tools: RunTools, account: str, run: Confirmed, stop: StopSignal, report: Report
) -> tuple[DeletionResult, ...]:
    keys = [(item.kind, item.name) for item in run.resources]
    record = _record(tools, run.run_id)
    if record is not None and record.plan.account == account:
        known = resources_of(record.plan, ("job", "pool", "containers"))
        if all(key in known for key in keys):
            try:
                return delete_resources(tools, record.plan, keys, stop, report)
            except BatchTuiError as problem:  # a process has begun to drive it
                return tuple(_failed(item, problem, report) for item in run.resources)
    broom = _Sweep(tools, run.run_id, stop, report)
    return broom.sweep(run.resources)


def _failed(item: LeftResource, problem: BatchTuiError, report: Report) -> DeletionResult:
    detail, refusal = redact(str(problem)), account_refusal(problem)
    result = DeletionResult(item.kind, item.name, DeletionState.FAILED, detail, problem.exit_code, refusal)
    report(result)
    return result


def _not_begun(item: LeftResource, report: Report) -> DeletionResult:
    result = DeletionResult(item.kind, item.name, DeletionState.LEFT, NOT_BEGUN)
    report(result)
    return result


class _Sweep:
    """The deletion of a run that this machine has no journal of."""

    def __init__(self, tools: RunTools, run_id: str, stop: StopSignal, report: Report) -> None:
        self._tools = tools
        self._run_id = run_id
        self._stop = stop
        self._report = report
        self._retry = tools.retrier(stop, tell_nobody)

    def sweep(self, resources: Sequence[LeftResource]) -> tuple[DeletionResult, ...]:
        results: dict[Resource, DeletionResult] = {}
        is_refused = False
        for item in resources:
            result = _not_begun(item, self._report) if is_refused else self._begin(item)
            results[item.kind, item.name] = result
            is_refused = is_refused or result.refusal is not None
        if not is_refused:
            self._await_gone(results)
        return tuple(results.values())

    def _begin(self, item: LeftResource) -> DeletionResult:
        try:
            is_gone = self._retry(f"deleting the {item.kind} {item.name}", lambda: self._delete(item))
        except Interrupted:
            return self._tell(DeletionResult(item.kind, item.name, DeletionState.LEFT, "stopped"))
        except BatchTuiError as problem:
            return _failed(item, problem, self._report)
        state = DeletionState.DELETED if is_gone else DeletionState.GOING
        return self._tell(DeletionResult(item.kind, item.name, state, "" if is_gone else _GOING))

    def _delete(self, item: LeftResource) -> bool:
        batch, storage = self._tools.batch, self._tools.storage
        metadata = metadata_of(batch, storage, item.kind, item.name)
        if metadata is None:
            return True
        if metadata.get(RUN_METADATA_KEY) != self._run_id:
            raise InputError("Not left by this run any more", f"{item.kind} {item.name} bears another mark")
        return start_deletion(batch, storage, item.kind, item.name)

    def _await_gone(self, results: dict[Resource, DeletionResult]) -> None:
        """Watches what is on its way for a while; that it cannot be watched changes nothing."""
        clock, until_s = self._tools.clock, self._tools.clock.monotonic_s() + WAIT_LIMIT_S
        while going := [result for result in results.values() if result.state is DeletionState.GOING]:
            if clock.monotonic_s() >= until_s or clock.wait(self._stop, _CHECK_EVERY_S):
                return
            for result in going:
                try:
                    metadata = metadata_of(self._tools.batch, self._tools.storage, result.kind, result.name)
                except BatchTuiError:
                    return
                if metadata is None:
                    done = DeletionResult(result.kind, result.name, DeletionState.DELETED)
                    results[result.kind, result.name] = self._tell(done)

    def _tell(self, result: DeletionResult) -> DeletionResult:
        self._report(result)
        return result
