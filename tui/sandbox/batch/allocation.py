"""Brings pools to the size they are asked for: nodes come through the service's own states and leave the same way.

A pool is `resizing` from the moment a size is asked for until every node it needs is made; nodes go on to start by
themselves. A pool being deleted is gone once its last node is.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from tui.sandbox.batch.attempts import Attempts, Ending
from tui.sandbox.batch.background import Background
from tui.sandbox.batch.errors import ServiceError
from tui.sandbox.batch.node_tasks import NodeTasks
from tui.sandbox.batch.ports import Limits, NodeHost
from tui.sandbox.batch.records import AllocationState, Node, NodeState, Pool, PoolState, ResizeError
from tui.sandbox.batch.scheduler import Scheduler
from tui.sandbox.batch.state import BatchState
from tui.sandbox.nodes.records import Failure

Deallocation = Literal["requeue", "terminate", "taskcompletion", "retaineddata"]

_STOPPED = "Desired number of {kind} nodes could not be allocated due to a stop resize operation"
_LEAST_MISSED = (
    NodeState.PREEMPTED,
    NodeState.UNUSABLE,
    NodeState.UNKNOWN,
    NodeState.START_TASK_FAILED,
    NodeState.OFFLINE,
    NodeState.CREATING,
    NodeState.STARTING,
    NodeState.WAITING_FOR_START_TASK,
    NodeState.REBOOTING,
    NodeState.IDLE,
    NodeState.RUNNING,
)


@dataclass(frozen=True, slots=True)
class PoolTimings:
    """How long the stations of a node's and a pool's life last; the service takes minutes, the sandbox moments."""

    creating_s: float = 0.3
    starting_s: float = 0.3
    steady_s: float = 0.2
    deleting_s: float = 0.2


class NoLimits:
    """An account that may have everything at once."""

    def granted(self, pool: Pool, wanted: int) -> tuple[int, ResizeError | None]:  # noqa: ARG002 - a protocol's
        return wanted, None

    async def steadied(self, pool: Pool) -> None:  # noqa: ARG002 - a protocol's
        return


class Allocation:
    """Makes, starts, reboots and removes nodes."""

    def __init__(
        self,
        state: BatchState,
        host: NodeHost,
        attempts: Attempts,
        node_tasks: NodeTasks,
        scheduler: Scheduler,
        background: Background,
        timings: PoolTimings,
        limits: Limits,
    ) -> None:
        self._state = state
        self._host = host
        self._attempts = attempts
        self._node_tasks = node_tasks
        self._scheduler = scheduler
        self._background = background
        self._timings = timings
        self._limits = limits
        self._resizing: dict[Pool, asyncio.Task[None]] = {}
        self._coming: dict[Node, asyncio.Task[None]] = {}

    # pools

    def resume(self, pool: Pool) -> None:
        """Take up a stored pool: its nodes boot again, an unfinished resize or deletion goes on."""
        for node in pool.nodes.values():
            is_idle = pool.state is PoolState.ACTIVE and pool.allocation_state is AllocationState.STEADY
            if node.state is NodeState.LEAVING_POOL and is_idle:
                self._background.spawn(self._leave(pool, node, "requeue"), f"removal of {node.id}")
            elif node.state is not NodeState.LEAVING_POOL and pool.state is PoolState.ACTIVE:
                self._bring(pool, node, self._boot_again(pool, node))
        if pool.state is PoolState.DELETING:
            self._background.spawn(self._delete(pool), f"deletion of pool {pool.id}")
        elif pool.allocation_state is not AllocationState.STEADY:
            self._start_resize(pool, "requeue")

    def resize(self, pool: Pool, dedicated: int, low_priority: int, deallocation: Deallocation = "requeue") -> None:
        """Ask for a size; the pool is `resizing` when this returns."""
        if pool.allocation_state is not AllocationState.STEADY:
            raise ServiceError("PoolBeingResized")
        pool.target_dedicated, pool.target_low_priority = dedicated, low_priority
        self._begin_resizing(pool)
        self._start_resize(pool, deallocation)

    def start_first_resize(self, pool: Pool) -> None:
        """A new pool is `resizing` from its birth, even to no nodes at all."""
        self._start_resize(pool, "requeue")

    def stop_resize(self, pool: Pool) -> None:
        """Give up on nodes that are not made yet; the target stays and the pool says that it was not reached."""
        if pool.allocation_state is not AllocationState.RESIZING:
            return
        running = self._resizing.pop(pool, None)
        if running is not None:
            running.cancel()
        self._set_allocation(pool, AllocationState.STOPPING)
        going = (NodeState.CREATING, NodeState.LEAVING_POOL)
        unmade = [node for node in pool.nodes.values() if node.state in going]
        self._background.spawn(self._stop(pool, unmade), f"stop of pool {pool.id}'s resize")

    def remove_nodes(self, pool: Pool, nodes: list[Node], deallocation: Deallocation) -> None:
        if pool.allocation_state is not AllocationState.STEADY:
            raise ServiceError("PoolBeingResized")
        pool.target_dedicated -= sum(node.is_dedicated for node in nodes)
        pool.target_low_priority -= sum(not node.is_dedicated for node in nodes)
        pool.target_dedicated = max(pool.target_dedicated, 0)
        pool.target_low_priority = max(pool.target_low_priority, 0)
        self._begin_resizing(pool)
        for node in nodes:
            self._mark_leaving(node)
        self._start_resize(pool, deallocation)

    def delete(self, pool: Pool) -> None:
        running = self._resizing.pop(pool, None)
        if running is not None:
            running.cancel()
        now = self._state.clock.tick()
        pool.state, pool.state_time, pool.modified = PoolState.DELETING, now, now
        pool.target_dedicated = pool.target_low_priority = 0
        self._set_allocation(pool, AllocationState.RESIZING)
        self._background.spawn(self._delete(pool), f"deletion of pool {pool.id}")

    def _begin_resizing(self, pool: Pool) -> None:
        pool.resize_errors = ()
        self._set_allocation(pool, AllocationState.RESIZING)
        pool.modified = pool.allocation_state_time

    def _set_allocation(self, pool: Pool, state: AllocationState) -> None:
        pool.allocation_state, pool.allocation_state_time = state, self._state.clock.tick()
        self._state.journal.save(pool)

    def _start_resize(self, pool: Pool, deallocation: Deallocation) -> None:
        work = self._background.spawn(self._reach_target(pool, deallocation), f"resize of pool {pool.id}")
        self._resizing[pool] = work

    async def _reach_target(self, pool: Pool, deallocation: Deallocation) -> None:
        leaving = [node for node in pool.nodes.values() if node.state is NodeState.LEAVING_POOL]
        coming: list[Node] = []
        errors: list[ResizeError] = []
        for dedicated, target in ((True, pool.target_dedicated), (False, pool.target_low_priority)):
            staying = [
                node
                for node in pool.nodes.values()
                if node.is_dedicated is dedicated and node.state is not NodeState.LEAVING_POOL
            ]
            staying.sort(key=lambda node: (_LEAST_MISSED.index(node.state), -node.number))
            leaving += staying[: max(0, len(staying) - target)]
            granted, error = self._limits.granted(pool, max(0, target - len(staying)))
            coming += [self._add_node(pool, dedicated) for _ in range(granted)]
            errors += [error] if error is not None else []
        made = [asyncio.get_running_loop().create_future() for _ in coming]
        for node, ready in zip(coming, made, strict=True):
            self._bring(pool, node, self._come_up(pool, node, ready))
        await asyncio.gather(
            asyncio.sleep(self._timings.steady_s),
            *made,
            *(self._leave(pool, node, deallocation) for node in leaving),
        )
        await self._limits.steadied(pool)
        self._resizing.pop(pool, None)
        pool.resize_errors = tuple(errors)
        self._set_allocation(pool, AllocationState.STEADY)

    async def _stop(self, pool: Pool, unmade: list[Node]) -> None:
        await asyncio.gather(
            asyncio.sleep(self._timings.steady_s),
            *(self._leave(pool, node, "requeue") for node in unmade),
        )
        if pool.state is PoolState.DELETING:
            return
        pool.resize_errors = tuple(
            ResizeError("ResizeStopped", _STOPPED.format(kind=kind))
            for kind, dedicated, target in (
                ("dedicated", True, pool.target_dedicated),
                ("low priority", False, pool.target_low_priority),
            )
            if pool.count(dedicated=dedicated) != target
        )
        self._set_allocation(pool, AllocationState.STEADY)

    async def _delete(self, pool: Pool) -> None:
        await asyncio.gather(*(self._leave(pool, node, "requeue") for node in list(pool.nodes.values())))
        await asyncio.sleep(self._timings.deleting_s)
        self._state.remove_pool(pool)

    # nodes

    def _add_node(self, pool: Pool, dedicated: bool) -> Node:
        now = self._state.clock.tick()
        node = Node(
            pool_id=pool.id,
            id=f"tvmps_{secrets.token_hex(32)}_{'d' if dedicated else 'p'}",
            is_dedicated=dedicated,
            number=pool.nodes_made,
            state=NodeState.CREATING,
            state_time=now,
            allocation_time=now,
        )
        pool.nodes_made += 1
        self._state.add_node(pool, node)
        return node

    def _bring(self, pool: Pool, node: Node, work: Coroutine[Any, Any, None]) -> None:
        task = self._background.spawn(work, f"start of {node.id} in {pool.id}")
        self._coming[node] = task
        task.add_done_callback(lambda _: self._coming.pop(node, None) if self._coming.get(node) is task else None)

    async def _come_up(self, pool: Pool, node: Node, made: asyncio.Future[None]) -> None:
        try:
            _, is_made = await asyncio.gather(asyncio.sleep(self._timings.creating_s), self._make(node))
        finally:
            if not made.done():
                made.set_result(None)
        if is_made:
            self._state.move_node(node, NodeState.STARTING)
            await self._start(pool, node)

    async def _boot_again(self, pool: Pool, node: Node) -> None:
        """After a reboot, or because the service itself came back."""
        if node.agent is not None:
            agent, node.agent = node.agent, None
            await agent.close()
        for job in self._state.jobs_of(pool):
            self._node_tasks.forget_preparation(job, node)
        if await self._make(node):
            await self._start(pool, node)

    async def _make(self, node: Node) -> bool:
        """Give the node an agent; one that is made for a node that leaves meanwhile is closed again."""
        node.error = None
        making = asyncio.ensure_future(self._host.create(node.pool_id, node.id))
        try:
            node.agent = await asyncio.shield(making)
        except asyncio.CancelledError:
            with suppress(OSError):
                await (await making).close()
            raise
        except OSError as problem:
            node.error = Failure("ServerError", "NodeCreationFailed", str(problem))
            self._state.move_node(node, NodeState.UNUSABLE)
        return node.error is None

    async def _start(self, pool: Pool, node: Node) -> None:
        await asyncio.sleep(self._timings.starting_s)
        node.boot_time = self._state.clock.tick()
        node.start_task, node.start_task_info = pool.spec.start_task, None
        spec = node.start_task
        if spec is not None and spec["waitForSuccess"]:
            self._state.move_node(node, NodeState.WAITING_FOR_START_TASK)
            if not await self._node_tasks.start(node, spec):
                self._state.move_node(node, NodeState.START_TASK_FAILED)
                return
        self._state.move_node(node, NodeState.IDLE)
        self._scheduler.wake(pool.id)
        if spec is not None and not spec["waitForSuccess"]:
            await self._node_tasks.start(node, spec)

    def reboot(self, pool: Pool, node: Node, deallocation: Deallocation) -> None:
        if node.state not in (NodeState.IDLE, NodeState.RUNNING, NodeState.START_TASK_FAILED):
            raise ServiceError("NodeNotReady")
        self._state.move_node(node, NodeState.REBOOTING)
        self._bring(pool, node, self._reboot(pool, node, deallocation))

    async def _reboot(self, pool: Pool, node: Node, deallocation: Deallocation) -> None:
        await self._clear(node, deallocation)
        await self._boot_again(pool, node)

    def preempt(self, pool: Pool, node: Node, back_after_s: float) -> None:
        """Take a working node away: its tasks are queued again, and it starts anew after a while."""
        if node.state in (NodeState.IDLE, NodeState.RUNNING, NodeState.OFFLINE):
            self._state.move_node(node, NodeState.PREEMPTED)
            self._bring(pool, node, self._come_back(pool, node, back_after_s))

    async def _come_back(self, pool: Pool, node: Node, after_s: float) -> None:
        await self._clear(node, "requeue")
        if node.agent is not None:
            agent, node.agent = node.agent, None
            await agent.close()
        await asyncio.sleep(after_s)
        self._state.move_node(node, NodeState.STARTING)
        await self._boot_again(pool, node)

    def agent_lost(self, node: Node) -> None:
        """The agent of a node that works is gone: the node boots again, its tasks are queued again."""
        pool = self._state.pools.get(node.pool_id.lower())
        if pool is not None and node.state in (NodeState.IDLE, NodeState.RUNNING, NodeState.OFFLINE):
            self._state.move_node(node, NodeState.REBOOTING)
            self._bring(pool, node, self._reboot(pool, node, "requeue"))

    def set_scheduling(self, node: Node, enabled: bool, deallocation: Deallocation) -> None:
        if node.scheduling_enabled is enabled:
            raise ServiceError("NodeAlreadyInTargetSchedulingState")
        node.scheduling_enabled = enabled
        self._state.journal.save(node)
        if not enabled and deallocation != "taskcompletion":
            self._end_attempts(node, deallocation)
        self._scheduler.wake(node.pool_id)

    def _end_attempts(self, node: Node, deallocation: Deallocation) -> None:
        ending = Ending.TERMINATED if deallocation == "terminate" else Ending.REQUEUED
        for attempt in list(node.attempts.values()):
            self._attempts.end(attempt, ending)

    async def _clear(self, node: Node, deallocation: Deallocation) -> None:
        """Return when no task is left on the node."""
        if deallocation not in ("taskcompletion", "retaineddata"):
            self._end_attempts(node, deallocation)
        await self._attempts.over(list(node.attempts.values()))

    def _mark_leaving(self, node: Node) -> None:
        self._state.move_node(node, NodeState.LEAVING_POOL)

    async def _leave(self, pool: Pool, node: Node, deallocation: Deallocation) -> None:
        self._mark_leaving(node)
        coming = self._coming.pop(node, None)
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await self._clear(node, deallocation)
        if node.agent is not None:
            agent, node.agent = node.agent, None
            await agent.close()
        await asyncio.sleep(self._timings.deleting_s)
        await self._host.remove(pool.id, node.id)
        self._state.remove_node(pool, node)
