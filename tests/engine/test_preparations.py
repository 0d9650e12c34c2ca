"""Nodes of a pool the run did not make that cannot be prepared for its job: each is told, and the last ends the run."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import RUN_ID, World, make_world
from tui.core.errors import Unreachable
from tui.core.records import NodePreparation, NodeRecord, PoolRecord, TaskCounts
from tui.engine.poller import PollView
from tui.engine.preparations import ASK_EVERY_S, PreparationWatch
from tui.engine.run_tools import RunTools

QUESTION = "list_preparations"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A run on two nodes of somebody's pool."""
    world = make_world(tmp_path, files=6)
    world.use_existing_pool(nodes=2)
    return world


def failing(world: World, *node_ids: str) -> None:
    world.batch.behaviour.preparation_fails_on = frozenset(node_ids)


def test_a_run_that_no_node_can_be_prepared_for_ends_with_the_reason(world: World) -> None:
    failing(world, "n0", "n1")
    summary = world.execute()
    assert summary.exit_code == 3
    assert summary.outcome == (
        "The job cannot run on the pool: the job preparation task failed on every node: "
        "BlobNotFound: The blob does not exist"
    )
    for node in ("n0", "n1"):
        told = f"job preparation task failed on node {node}: BlobNotFound: The blob does not exist"
        assert world.notices.count(told) == 1
    assert world.clock.monotonic_s() < world.plan.timeout_s / 2
    assert f"runs resume {RUN_ID}" in summary.hint


def test_a_node_that_cannot_be_prepared_is_told_while_the_others_work(world: World) -> None:
    failing(world, "n1")
    world.batch.behaviour.task_s = 4 * ASK_EVERY_S
    summary = world.execute()
    assert (summary.exit_code, summary.counts.succeeded) == (0, 6)
    assert world.notices.count("failed on node n1") == 1
    assert "node n0" not in world.notices


NODES = tuple(NodeRecord(f"n{index}", "idle", True, 0, 0, 0.0) for index in range(2))
POOL = PoolRecord("theirs", "active", "steady", "standard_d2s_v3", 2, 0, 2, 0, 1, 0.0)
STUCK = PollView(counts=TaskCounts(active=6), pool=POOL, nodes=NODES)


@pytest.mark.parametrize(
    ("changes", "is_hopeless"),
    [
        ({}, True),
        ({"nodes": (*NODES, replace(NODES[0], id="n2", state="unusable"))}, True),
        ({"nodes": (NODES[0], replace(NODES[1], state="starting"))}, False),
        ({"nodes": (*NODES, replace(NODES[0], id="n2", state="running", running_slots=1))}, False),
        ({"nodes": (*NODES, replace(NODES[0], id="n2", state="preempted"))}, False),
        ({"nodes": ()}, False),
        ({"pool": replace(POOL, allocation_state="resizing")}, False),
        ({"pool": None}, False),
        ({"counts": TaskCounts(active=5, running=1)}, False),
    ],
)
def test_a_pool_is_given_up_only_where_no_node_is_left_to_try(
    world: World, changes: dict[str, object], is_hopeless: bool
) -> None:
    tools = RunTools(world.batch, world.storage, world.clock, world.journals())
    with world.journals().open(world.plan) as journal:
        watch = PreparationWatch(tools.context(world.plan, journal, threading.Event(), world.events.append))
    watch.failed = {node.id: NodePreparation(node.id, is_over=True, exit_code=3) for node in NODES}
    said = watch.hopeless(replace(STUCK, **changes))  # type: ignore[arg-type]  # fields by name
    assert said == ("the job preparation task failed on every node: exit code 3" if is_hopeless else "")


def test_nobody_is_asked_while_all_is_well(world: World) -> None:
    world.batch.behaviour.task_s = 10 * ASK_EVERY_S
    assert world.execute().exit_code == 0
    assert world.faults.calls[QUESTION] == 0


def test_nobody_is_asked_why_a_node_takes_a_moment(world: World) -> None:
    failing(world, "n0", "n1")
    up_s = world.batch.behaviour.node_start_s

    def take_them_after_a_moment(_: str) -> None:
        if world.clock.monotonic_s() > up_s + ASK_EVERY_S / 2:
            failing(world)

    world.faults.before_call = take_them_after_a_moment
    assert world.execute().exit_code == 0
    assert world.faults.calls[QUESTION] == 0


def test_the_pool_of_the_run_itself_has_nothing_to_ask_for(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.batch.behaviour.start_task_fails = True
    assert world.execute().exit_code == 3
    assert world.faults.calls[QUESTION] == 0


def test_a_question_without_an_answer_is_asked_again(world: World) -> None:
    failing(world, "n0", "n1")
    world.faults.fail(QUESTION, Unreachable("No answer", "batch"))
    assert world.execute().exit_code == 3
    assert world.faults.calls[QUESTION] == 2
