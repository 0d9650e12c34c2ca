"""A plan before it happens, in lines and as JSON: everything that would be created, and no secret."""

from __future__ import annotations

from typing import Any

from tui.core import plan_codec, units
from tui.core.plan import NewPool, RunPlan

_SHOWN_COMMANDS = 3


def plan_lines(plan: RunPlan, endpoint: str) -> list[str]:
    """What `--plan-only` prints; nothing in it has been created."""
    inputs = f"{units.count_text(len(plan.inputs), 'file')}, {units.size_text(plan.input_bytes)}"
    return [
        f"Run {plan.run_id}: {plan.workload.title}, on {plan.account} ({endpoint})",
        "",
        "Would create",
        *(f"  container  {name}" for name in plan.containers),
        f"  {_pool_line(plan)}",
        f"  job        {plan.job_id}, ends by itself once its tasks are done, after "
        f"{units.duration_text(plan.timeout_s)} at the latest",
        f"  tasks      {_tasks(plan)}",
        "",
        f"Inputs       {inputs}",
        *_command_lines(plan),
        f"Outputs      {plan.destination}",
        f"SAS          one a container, read or create and write only, valid for "
        f"{units.duration_text(plan.sas_lifetime_s)}",
        f"Uses         {_use(plan)}",
        f"Afterwards   {_afterwards(plan)}",
    ]


def _pool_line(plan: RunPlan) -> str:
    pool = plan.pool
    if not isinstance(pool, NewPool):
        return f"pool       none: runs on {pool.id}, which stays as it is"
    slots = units.count_text(pool.slots_per_node, "task slot")
    return (
        f"pool       {pool.id}: {pool.dedicated} dedicated and {pool.spot} Spot nodes, {pool.vm_size}, "
        f"{slots} a node, newest verified {pool.image}"
    )


def _tasks(plan: RunPlan) -> str:
    count = len(plan.inputs)
    return plan.task_id(0) if count == 1 else f"{plan.task_id(0)} … {plan.task_id(count - 1)} ({count:,})"


def _command_lines(plan: RunPlan) -> list[str]:
    commands = [plan.command_text(index) for index in range(min(_SHOWN_COMMANDS, len(plan.inputs)))]
    more = len(plan.inputs) - len(commands)
    lines = [f"{'Commands' if not index else '':<13}{command}" for index, command in enumerate(commands)]
    return [*lines, f"{'':<13}and {more:,} more"] if more else lines


def _use(plan: RunPlan) -> str:
    hours = plan.node_hours_at_most
    if hours is None:
        return "no node of its own: the pool costs with or without this run"
    if not plan.is_billed:
        return "this machine; nothing costs money on the sandbox"
    unit = "node-hour" if hours == 1 else "node-hours"
    return f"at most {hours:.3g} {unit} while the run lasts; the pool goes on costing until it is deleted"


def _afterwards(plan: RunPlan) -> str:
    if not plan.delete_after:
        costs = plan.makes_pool and plan.is_billed
        return f"everything is kept{'; a pool that is kept costs by the hour' if costs else ''}"
    return f"{', '.join(sorted(plan.delete_after))} deleted once the outputs are here"


def plan_json(plan: RunPlan, endpoint: str) -> dict[str, Any]:
    """The plan itself, and what follows from it."""
    return {
        "event": "plan",
        "run": plan.run_id,
        "endpoint": endpoint,
        "containers": list(plan.containers),
        "pool": plan.pool.id,
        "job": plan.job_id,
        "tasks": len(plan.inputs),
        "first_commands": [plan.command_text(index) for index in range(min(_SHOWN_COMMANDS, len(plan.inputs)))],
        "sas_lifetime_s": plan.sas_lifetime_s,
        "node_hours_at_most": plan.node_hours_at_most,
        "plan": plan_codec.plan_to_json(plan),
    }
