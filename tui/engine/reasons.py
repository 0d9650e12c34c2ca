"""Why tasks do not run, in words, from what was last read of pool, nodes and tasks."""

from __future__ import annotations

from collections import Counter

from tui.core.records import FailureInfo, NodeRecord, PoolRecord, TaskCounts
from tui.core.units import count_text

_NODE_STATES = {
    "waitingforstarttask": "running the start task",
    "starttaskfailed": "whose start task failed",
    "leavingpool": "leaving",
}
"""Where the service's word for a node's state needs another to be read."""


def waiting_note(counts: TaskCounts, pool: PoolRecord | None, nodes: tuple[NodeRecord, ...]) -> str:
    """Why no task runs, or nothing where some do or none waits."""
    if not counts.active or counts.running:
        return ""
    if pool is None:
        return "waiting: the pool is gone"
    if any(node.takes_tasks for node in nodes):
        return ""
    return f"waiting for the pool: {pool_state(pool, nodes)}"


def pool_state(pool: PoolRecord, nodes: tuple[NodeRecord, ...]) -> str:
    """`resizing, 1 of 3 nodes, 1 starting; AccountCoreQuotaReached: …`."""
    states = Counter(_NODE_STATES.get(node.state, node.state) for node in nodes)
    parts = [f"{count} {state}" for state, count in sorted(states.items())]
    allocated = f"{pool.allocation_state}, {pool.current_nodes} of {count_text(pool.target_nodes, 'node')}"
    errors = "".join(f"; {error.code}: {error.message}" for error in pool.resize_errors)
    return ", ".join([allocated, *parts]) + errors


def not_done(counts: TaskCounts, pool: PoolRecord | None, nodes: tuple[NodeRecord, ...]) -> str:
    """What is not done and what the pool was doing meanwhile."""
    left = counts.active + counts.running
    states = f"{counts.active:,} waiting, {counts.running:,} running"
    tasks = f"{left:,} of {count_text(counts.total, 'task')} not done ({states})"
    return f"{tasks}; pool {pool_state(pool, nodes)}" if pool is not None else f"{tasks}; the pool is gone"


def hopeless(pool: PoolRecord | None, nodes: tuple[NodeRecord, ...]) -> str:
    """Why the pool will never run a task without somebody's help; empty while it may."""
    if pool is None or not pool.is_steady:
        return ""
    if pool.resize_errors and not pool.current_nodes:
        return "; ".join(f"{error.code}: {error.message}" for error in pool.resize_errors)
    if nodes and all(node.state == "starttaskfailed" for node in nodes):
        return f"the start task failed on every node: {start_task_failure(nodes[0])}"
    return ""


def start_task_failure(node: NodeRecord) -> str:
    return failure_text(node.start_task_exit_code, node.start_task_failure)


def failure_text(exit_code: int | None, failure: FailureInfo | None) -> str:
    """`exit code 1, FailureExitCode: …`, as far as the service says."""
    exit_text = "" if exit_code is None else f"exit code {exit_code}"
    reason = f"{failure.code}: {failure.message}" if failure is not None else ""
    return ", ".join(part for part in (exit_text, reason) if part) or "no reason given"
