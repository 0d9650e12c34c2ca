"""Nodes that exist as records only: their agents let time pass and answer with outcomes; no process, no directory.

The service around them is the real one: it schedules, retries, requeues, terminates and counts as for any other pool.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from pathlib import Path

from tui.sandbox import folders
from tui.sandbox.batch.ports import NodeAgent, NodeHost
from tui.sandbox.batch.records import Pool, Task, key_of
from tui.sandbox.batch.state import BatchState
from tui.sandbox.nodes import failures
from tui.sandbox.nodes.records import TaskLaunch, TaskOutcome
from tui.sandbox.simulation import outcomes
from tui.sandbox.simulation.output import start_task_output
from tui.sandbox.simulation.recipe import Recipe
from tui.sandbox.simulation.trouble import TroubleDesk

SIMULATION = "simulation"
"""Name of the recipe in the stored spec of a simulated pool; no answer of the API shows it."""

START_TASK_EXIT_CODE = 100
_GRID_S = 0.1
"""Attempts end together at multiples of this, so that many changes cost one pass of the scheduler."""
_PREPARATION_S = 0.3
_NODES_COME_WITHIN_S = 3.0
_WITHOUT_CHURN_S = 3600.0


def recipe_of(pool: Pool | None) -> Recipe | None:
    """The recipe of a simulated pool; None for a real one."""
    wire = None if pool is None else pool.spec.wire.get(SIMULATION)
    return None if wire is None else Recipe.from_wire(wire)


class SimulatedPool:
    """What the agents of one pool share."""

    def __init__(self, recipe: Recipe, find_task: Callable[[str, str], Task | None]) -> None:
        self.recipe = recipe
        self.agents: set[SimulatedAgent] = set()
        self.finished: deque[tuple[str, str]] = deque()
        """Job and task of attempts that ended, oldest first, in pools that never end."""
        self.is_recycling = False
        """Whether each start of a task is paid with a reactivation."""
        self._find_task = find_task

    def outcome(self, key: str) -> tuple[TaskOutcome, float]:
        """How the attempt `key` will end, and after how many seconds."""
        recipe = self.recipe
        name, _, attempt = key.rpartition("#")
        job_id, _, task_id = name.partition("/")
        task = self._find_task(job_id, task_id)
        if task is None:
            return TaskOutcome(0, None), _PREPARATION_S
        outcome = outcomes.outcome_of(
            recipe.seed,
            recipe.failures,
            job_id,
            task_id,
            is_first=attempt == "1",
            may_retry=task.spec.max_retries != 0,
        )
        if outcome.exit_code is None:
            return outcome, _GRID_S
        return outcome, outcomes.duration_s(recipe.seed, job_id, task_id, self.mean_duration_s)

    @property
    def mean_duration_s(self) -> float:
        """As long as lets the pool's slots make as many changes as the recipe asks for."""
        changes = self.recipe.changes_per_s
        if not changes:
            return _WITHOUT_CHURN_S
        changes_per_attempt = 3 if self.is_recycling else 2
        return len(self.agents) * self.recipe.slots * changes_per_attempt / changes


class SimulatedAgent:
    """Lets each attempt last as long as its pool says."""

    def __init__(self, pool: SimulatedPool, *, start_task_fails: bool) -> None:
        self._pool = pool
        self._start_task_fails = start_task_fails
        self._running: dict[str, asyncio.Future[TaskOutcome]] = {}
        if not start_task_fails:
            pool.agents.add(self)

    async def run(self, launch: TaskLaunch) -> TaskOutcome:
        outcome, lasts_s = self._plan(launch.key)
        loop = asyncio.get_running_loop()
        ending: asyncio.Future[TaskOutcome] = loop.create_future()
        self._running[launch.key] = ending
        at = math.ceil((loop.time() + lasts_s) / _GRID_S) * _GRID_S
        timer = loop.call_at(at, _end, ending, outcome)
        try:
            return await ending
        finally:
            timer.cancel()
            del self._running[launch.key]
            if self._pool.recipe.is_endless and "/" in launch.key:
                job_id, _, task_id = launch.key.rpartition("#")[0].partition("/")
                self._pool.finished.append((job_id, task_id))

    def _plan(self, key: str) -> tuple[TaskOutcome, float]:
        if "/" in key:
            return self._pool.outcome(key)
        if self._start_task_fails:
            return TaskOutcome(START_TASK_EXIT_CODE, failures.exit_code_failure()), _PREPARATION_S
        return TaskOutcome(0, None), _PREPARATION_S

    def terminate(self, key: str) -> None:
        ending = self._running.get(key)
        if ending is not None:
            _end(ending, TaskOutcome(-9, failures.ended_by_user()))

    async def close(self) -> None:
        self._pool.agents.discard(self)
        for key in list(self._running):
            self.terminate(key)


class NodeOfFailingStart:
    """A real node's agent whose start task fails without being run; everything else is the agent's own."""

    def __init__(self, agent: NodeAgent) -> None:
        self._agent = agent

    async def run(self, launch: TaskLaunch) -> TaskOutcome:
        if "/" in launch.key:
            return await self._agent.run(launch)
        printed = start_task_output(failed=True)
        folders.make(launch.directory)
        _write(launch.directory / "stdout.txt", printed.stdout)
        _write(launch.directory / "stderr.txt", printed.stderr)
        return TaskOutcome(START_TASK_EXIT_CODE, failures.exit_code_failure())

    def terminate(self, key: str) -> None:
        self._agent.terminate(key)

    async def close(self) -> None:
        await self._agent.close()


def _write(path: Path, text: str) -> None:
    with open(folders.create_file(path), "w", encoding="utf-8") as file:
        file.write(text)


def _end(ending: asyncio.Future[TaskOutcome], outcome: TaskOutcome) -> None:
    if not ending.done():
        ending.set_result(outcome)


class SimulatedHost:
    """Makes the nodes of simulated pools, and leaves those of all others to the real host."""

    def __init__(self, real: NodeHost, troubles: TroubleDesk) -> None:
        self._real = real
        self._troubles = troubles
        self._state: BatchState | None = None
        self._pools: dict[str, SimulatedPool] = {}

    def attach(self, state: BatchState) -> None:
        """The state of the service that uses this host: it tells which pools are simulated."""
        self._state = state

    def root(self, pool_id: str, node_id: str) -> Path:
        return self._real.root(pool_id, node_id)

    async def create(self, pool_id: str, node_id: str) -> NodeAgent:
        pool = self.simulated(pool_id)
        has_trouble = self._troubles.start_task_fails(pool_id, node_id)
        if pool is None:
            agent = await self._real.create(pool_id, node_id)
            return NodeOfFailingStart(agent) if has_trouble else agent
        assert self._state is not None
        number, seed = self._state.node(pool_id, node_id).number, pool.recipe.seed
        await asyncio.sleep(_NODES_COME_WITHIN_S * outcomes.chance(seed, number, "comes"))
        if outcomes.is_unusable(seed, number):
            raise OSError("the node's disk cannot be mounted")
        return SimulatedAgent(pool, start_task_fails=has_trouble or outcomes.start_task_fails(seed, number))

    async def remove(self, pool_id: str, node_id: str) -> None:
        if self.simulated(pool_id) is None or self.root(pool_id, node_id).exists():
            await self._real.remove(pool_id, node_id)

    def simulated(self, pool_id: str) -> SimulatedPool | None:
        """What the agents of a simulated pool share; None for a real pool."""
        assert self._state is not None
        key = key_of(pool_id)
        recipe, known = recipe_of(self._state.pools.get(key)), self._pools.get(key)
        if recipe is None:
            return None
        if known is None or known.recipe != recipe:
            known = self._pools[key] = SimulatedPool(recipe, self._find_task)
        return known

    def _find_task(self, job_id: str, task_id: str) -> Task | None:
        job = None if self._state is None else self._state.jobs.get(key_of(job_id))
        return None if job is None else job.tasks.get(task_id)
