"""Load and trouble put together: what stands between the sandbox's services, their nodes and their clients."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from contextlib import suppress

from starlette.types import ASGIApp

from tui.sandbox.batch.records import NodeState, Pool, PoolState
from tui.sandbox.batch.service import BatchService
from tui.sandbox.simulation.api import Operations, fault_operations, seed_operations, trouble_operations
from tui.sandbox.simulation.faults import FaultDesk, FaultInjector
from tui.sandbox.simulation.files import SimulatedFiles
from tui.sandbox.simulation.nodes import SimulatedHost
from tui.sandbox.simulation.refusals import Service
from tui.sandbox.simulation.seeder import Seeder
from tui.sandbox.simulation.trouble import TroubleDesk
from tui.sandbox.simulation.trouble_gate import TroubleGate

_TICK_S = 0.25
_MOST_OVERDUE = 10.0
"""Preemptions a pool without working Spot nodes is still owed."""
_WORKING = (NodeState.IDLE, NodeState.RUNNING)


class Simulation:
    """Simulates in one service. Idle, and free of cost, until somebody wants load or trouble."""

    def __init__(
        self, service: BatchService, host: SimulatedHost, troubles: TroubleDesk, *, allows_faults: bool = False
    ) -> None:
        self._service = service
        self._troubles = troubles
        self._faults = FaultDesk() if allows_faults else None
        self._seeder = Seeder(service, host)
        self._wanted = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None
        self._preemptions_due: defaultdict[Pool, float] = defaultdict(float)
        self._random = random.Random(0)
        host.attach(service.state)
        service.before_files = SimulatedFiles(service, host).bring_up_to_date

    @property
    def operations(self) -> Operations:
        """What the Batch port answers to beside the service's own operations."""
        return {
            **seed_operations(self._seeder, self._wanted.set),
            **trouble_operations(self._troubles, self._wanted.set),
            **({} if self._faults is None else fault_operations(self._faults)),
        }

    def before(self, service: Service, app: ASGIApp) -> ASGIApp:
        """What clients of `app` meet first."""
        troubled = TroubleGate(service, app, self._troubles)
        return troubled if self._faults is None else FaultInjector(service, troubled, self._faults)

    def start(self) -> None:
        """Begin to simulate in a service that was started."""
        self._seeder.resume()
        self._wanted.set()
        self._ticking = asyncio.get_running_loop().create_task(self._tick_on(), name="simulation")

    async def close(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking

    async def _tick_on(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._is_needed():
                self._seeder.recycle()
                self._preempt()
                await asyncio.sleep(_TICK_S)

    def _is_needed(self) -> bool:
        return self._troubles.preempts or any(self._seeder.endless_pools())

    def _preempt(self) -> None:
        """Take as many Spot nodes away as are due by now."""
        for pool in list(self._service.state.pools.values()):
            trouble = self._troubles.of(pool.id)
            if not trouble.preemptions_per_minute or pool.state is not PoolState.ACTIVE:
                continue
            due = self._preemptions_due[pool] + trouble.preemptions_per_minute / 60 * _TICK_S
            self._preemptions_due[pool] = min(due, _MOST_OVERDUE)
            working = [node for node in pool.nodes.values() if not node.is_dedicated and node.state in _WORKING]
            while self._preemptions_due[pool] >= 1 and working:
                self._preemptions_due[pool] -= 1
                node = working.pop(self._random.randrange(len(working)))
                self._service.allocation.preempt(pool, node, trouble.back_after_s)
