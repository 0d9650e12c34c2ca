"""Deletes what the plan asks for, and of that only what this run made; says what is still on its way out.

The order is the job, which frees the nodes, then the pool, then the data.
"""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.deletion import ResourceKind
from tui.core.plan import DELETE_PARTS, DeletePart, RunPlan
from tui.engine.context import RunContext
from tui.engine.run_record import ResourceState, RunRecord

WAIT_LIMIT_S = 30.0
"""How long a deletion is watched; the service finishes it by itself, a pool's in minutes."""

_CHECK_EVERY_S = 1.0

Resource = tuple[ResourceKind, str]


def run(context: RunContext) -> str:
    plan, record = context.plan, context.journal.record
    if "pool" in plan.delete_after and not plan.makes_pool:
        context.tell(f"pool {plan.pool.id} stays: this run did not make it")
    asked = [resource for part in parts(plan) for resource in of_part(plan, part)]
    for kind, name in asked:
        if record.has_made(kind, name):
            context.delete(kind, name)
    await_gone(context, asked)
    pending = [f"{kind} {name}" for kind, name in asked if record.has_made(kind, name)]
    deleted = f"{len(asked) - len(pending)} deleted"
    return f"{deleted}, {len(pending)} still being deleted: {', '.join(pending)}" if pending else deleted


def parts(plan: RunPlan) -> tuple[DeletePart, ...]:
    """What the plan asks to delete, in the order of deletion."""
    return tuple(part for part in DELETE_PARTS if part in plan.delete_after)


def of_part(plan: RunPlan, part: DeletePart) -> tuple[Resource, ...]:
    """What of this run a word of `--delete` stands for."""
    match part:
        case "job":
            return (("job", plan.job_id),)
        case "pool":
            return (("pool", plan.pool.id),) if plan.makes_pool else ()
        case "containers":
            return tuple(("container", name) for name in plan.containers)


def deleted_parts(plan: RunPlan, record: RunRecord) -> tuple[DeletePart, ...]:
    """The parts whose every resource is gone or on its way out."""
    on_the_way = (ResourceState.DELETING, ResourceState.DELETED)
    return tuple(
        part
        for part in parts(plan)
        if (resources := of_part(plan, part)) and all(record.resources.get(key) in on_the_way for key in resources)
    )


def await_gone(context: RunContext, asked: Iterable[Resource]) -> None:
    """Watches until all of it is gone and journaled so, or the limit has passed; Interrupted once stopped."""
    record, until_s = context.journal.record, context.clock.monotonic_s() + WAIT_LIMIT_S
    pending = [key for key in asked if record.has_made(*key)]
    while pending and context.clock.monotonic_s() < until_s:
        context.clock.wait(context.stop, _CHECK_EVERY_S)
        for kind, name in pending:
            if context.retry(f"looking for the {kind} {name}", lambda key=(kind, name): context.find(*key)) is None:  # type: ignore[misc]
                context.journal.resource(kind, name, ResourceState.DELETED)
        pending = [key for key in pending if record.has_made(*key)]
