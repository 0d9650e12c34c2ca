"""What became of a run while this machine did not drive it, or not alone.

No lock reaches from one machine to another: a run may be resumed on two at once. Their steps find what the other one
made, so nothing is made twice; but the one that is done first may delete what the other still needs. That is said for
what it is, and nothing that is gone is made again: a run that is over elsewhere must not cost a second time.
"""

from __future__ import annotations

from tui.core.deletion import ResourceKind
from tui.core.errors import BatchTuiError, Conflict, NotFound, RunFailed, RunGone
from tui.core.events import Step, StepState
from tui.core.units import count_text
from tui.engine.context import RunContext
from tui.engine.run_record import ResourceState

_OF_WHAT_IS_GONE = (NotFound, Conflict, RunFailed)
"""How steps fail that do not find what the run made, or find it on its way out."""


def check_is_whole(context: RunContext) -> None:
    """For what is about to make pool or job: RunFailed where the run is over already, or its containers are gone.

    A machine may have slept since its last look while another one ended the run. Then pool and job would be made once
    more, every task run again, or fail for want of its input.
    """
    plan = context.plan
    there = {item.name for item in context.storage.list_containers(f"{plan.run_id}-") if plan.made(item.metadata)}
    gone = [name for name in plan.containers if name not in there]
    if gone:
        raise RunFailed("The run is not whole any more", f"container {gone[0]} is gone")
    if _has_lost_job(context):
        raise RunFailed("The run is over and its job is gone", f"its outputs are in container {plan.output_container}")


def explained(context: RunContext, problem: BatchTuiError) -> BatchTuiError:
    """`problem`, or RunGone where it comes of what was deleted meanwhile, which the journal then knows."""
    cleaning = context.journal.record.steps.get(Step.CLEAN_UP, StepState.SKIPPED)
    if not isinstance(problem, _OF_WHAT_IS_GONE) or cleaning is not StepState.SKIPPED:
        return problem
    try:
        gone = _note_gone(context)
    except BatchTuiError:  # it cannot be looked for now: what happened is all there is to say
        return problem
    return problem if not gone else _run_gone(context, gone, problem)


def _note_gone(context: RunContext) -> list[ResourceKind]:
    """The kinds of all that the run has made and is not there, or not for long.

    What the service refused to make, for want of quota say, is not there either, and not gone.
    """
    gone: list[ResourceKind] = []
    unmade: list[tuple[ResourceKind, str]] = []
    for (kind, name), known in list(context.journal.record.resources.items()):
        state = _state(context, kind, name)
        if state is None:
            continue
        if known is ResourceState.MAKING and state is ResourceState.DELETED:
            unmade.append((kind, name))
            continue
        gone.append(kind)
        if known is not state:
            context.journal.resource(kind, name, state)
    if "job" not in gone and _has_lost_job(context):
        gone.append("job")
    if gone:
        # Nothing will make it any more: it must not be told as something that may exist.
        for kind, name in unmade:
            context.journal.resource(kind, name, ResourceState.DELETED)
    return gone


def _state(context: RunContext, kind: ResourceKind, name: str) -> ResourceState | None:
    """Whether it is gone or on its way; None while it stays."""
    found = context.batch.get_pool(name) if kind == "pool" else context.batch.get_job(name) if kind == "job" else None
    if found is not None:
        return ResourceState.DELETING if found.state == "deleting" else None
    is_there = kind == "container" and context.storage.get_container(name) is not None
    return None if is_there else ResourceState.DELETED


def _has_lost_job(context: RunContext) -> bool:
    """Whether there are outputs, which come from nothing but the job's tasks, and no job.

    In this order: where another machine makes the job only now, its outputs come after it.
    """
    plan = context.plan
    try:
        has_outputs = next(iter(context.storage.list_blobs(plan.output_container)), None) is not None
    except NotFound:
        return False
    return has_outputs and context.batch.get_job(plan.job_id) is None


def _run_gone(context: RunContext, gone: list[ResourceKind], problem: BatchTuiError) -> RunGone:
    run_id, output = context.plan.run_id, context.plan.output_container
    what = [f"its {kind}" for kind in ("job", "pool") if kind in gone]
    if "container" in gone:
        what.append(count_text(gone.count("container"), "container"))
    names = " and ".join([", ".join(what[:-1]), what[-1]] if what[1:] else what)
    verb = "was" if len(gone) == 1 else "were"
    if context.journal.record.resources.get(("container", output)) is ResourceState.MADE:
        hint = f"`batch-tui runs download {run_id}` fetches what is still there"
    else:
        hint = "start a new run"
    return RunGone(
        "The run was ended meanwhile",
        f"{names} {verb} deleted, by another machine that resumed it or by hand ({problem.title})",
        f"if another machine ended it, that one has the outputs; otherwise {hint}",
    )
