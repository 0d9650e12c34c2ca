"""When a run's tasks will be done, from what was last read of tasks, pool and nodes."""

from __future__ import annotations

from tui.core.eta import Eta, estimate
from tui.core.records import NodeRecord, PoolRecord
from tui.core.task_tally import TaskTally


def estimate_run(
    expected: int, tally: TaskTally, pool: PoolRecord | None, nodes: tuple[NodeRecord, ...], now_s: float
) -> Eta | None:
    """`expected` tasks in all, those included that are not added yet; None where there is nothing to go by."""
    slots = sum(node.takes_tasks for node in nodes) * (pool.slots_per_node if pool else 1)
    elapsed = [now_s - row.start_time_s for row in tally.running.values() if row.start_time_s is not None]
    counts = tally.counts
    waiting = max(expected - counts.total, 0) + counts.active
    return estimate(waiting, elapsed, tally.durations, slots)
