"""Runs as the interface knows them: what is left of one when the program is left is what is left then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.engine.desk import GO_ON, desk_of
from tests.engine.world import RUN_ID, World, make_world
from tui.commands.shown_runs import ShownRuns
from tui.core.plan import DELETE_PARTS
from tui.engine.deletion import resources_of


def runs_of(world: World) -> ShownRuns:
    desk = desk_of(world)
    return ShownRuns(desk.journals, desk.tools_of, desk.reachable_tools_of, desk.node_script)


def test_what_was_deleted_since_the_run_ended_is_left_no_more(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    runs = runs_of(world)
    assert {item.kind for item in runs.leftovers(RUN_ID)} == {"pool", "job", "container"}
    runs.delete(RUN_ID, resources_of(world.plan, DELETE_PARTS), GO_ON, lambda _: None)
    assert runs.leftovers(RUN_ID) == ()


def test_a_pool_resized_to_nothing_costs_nothing(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    runs = runs_of(world)
    assert [item.costs for item in runs.leftovers(RUN_ID) if item.kind == "pool"] == [True]
    runs.release_nodes(RUN_ID, GO_ON)
    (pool,) = [item for item in runs.leftovers(RUN_ID) if item.kind == "pool"]
    assert (pool.costs, pool.note) == (False, "resized to 0 nodes")


def test_a_run_without_nodes_is_not_said_to_go_on(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    ended = world.execute()
    runs, stopped = runs_of(world), replace(ended, exit_code=130, outcome="it goes on by itself", hint="resume it")
    assert runs.as_it_is_now(stopped).outcome == "it goes on by itself"
    runs.release_nodes(RUN_ID, GO_ON)
    now = runs.as_it_is_now(stopped)
    assert "resized to 0 nodes" in now.outcome
    assert now.hint == "they run once the pool has nodes again; then resume it"
    assert runs.as_it_is_now(ended).outcome == ended.outcome, "it was over before"
