"""A run desk on the fakes, and what tests of it have in common."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.engine.world import RUN_ID, World, make_world
from tui.core.deletion import DeletionResult, Remains
from tui.core.plan import DELETE_PARTS
from tui.engine.deletion import Resource, resources_of
from tui.engine.run_desk import RunDesk
from tui.engine.run_tools import RunTools

GO_ON = threading.Event()


def desk_of(world: World) -> RunDesk:
    def tools(account: str) -> RunTools:
        assert account == "fake"
        return RunTools(world.batch, world.storage, world.clock, world.journals(), world.patience)

    return RunDesk(world.journals(), tools, tools, lambda _: world.script)


def left_while_running(folder: Path, files: int = 3) -> World:
    """A run that was left as soon as its tasks were submitted."""
    world, stop = make_world(folder, files), threading.Event()
    world.faults.before_call = lambda operation: stop.set() if operation == "count_tasks" else None
    world.execute(stop)
    world.faults.before_call = lambda _: None
    return world


def let_all_tasks_end(world: World) -> None:
    """Its two nodes take the three tasks in two rounds; each look lets the time that passed have happened."""
    for _ in range(4):
        world.clock.advance(60)
        world.batch.list_pools()


def remains_of(world: World) -> Remains:
    return desk_of(world).remains(RUN_ID, GO_ON)


def delete(world: World, *resources: Resource) -> dict[str, DeletionResult]:
    told: list[DeletionResult] = []
    chosen = resources or resources_of(world.plan, DELETE_PARTS)
    results = desk_of(world).delete(RUN_ID, chosen, GO_ON, told.append)
    assert [item for item in results if item not in told] == [], "every end is told as well as given"
    return {item.name if item.kind == "container" else item.kind: item for item in results}
