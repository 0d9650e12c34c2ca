"""A run of the failed inputs of an earlier one whose job takes no more tasks; pure.

It reads the earlier run's input container, so nothing is uploaded twice, and works on its pool as long as that exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tui.core.errors import InputError
from tui.core.plan import ExistingPool, NewPool, PlannedInput, RunPlan
from tui.core.units import count_text


@dataclass(frozen=True, slots=True)
class RetryGround:
    """What of an earlier run a further one can rest on, as read from the service."""

    pool_nodes: int | None
    """How many its pool is to have; None where it is gone or being deleted."""
    has_inputs: bool
    """Whether its input container exists."""


def retry_plan(plan: RunPlan, task_ids: Iterable[str], ground: RetryGround, run_id: str, created_s: float) -> RunPlan:
    """The run called `run_id` with exactly the inputs of `task_ids`, in the order of the earlier run.

    It deletes nothing when it ends, since what it rests on is another run's. InputError where it cannot be made.
    """
    if not ground.has_inputs:
        raise InputError("The inputs are gone", f"there is no container {plan.input_container}", "plan a new run")
    wanted = set(task_ids)
    inputs = tuple(
        PlannedInput(item.blob_name, item.size_bytes, None)
        for index, item in enumerate(plan.inputs)
        if plan.task_id(index) in wanted
    )
    if len(inputs) < len(wanted):
        unknown = count_text(len(wanted) - len(inputs), "task")
        raise InputError("Not all inputs are known", f"{unknown} of the group are not of {plan.run_id}")
    return replace(
        plan,
        run_id=run_id,
        inputs=inputs,
        pool=_pool(plan, ground, run_id),
        created_s=created_s,
        delete_after=frozenset(),
        existing_input_container=plan.input_container,
        retry_of=plan.run_id,
    )


def _pool(plan: RunPlan, ground: RetryGround, run_id: str) -> NewPool | ExistingPool:
    """The one of the earlier run, or one like it."""
    if ground.pool_nodes is not None:
        return ExistingPool(plan.pool.id)
    if isinstance(plan.pool, NewPool):
        return replace(plan.pool, id=run_id)
    raise InputError("The pool is gone", f"{plan.pool.id} was not made by {plan.run_id}", "plan a new run")


def retry_words(plan: RunPlan, ground: RetryGround) -> str:
    """What a plan of `retry_plan` will create and what it rests on, for a person to agree to."""
    pool = plan.pool
    nodes = "no nodes yet: resize it" if not ground.pool_nodes else count_text(ground.pool_nodes, "node")
    where = (
        f"on pool {pool.id}, which is there with {nodes}"
        if isinstance(pool, ExistingPool)
        else f"on a new pool {pool.id} of {count_text(pool.nodes, 'node')} {pool.vm_size}: the earlier one is gone"
    )
    return (
        f"The job of {plan.retry_of} is over. A new run {plan.run_id} of {count_text(len(plan.inputs), 'task')} is made"
        f" {where}, with {' and '.join(('job ' + plan.job_id, *('container ' + name for name in plan.containers)))}."
        f" Its inputs are read from {plan.input_container}, which must stay until it is over."
        f" Outputs go to {plan.destination}."
    )
