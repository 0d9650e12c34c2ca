"""Gives waiting tasks to free slots: by job priority, then first come first served; nodes filled evenly or one by one.

Nothing is polled: whatever makes room or work wakes the pool, and all wake-ups of one event-loop turn cost one pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush

from tui.sandbox.batch.node_tasks import NodeTasks
from tui.sandbox.batch.records import Job, JobState, Node, NodeState, Pool, PoolSpec, Task, key_of
from tui.sandbox.batch.state import BatchState


class Scheduler:
    """Matches the tasks of a pool's jobs to the pool's nodes and hands the pairs to `start`."""

    def __init__(self, state: BatchState, node_tasks: NodeTasks, start: Callable[[Job, Task, Node], None]) -> None:
        self._state = state
        self._node_tasks = node_tasks
        self._start = start
        self._woken: dict[str, None] = {}

    def wake(self, pool_id: str) -> None:
        """Look at the pool again, once this turn of the event loop is over."""
        if not self._woken:
            asyncio.get_running_loop().call_soon(self._dispatch_woken)
        self._woken[key_of(pool_id)] = None

    def _dispatch_woken(self) -> None:
        woken, self._woken = self._woken, {}
        for key in woken:
            pool = self._state.pools.get(key)
            if pool is not None:
                self._dispatch(pool)
                self._show_work(pool)

    def _dispatch(self, pool: Pool) -> None:
        slots = pool.spec.task_slots_per_node
        open_nodes = [node for node in pool.nodes.values() if node.accepts_tasks and node.used_slots < slots]
        if not open_nodes:
            return
        jobs = [job for job in self._state.jobs_of(pool) if job.state is JobState.ACTIVE and job.tasks.ready]
        jobs.sort(key=lambda job: (-job.spec.priority, job.created))
        for job in jobs:
            self._dispatch_job(job, pool, [node for node in open_nodes if not self._node_tasks.is_barred(job, node)])

    def _dispatch_job(self, job: Job, pool: Pool, nodes: list[Node]) -> None:
        room = _Room(nodes, pool.spec)
        limit = job.spec.max_parallel_tasks
        while limit < 0 or len(job.attempts) < limit:
            most_free = room.most_free
            task = job.tasks.ready.pop(most_free) if most_free > 0 else None
            if task is None:
                return
            self._start(job, task, room.take(task.spec.required_slots))

    def _show_work(self, pool: Pool) -> None:
        """A node's state says whether it works; it is set once all is handed out, so it does not flicker."""
        for node in pool.nodes.values():
            if node.state in (NodeState.IDLE, NodeState.RUNNING, NodeState.OFFLINE):
                if node.attempts:
                    state = NodeState.RUNNING
                else:
                    state = NodeState.IDLE if node.scheduling_enabled else NodeState.OFFLINE
                if node.state is not state:
                    self._state.move_node(node, state)


class _Room:
    """Nodes by their used slots, so that finding one for a task does not look at thousands of them."""

    def __init__(self, nodes: list[Node], spec: PoolSpec) -> None:
        self._slots = spec.task_slots_per_node
        self._packs = spec.packs
        self._by_used: list[list[tuple[int, Node]]] = [[] for _ in range(self._slots + 1)]
        """Heaps: among nodes of equal use the first one of the pool comes first."""
        for place, node in enumerate(nodes):
            self._by_used[min(node.used_slots, self._slots)].append((place, node))

    @property
    def most_free(self) -> int:
        """Free slots of the emptiest node."""
        return next((self._slots - used for used, nodes in enumerate(self._by_used) if nodes), 0)

    def take(self, slots: int) -> Node:
        """The node for a task of so many slots, no more than `most_free`; they count as used from now on."""
        fitting = range(self._slots - slots + 1)
        used = next(used for used in (reversed(fitting) if self._packs else fitting) if self._by_used[used])
        place, node = heappop(self._by_used[used])
        heappush(self._by_used[used + slots], (place, node))
        return node
