"""What a run leaves and what it deletes: said, remembered, and done when it is time."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import ALL_PARTS, RUN_ID, World, make_world
from tui.core.accounts import SANDBOX_NAME
from tui.core.events import Step, StepState


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_what_stays_and_costs_is_said(world: World) -> None:
    summary = world.execute()
    assert [(item.kind, item.name, item.costs) for item in summary.leftovers] == [
        *(("container", name, False) for name in world.plan.containers),
        ("pool", RUN_ID, True),
        ("job", RUN_ID, False),
    ]


def test_a_pool_that_stays_on_the_sandbox_is_said_to_cost_on_azure(tmp_path: Path) -> None:
    summary = make_world(tmp_path, account=SANDBOX_NAME).execute()
    notes = {item.kind: item.note for item in summary.leftovers}
    assert notes["pool"] == "nothing costs on the sandbox; on Azure its nodes would, by the hour"
    assert not any(item.costs for item in summary.leftovers)
    assert notes["container"] == notes["job"] == ""


def test_clean_up_deletes_all_that_was_asked_for(tmp_path: Path) -> None:
    world = make_world(tmp_path, delete_after=ALL_PARTS)
    summary = world.execute()
    assert summary.exit_code == 0
    assert world.batch.deleted == [f"job {RUN_ID}", f"pool {RUN_ID}"]
    assert (world.batch.get_pool(RUN_ID), world.batch.get_job(RUN_ID), world.storage.containers) == (None, None, {})
    assert (summary.leftovers, summary.deleted) == ((), ("job", "pool", "containers"))
    assert world.downloaded() == world.expected()


def test_clean_up_says_what_is_still_on_its_way_out(tmp_path: Path) -> None:
    world = make_world(tmp_path, delete_after=frozenset({"pool"}))
    world.batch.behaviour.deletion_s = 10_000
    summary = world.execute()
    pool = next(item for item in summary.leftovers if item.kind == "pool")
    assert pool.note == "is being deleted"
    assert "still being deleted: pool" in world.step_texts(Step.CLEAN_UP)[-1]
    assert summary.deleted == ("pool",)


def test_a_clean_up_that_was_left_out_is_remembered_as_such(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    record = world.journals().read(RUN_ID)
    assert record.steps[Step.CLEAN_UP] is StepState.SKIPPED
    assert record.step_summaries[Step.CLEAN_UP] == "everything is kept"
    assert record.reached is Step.DOWNLOAD


def test_a_clean_up_that_came_too_early_comes_when_the_run_is_over(tmp_path: Path) -> None:
    world = make_world(tmp_path, files=2, delete_after=ALL_PARTS, timeout_s=60.0)
    world.batch.behaviour.task_s = 80.0
    assert world.execute().exit_code == 4
    assert world.journals().read(RUN_ID).step_summaries[Step.CLEAN_UP] == "kept: the run is not over"
    world.batch.jobs[RUN_ID].state = "active"  # its own limit came with ours
    world.batch.jobs[RUN_ID].spec = replace(world.batch.jobs[RUN_ID].spec, max_wall_clock_s=None)
    stop = threading.Event()
    world.faults.before_call = lambda operation: stop.set() if operation == "count_tasks" else None
    assert world.execute(stop).exit_code == 130
    assert world.journals().read(RUN_ID).reached is Step.MONITOR
    world.faults.before_call = lambda _: None
    world.clock.advance(200)
    assert (world.execute().exit_code, world.storage.containers) == (0, {})
