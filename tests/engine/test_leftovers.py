"""An account looked over and swept: exactly what was confirmed goes, whoever made the rest."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import RUN_ID, World, make_world
from tui.core.deletion import DeletionResult, DeletionState
from tui.core.errors import AccessRefused, Unreachable
from tui.core.leftovers import GRACE_S, LeftResource, LeftRun
from tui.core.records import TaskStatus
from tui.core.redaction import Secret
from tui.core.rerun import retry_plan
from tui.core.specs import JobSpec
from tui.engine.job_desk import JobDesk
from tui.engine.leftovers import Confirmed, find_left, sweep
from tui.engine.run_tools import RunTools

GO_ON = threading.Event()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A finished run that kept everything, and beside it what someone else made."""
    made = make_world(tmp_path / "first")
    made.use_existing_pool()
    made.plan = replace(made.plan, pool=make_world(tmp_path / "unused").plan.pool)
    made.storage.create_container("theirs", {"owner": "someone else"})
    assert made.execute().exit_code == 0
    return made


def tools_of(world: World, folder: Path | None = None) -> RunTools:
    """This machine's, or with `folder` those of one that has no journals."""
    journals = world.journals() if folder is None else make_world(folder).journals()
    return RunTools(world.batch, world.storage, world.clock, journals, world.patience)


def only_run(tools: RunTools) -> LeftRun:
    (run,) = find_left(tools, "fake", GO_ON)
    assert run.run_id == RUN_ID
    return run


def swept(tools: RunTools, run: LeftRun, *kinds: str) -> list[DeletionResult]:
    chosen = tuple(item for item in run.resources if not kinds or item.kind in kinds)
    told: list[DeletionResult] = []
    results = sweep(tools, "fake", [Confirmed(run.run_id, chosen)], GO_ON, told.append)
    assert [item for item in results if item not in told] == []
    return list(results)


def test_what_a_finished_run_kept_is_left_over(world: World) -> None:
    run = only_run(tools_of(world))
    assert [item.kind for item in run.resources] == ["job", "pool", "container", "container", "container"]
    assert [item.kind for item in run.resources if item.costs] == ["pool"]
    assert not any(item.loss for item in run.resources)


def test_a_machine_that_did_not_download_is_told_what_it_would_lose(world: World, tmp_path: Path) -> None:
    run = only_run(tools_of(world, tmp_path / "other"))
    assert [item.name for item in run.resources if item.loss] == [world.plan.output_container]


@pytest.mark.parametrize("here", [True, False], ids=["journal here", "no journal"])
def test_exactly_what_was_confirmed_goes(world: World, tmp_path: Path, here: bool) -> None:
    tools = tools_of(world, None if here else tmp_path / "other")
    results = swept(tools, only_run(tools), "pool", "job")
    assert {item.state for item in results} <= {DeletionState.DELETED, DeletionState.GOING}
    assert world.batch.get_job(RUN_ID) is None
    assert world.batch.get_pool(RUN_ID) is None
    assert world.batch.get_pool("theirs") is not None
    assert sorted(world.storage.containers) == sorted([*world.plan.containers, "theirs"])
    left_kinds = {item.kind for item in world.journals().read(RUN_ID).leftovers}
    assert left_kinds == ({"container"} if here else {"pool", "job", "container"})


def test_all_of_it_swept_leaves_only_what_is_not_ours(world: World, tmp_path: Path) -> None:
    tools = tools_of(world, tmp_path / "other")
    swept(tools, only_run(tools))
    assert list(world.storage.containers) == ["theirs"]
    assert find_left(tools, "fake", GO_ON) == ()


def test_a_name_that_was_taken_over_since_stays(world: World, tmp_path: Path) -> None:
    tools = tools_of(world, tmp_path / "other")
    run, name = only_run(tools), world.plan.output_container
    world.storage.delete_container(name)
    world.storage.create_container(name, {"owner": "someone else"})
    results = {item.name: item for item in swept(tools, run, "container")}
    assert results[name].state is DeletionState.FAILED
    assert name in world.storage.containers
    assert results[world.plan.input_container].state is DeletionState.DELETED


def test_a_failure_keeps_nothing_else_and_is_told(world: World, tmp_path: Path) -> None:
    tools = tools_of(world, tmp_path / "other")
    run = only_run(tools)
    world.faults.fail("delete_pool", Unreachable("Batch cannot be reached", "no route"), occurrence=0)
    states = {item.kind: item.state for item in swept(tools, run, "pool", "job")}
    assert states == {"pool": DeletionState.FAILED, "job": DeletionState.DELETED}


def test_once_stopped_nothing_more_is_deleted(world: World, tmp_path: Path) -> None:
    tools, stop = tools_of(world, tmp_path / "other"), threading.Event()
    run = only_run(tools)
    world.faults.before_call = lambda operation: stop.set() if operation == "delete_job" else None
    results = sweep(tools, "fake", [Confirmed(RUN_ID, run.resources)], stop, lambda _: None)
    assert [item.state for item in results if item.kind != "job"] == [DeletionState.LEFT] * 4
    assert world.batch.get_pool(RUN_ID) is not None


def test_a_run_whose_tasks_go_on_is_needed(tmp_path: Path) -> None:
    world, stop = make_world(tmp_path / "first"), threading.Event()
    world.faults.before_call = lambda operation: stop.set() if operation == "count_tasks" else None
    world.execute(stop)
    world.faults.before_call = lambda _: None
    for tools in (tools_of(world), tools_of(world, tmp_path / "other")):
        run = only_run(tools)
        assert (run.needed_for, run.resources) == ("3 tasks not finished", ())
    assert TaskStatus.SUCCEEDED not in {row.status for page in world.batch.list_tasks(RUN_ID) for row in page.rows}


def test_what_was_given_up_elsewhere_is_left_over_after_a_day(tmp_path: Path) -> None:
    world = make_world(tmp_path / "first")
    world.storage.create_container(world.plan.input_container, world.plan.mark)
    tools = tools_of(world, tmp_path / "other")
    assert only_run(tools).resources == ()
    world.clock.advance(GRACE_S)
    assert [item.name for item in only_run(tools).resources] == [world.plan.input_container]


def test_what_a_further_run_of_the_failed_inputs_works_with_is_needed(world: World, tmp_path: Path) -> None:
    first, stop = world.plan, threading.Event()
    ground = JobDesk(first, lambda: tools_of(world)).read_ground()
    world.plan = retry_plan(first, [first.task_id(0)], ground, "again", world.clock.now_s())
    world.faults.before_call = lambda operation: stop.set() if operation == "count_tasks" else None
    world.execute(stop)
    world.faults.before_call = lambda _: None
    for tools in (tools_of(world), tools_of(world, tmp_path / "other")):
        again, original = find_left(tools, "fake", GO_ON)
        assert (again.run_id, again.needed_for) == ("again", "1 task not finished")
        assert (original.run_id, original.resources) == (RUN_ID, ())
        assert "run again works with" in original.needed_for


def test_a_pool_with_someone_elses_job_is_needed(world: World) -> None:
    world.batch.create_job(JobSpec("their-job", RUN_ID, 0, None, 0, None), lambda _: Secret(""))
    assert only_run(tools_of(world)).needed_for == f"job their-job works with pool {RUN_ID}"
    world.batch.terminate_job("their-job", "done")
    assert only_run(tools_of(world)).needed_for == ""


@pytest.mark.parametrize("here", [True, False], ids=["journal here", "no journal"])
def test_a_refused_account_is_not_asked_run_after_run(world: World, tmp_path: Path, here: bool) -> None:
    tools = tools_of(world, None if here else tmp_path / "other")
    run = only_run(tools)
    refused = AccessRefused("Refused", "the key was changed", code="AuthenticationFailed")
    world.faults.fail("delete_pool", refused, occurrence=0)
    others = Confirmed(
        "another-run", (LeftResource("job", "another-run", False), LeftResource("pool", "another-run", True))
    )
    told: list[DeletionResult] = []
    results = sweep(tools, "fake", [Confirmed(run.run_id, run.resources), others], GO_ON, told.append)
    states = [item.state for item in results]
    assert states == [DeletionState.GOING, DeletionState.FAILED, *[DeletionState.LEFT] * 5]
    assert [item.refusal for item in results if item.refusal] == [refused]
    assert (world.faults.calls["delete_pool"], world.faults.calls["delete_container"]) == (1, 0)
    assert [item for item in results if item not in told] == []
