"""What a run still has, and what can be done with it once its execution is over: on the fakes, by the fake clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.desk import GO_ON, delete, desk_of, left_while_running, let_all_tasks_end, remains_of
from tests.engine.world import RUN_ID, World, make_world
from tui.core.deletion import DeletionState, losses, savings
from tui.core.errors import AccessRefused, InputError, LocalError, ServiceFault, Unreachable
from tui.core.events import Notice, RunEnded, RunEvent, Step, StepChanged, StepState, TasksChanged
from tui.core.ids import RUN_METADATA_KEY
from tui.core.plan import DELETE_PARTS
from tui.core.presence import Presence
from tui.core.records import TaskStatus
from tui.core.run_line import RunState, left_text, state_text
from tui.core.specs import JobSpec
from tui.engine.deletion import resources_of
from tui.engine.run_record import ResourceState

COSTS = "its nodes cost by the hour until it is deleted or resized to 0"

# What it still has


def test_a_run_left_while_it_works_loses_tasks_and_logs_and_costs_its_nodes(tmp_path: Path) -> None:
    world = left_while_running(tmp_path)
    remains = remains_of(world)
    assert {item.presence for item in remains.resources} == {Presence.PRESENT}
    assert remains.goes_on
    assert (remains.unfinished_tasks, remains.costing_nodes) == (3, 2)
    texts = [loss.text for loss in losses(remains, DELETE_PARTS) if loss.is_final]
    assert texts[0].startswith("3 tasks not finished")
    assert savings(remains, DELETE_PARTS)[0] == "2 nodes of standard_d2s_v3, by the hour"
    line = desk_of(world).line(RUN_ID)
    assert (line.state, line.can_resume) == (RunState.GOING_ON, True)
    assert left_text(line) == "▲ pool costs · job · data ?"


def test_a_run_whose_outputs_are_here_loses_nothing_for_good(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    remains = remains_of(world)
    assert [loss.text for loss in losses(remains, DELETE_PARTS) if loss.is_final] == []
    assert [loss.text for loss in losses(remains, DELETE_PARTS)] == [
        "stored logs of 3 tasks",
        "states and exit codes of 3 tasks",
    ]
    stored = [blob for name in world.plan.containers for blob in world.storage.contents(name).values()]
    assert (remains.stored.files, remains.stored.size_bytes) == (len(stored), sum(map(len, stored)))


def test_an_output_whose_file_is_gone_counts_as_not_downloaded(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    next(path for path in world.destination.rglob("*") if path.is_file()).unlink()
    assert remains_of(world).not_downloaded.files == 1


def test_another_job_on_the_pool_is_named(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.batch.create_job(JobSpec("theirs", RUN_ID, 0, None, 0, None), lambda _: pytest.fail("nothing to sign"))
    remains = remains_of(world)
    assert remains.other_jobs == ("theirs",)
    assert [loss.text for loss in losses(remains, {"pool"}) if loss.is_final] == ["the pool of 1 other job: theirs"]
    assert losses(remains, {"containers"})[0].is_final is False


def test_what_bears_the_name_but_is_not_ours_is_told_and_not_offered(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.storage.containers[world.plan.input_container].metadata[RUN_METADATA_KEY] = "another-run"
    remains = remains_of(world)
    foreign = [item.name for item in remains.resources if item.presence is Presence.FOREIGN]
    assert foreign == [world.plan.input_container]
    assert world.plan.input_container not in [item.name for item in remains.of_part("containers")]


def test_the_service_corrects_the_journal(tmp_path: Path) -> None:
    world = left_while_running(tmp_path)
    desk = desk_of(world)
    let_all_tasks_end(world)
    from_journal = desk.line(RUN_ID)
    assert from_journal.state is RunState.GOING_ON
    seen = replace(from_journal, remains=desk.glance(RUN_ID, GO_ON))
    assert (seen.state, seen.counts and seen.counts.succeeded) == (RunState.DONE, 3)
    assert state_text(seen) == "◉ tasks done"
    assert left_text(seen) == "▲ 2 nodes cost · job · data"


# Deleting


def test_exactly_what_was_confirmed_is_deleted(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    results = delete(world, ("pool", RUN_ID))
    assert results["pool"].state is DeletionState.DELETED
    assert world.batch.deleted == [f"pool {RUN_ID}"]
    assert list(world.storage.containers) == sorted(world.plan.containers)
    assert [item.kind for item in desk_of(world).line(RUN_ID).leftovers] == ["container"] * 3 + ["job"]


def test_everything_is_deleted_and_only_that(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.storage.create_container("theirs", {})
    results = delete(world)
    assert {item.state for item in results.values()} == {DeletionState.DELETED}
    assert list(world.storage.containers) == ["theirs"]
    assert desk_of(world).line(RUN_ID).exists is False


@pytest.mark.parametrize("begin", [delete, World.execute], ids=["deleted", "resumed"])
def test_what_another_account_does_not_have_is_not_taken_for_deleted(
    tmp_path: Path, begin: Callable[[World], object]
) -> None:
    world = make_world(tmp_path)
    world.execute()
    left = desk_of(world).line(RUN_ID).leftovers
    other = replace(world)
    other.storage.account_name = "otherstorage"
    with pytest.raises(InputError, match="another account"):
        begin(other)
    assert desk_of(world).line(RUN_ID).leftovers == left
    assert {item.kind for item in left} == {"job", "pool", "container"}


def test_what_fails_keeps_the_rest_from_nothing_and_can_be_tried_again(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    no_right = AccessRefused("Refused", "no right to delete pools", code="InsufficientAccountPermissions")
    world.faults.fail("delete_pool", no_right, occurrence=0)
    results = delete(world)
    assert (results["pool"].state, results["pool"].exit_code) == (DeletionState.FAILED, 3)
    assert "no right to delete pools" in results["pool"].detail
    assert results["pool"].refusal is None, "credentials are not asked for where they are good"
    assert {item.state for name, item in results.items() if name != "pool"} == {DeletionState.DELETED}
    assert [(item.kind, item.note) for item in desk_of(world).line(RUN_ID).leftovers] == [("pool", COSTS)]
    world.faults.heal()
    assert delete(world, ("pool", RUN_ID))["pool"].state is DeletionState.DELETED


def test_a_refused_account_ends_a_deletion_and_what_is_left_is_all_that_is_done_later(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    refused = AccessRefused("Refused", "the key was changed", code="AuthenticationFailed")
    world.faults.fail("delete_pool", refused, occurrence=1)
    looks = world.faults.calls["get_container"]
    results = delete(world)
    assert {name: item.state for name, item in results.items()} == {
        "job": DeletionState.GOING,
        "pool": DeletionState.FAILED,
        **dict.fromkeys(world.plan.containers, DeletionState.LEFT),
    }
    assert [item.refusal for item in results.values() if item.refusal] == [refused]
    assert (world.faults.calls["get_container"], world.faults.calls["delete_container"]) == (looks, 0)
    states = world.journals().read(RUN_ID).resources
    assert states == {
        ("job", RUN_ID): ResourceState.DELETING,
        ("pool", RUN_ID): ResourceState.MADE,
        **{("container", name): ResourceState.MADE for name in world.plan.containers},
    }
    again = [(item.kind, item.name) for item in results.values() if item.can_retry]
    assert {item.state for item in delete(world, *again).values()} == {DeletionState.DELETED}
    assert world.faults.calls["delete_job"] == 1


def test_what_someone_else_made_is_never_touched(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.storage.containers[world.plan.input_container].metadata.clear()
    results = delete(world)
    assert results[world.plan.input_container].state is DeletionState.FAILED
    assert world.plan.input_container in world.storage.containers


def test_only_the_runs_own_can_be_asked_for(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.storage.create_container("theirs", {})
    with pytest.raises(InputError, match="theirs"):
        delete(world, ("container", "theirs"))


def test_a_stop_leaves_the_rest(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    stop = threading.Event()
    world.faults.before_call = lambda operation: stop.set() if operation == "delete_job" else None
    results = desk_of(world).delete(RUN_ID, resources_of(world.plan, DELETE_PARTS), stop, lambda _: None)
    assert results[0].state in (DeletionState.GOING, DeletionState.DELETED)
    assert {item.state for item in results[1:]} == {DeletionState.LEFT}
    assert world.batch.deleted == [f"job {RUN_ID}"]


def test_a_pool_that_takes_its_time_is_on_its_way(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.batch.behaviour.deletion_s = 1_000
    result = delete(world, ("pool", RUN_ID))["pool"]
    assert (result.state, result.detail) == (DeletionState.GOING, "the service finishes it by itself")


def test_while_a_process_drives_the_run_nothing_is_deleted(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    with world.journals().open(world.plan), pytest.raises(LocalError, match="being driven"):
        delete(world)


def test_nodes_are_released_and_nothing_else(tmp_path: Path) -> None:
    world = left_while_running(tmp_path)
    desk_of(world).release_nodes(RUN_ID, GO_ON)
    remains = remains_of(world)
    assert (remains.costing_nodes, remains.pool is not None, remains.unfinished_tasks > 0) == (0, True, True)


# Coming back


def test_an_ended_run_is_shown_again_without_a_change(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.batch.behaviour.exit_codes[world.plan.task_id(1)] = 3
    world.execute()
    before, events = world.journals().path(RUN_ID).read_bytes(), list[RunEvent]()
    summary = desk_of(world).revisiting(world.plan)(GO_ON, events.append)
    assert summary is not None
    assert (summary.exit_code, len(summary.leftovers)) == (1, 5)
    rows = next(event for event in events if isinstance(event, TasksChanged)).rows
    assert [row.exit_code for row in rows] == [0, 3, 0]
    assert StepState.DONE in {event.state for event in events if isinstance(event, StepChanged)}
    assert isinstance(events[-1], RunEnded)
    assert world.journals().path(RUN_ID).read_bytes() == before


@pytest.mark.parametrize("is_reachable", [True, False])
def test_where_the_job_is_gone_the_tasks_are_those_of_the_journal(tmp_path: Path, is_reachable: bool) -> None:
    world = make_world(tmp_path)
    world.batch.behaviour.exit_codes[world.plan.task_id(1)] = 3
    world.execute()
    delete(world)
    if not is_reachable:
        world.faults.fail("get_pool", Unreachable("No answer"), occurrence=0)
    events: list[RunEvent] = []
    desk_of(world).revisiting(world.plan)(GO_ON, events.append)
    rows = next(event for event in events if isinstance(event, TasksChanged)).rows
    assert [row.status for row in rows] == [TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.SUCCEEDED]
    assert any(isinstance(event, Notice) for event in events) is not is_reachable


def test_a_run_that_was_left_is_gone_on_with(tmp_path: Path) -> None:
    world = left_while_running(tmp_path)
    events: list[RunEvent] = []
    summary = desk_of(world).running(world.plan)(GO_ON, events.append)
    assert summary is not None
    assert summary.exit_code == 0
    assert world.downloaded() == world.expected()
    steps = [event for event in events if isinstance(event, StepChanged) and event.state is StepState.RUNNING]
    assert Step.UPLOAD not in [event.step for event in steps]


def test_a_fault_of_the_service_is_overcome(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.faults.fail(
        "count_tasks", ServiceFault("The service failed"), occurrence=world.faults.calls["count_tasks"] + 1
    )
    assert remains_of(world).counts.completed == 3
