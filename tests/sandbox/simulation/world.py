"""A Batch service that simulates, on a loop that never waits; real pools have scripted nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.sandbox.batch.fakes import SkippingLoop, run_skipping, time_passes, until
from tests.sandbox.batch.world import ACCOUNT, BASE_URL, KEY, World, kill
from tui.sandbox.batch.allocation import PoolTimings
from tui.sandbox.batch.app import create_batch_app
from tui.sandbox.batch.launches import Account
from tui.sandbox.batch.service import BatchService
from tui.sandbox.batch.times import ServiceClock
from tui.sandbox.simulation.nodes import SimulatedHost
from tui.sandbox.simulation.simulation import Simulation
from tui.sandbox.simulation.trouble import TroubleDesk


class SimulatedWorld(World):
    """The service with its simulation, reached through everything that stands before it."""

    simulation: Simulation

    def _make(self) -> None:
        troubles = TroubleDesk()
        nodes = SimulatedHost(self.host, troubles)
        self.service = BatchService(
            account=Account(ACCOUNT, BASE_URL),
            host=nodes,
            state_path=self.folder / "batch.sqlite",
            timings=self.timings,
            clock=ServiceClock(self.loop.unix_ns),
            limits=troubles,
        )
        self.simulation = Simulation(self.service, nodes, troubles)
        batch = create_batch_app(self.service, ACCOUNT, KEY, self.simulation.operations)
        self.app = self.simulation.before("batch", batch)

    async def restart(self, *, killed: bool = False) -> None:
        if killed:
            kill(self.service)
        await self.close()
        self._make()
        await self.start()

    async def start(self) -> None:
        await self.service.start()
        self.simulation.start()

    async def close(self) -> None:
        await self.simulation.close()
        await self.service.close()

    # what most tests need

    async def seed(self, **wishes: object) -> dict[str, Any]:
        answer = await self.post("/sandbox/seed", wishes)
        assert answer.status == 201
        return dict(answer.json)

    async def trouble(self, **wishes: object) -> None:
        answer = await self.send("PUT", "/sandbox/trouble", wishes)
        assert answer.status == 200, answer.body

    async def well_again(self) -> None:
        assert (await self.send("DELETE", "/sandbox/trouble")).json == {"everywhere": {}, "pools": {}}

    async def counts(self, job_id: str = "seeded") -> dict[str, int]:
        return dict((await self.get(f"/jobs/{job_id}/taskcounts"))["taskCounts"])

    async def is_over(self, job_id: str = "seeded") -> None:
        await until(lambda: not self.job(job_id).tasks.unfinished, f"all tasks of {job_id} complete", 100_000.0, 1.0)

    async def ran_for(self, seconds: float) -> None:
        await time_passes(seconds)


def in_simulation(folder: Path, work: Callable[[SimulatedWorld], Awaitable[None]]) -> None:
    """Run `work` against a fresh service whose waiting takes no time."""

    async def live(loop: SkippingLoop) -> None:
        world = SimulatedWorld(folder, loop, PoolTimings(1, 2, 0.5, 0.5))
        await world.start()
        try:
            await work(world)
        finally:
            await world.close()

    run_skipping(live)
