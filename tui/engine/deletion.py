"""Deletes exactly what was confirmed of a run, one resource after the other, journaled, and tells what became of each.

Only what the run's plan names and the run's metadata marks is touched. What fails keeps the rest from nothing: it is
told, and can be tried again. Only where the account is refused nothing further is begun.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from tui.core.deletion import DeletionResult, DeletionState, ResourceKind
from tui.core.errors import AccessRefused, BatchTuiError, InputError, Interrupted, account_refusal
from tui.core.plan import DELETE_PARTS, DeletePart, RunPlan
from tui.core.ports import Publish, StopSignal
from tui.core.redaction import redact
from tui.engine.context import RunContext
from tui.engine.run_tools import RunTools, tell_nobody
from tui.engine.steps import clean_up

Resource = tuple[ResourceKind, str]
Report = Callable[[DeletionResult], None]

_GOING = "the service finishes it by itself"
NOT_BEGUN = "not begun: access was refused"


def resources_of(plan: RunPlan, parts: Collection[DeletePart]) -> tuple[Resource, ...]:
    """What of the run's own these parts stand for, in the order of deletion."""
    return tuple(key for part in DELETE_PARTS if part in parts for key in clean_up.of_part(plan, part))


def delete_resources(
    tools: RunTools,
    plan: RunPlan,
    resources: Collection[Resource],
    stop: StopSignal,
    report: Report,
    publish: Publish = tell_nobody,
) -> tuple[DeletionResult, ...]:
    """Deletes `resources`, which must be the run's; one result each, in the order of deletion.

    `report` hears every change of state, from the calling thread. Once `stop` is set the rest is left. Raises
    InputError for what is not the run's or a run of another account, LocalError while a process drives the run.
    """
    ordered = [key for key in resources_of(plan, DELETE_PARTS) if key in resources]
    strange = [f"{kind} {name}" for kind, name in resources if (kind, name) not in ordered]
    if strange:
        raise InputError("Not a part of this run", f"{', '.join(strange)} is not what {plan.run_id} made")
    with tools.journals.open(plan) as journal:
        journal.settle_account(tools.storage.account_name)
        deletion = _Deletion(tools.context(plan, journal, stop, publish), report)
        for key in ordered:
            deletion.begin(*key)
        deletion.await_gone()
        return tuple(deletion.results.values())


class _Deletion:
    def __init__(self, context: RunContext, report: Report) -> None:
        self.results: dict[Resource, DeletionResult] = {}
        self._context = context
        self._report = report
        self._refusal: AccessRefused | None = None

    def begin(self, kind: ResourceKind, name: str) -> None:
        """Starts the deletion of one resource."""
        if self._refusal is not None:
            self._tell(DeletionResult(kind, name, DeletionState.LEFT, NOT_BEGUN))
            return
        if self._context.stop.is_set():
            self._tell(DeletionResult(kind, name, DeletionState.LEFT, "stopped before it"))
            return
        self._tell(DeletionResult(kind, name, DeletionState.RUNNING))
        try:
            self._context.delete(kind, name)
        except Interrupted:
            self._tell(DeletionResult(kind, name, DeletionState.LEFT, "stopped"))
        except BatchTuiError as problem:
            self._refusal = account_refusal(problem)
            detail, code = redact(str(problem)), problem.exit_code
            self._tell(DeletionResult(kind, name, DeletionState.FAILED, detail, code, self._refusal))
        else:
            self._settle(kind, name)

    def _settle(self, kind: ResourceKind, name: str) -> None:
        if self._context.journal.record.has_made(kind, name):
            self._tell(DeletionResult(kind, name, DeletionState.GOING, _GOING))
        else:
            self._tell(DeletionResult(kind, name, DeletionState.DELETED))

    def await_gone(self) -> None:
        """Watches what is on its way for a while, unless access is to be asked for first; that it cannot be watched
        changes nothing.
        """
        if self._refusal is not None:
            return
        going = [key for key, result in self.results.items() if result.state is DeletionState.GOING]
        try:
            clean_up.await_gone(self._context, going)
        except BatchTuiError as problem:
            for key in going:
                self._tell(
                    replace(self.results[key], detail=f"{_GOING}; it cannot be watched: {redact(problem.title)}")
                )
        for key in going:
            if not self._context.journal.record.has_made(*key):
                self._tell(DeletionResult(*key, DeletionState.DELETED))

    def _tell(self, result: DeletionResult) -> None:
        self.results[result.kind, result.name] = result
        self._report(result)
