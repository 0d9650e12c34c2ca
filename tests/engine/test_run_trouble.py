"""Runs against the fakes when the service fails, refuses, stays away, or a person stops them or deletes their tasks."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.engine.world import ALL_PARTS, RUN_ID, Killed, World, before, kill, make_world
from tui.core.errors import AccessRefused, ServiceFault, Throttled, Unreachable
from tui.core.events import RunEnded, StepState
from tui.core.records import TaskCounts
from tui.engine.patience import Patience
from tui.engine.poller import SURROUNDINGS_EVERY_S


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


_OPERATIONS = [
    "get_container",
    "create_container",
    "list_blobs",
    "put_blob",
    "get_pool",
    "list_images",
    "create_pool",
    "get_job",
    "create_job",
    "add_tasks",
    "end_job_when_done",
    "list_tasks",
    "count_tasks",
    "list_nodes",
    "read_blob",
    "delete_job",
    "delete_pool",
    "delete_container",
]


_KINDS = (Unreachable, ServiceFault, Throttled)


@pytest.mark.parametrize(
    ("kinds", "after"),
    [(_KINDS, False), *(((kind, kind, kind), True) for kind in _KINDS)],
    ids=["before", *(f"after-{kind.__name__}" for kind in _KINDS)],
)
@pytest.mark.parametrize("operation", _OPERATIONS)
def test_faults_at_any_call_change_nothing(
    tmp_path: Path, operation: str, kinds: tuple[type[ServiceFault], ...], after: bool
) -> None:
    """Three in a row: one of each kind before the service acts; after it some calls meet the first alone."""
    world = make_world(tmp_path, delete_after=ALL_PARTS)
    for occurrence, error in enumerate(kinds, 1):
        world.faults.fail(operation, error("trouble", operation), occurrence=occurrence, after=after)
    summary = world.execute()
    assert after or world.faults.calls[operation] > len(kinds), "each was met, and got over"
    assert (summary.exit_code, summary.leftovers) == (0, ())
    assert world.downloaded() == world.expected()
    assert world.batch.deleted.count(f"pool {RUN_ID}") >= 1


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_a_refusal_ends_with_exit_3_and_resumes(tmp_path: Path, operation: str) -> None:
    world = make_world(tmp_path, delete_after=ALL_PARTS)
    world.faults.fail(operation, AccessRefused("The key is not accepted", operation, status=403))
    refused = world.execute()
    assert refused.exit_code == 3
    (ended,) = [event for event in world.events if isinstance(event, RunEnded)]
    assert isinstance(ended.problem, AccessRefused), "whoever shows the run learns that access can be mended"
    assert f"runs resume {RUN_ID}" in refused.hint
    failed = [step for step, state in world.journals().read(RUN_ID).steps.items() if state is StepState.FAILED]
    assert len(failed) == 1
    world.faults.heal()
    assert world.execute().exit_code == 0
    assert world.downloaded() == world.expected()


def test_a_key_that_batch_refuses_is_found_before_anything_is_made(world: World) -> None:
    """Storage may take its own key all the same."""
    world.faults.before_call = lambda operation: _refuse() if operation in _BATCH_CALLS else None
    refused = world.execute()
    assert refused.exit_code == 3
    assert (world.storage.containers, refused.leftovers) == ({}, ())
    assert f"runs resume {RUN_ID}" in refused.hint
    world.faults.before_call = lambda _: None
    assert world.execute().exit_code == 0
    assert world.downloaded() == world.expected()


_BATCH_CALLS = frozenset({"get_job", "get_pool", "list_images", "create_pool", "create_job", "list_tasks"})


def _refuse() -> None:
    raise AccessRefused("The key is not accepted", "batch", status=403)


def test_a_service_that_stays_away_ends_the_step_after_its_patience(world: World) -> None:
    world.patience = Patience(step_s=20.0)
    world.faults.fail("create_job", Unreachable("No answer", "batch"), occurrence=0)
    summary = world.execute()
    assert (summary.exit_code, summary.outcome) == (3, "No answer: batch")
    assert "making the job" in world.notices
    assert 10 <= world.clock.monotonic_s() <= 20


def test_a_service_that_stays_away_while_watching_is_waited_for_longer(world: World) -> None:
    world.patience = Patience(step_s=5.0, watch_s=120.0)
    world.faults.fail("count_tasks", Unreachable("No answer", "batch"), occurrence=0)
    summary = world.execute()
    assert summary.exit_code == 3
    assert 120 <= world.clock.monotonic_s() <= 180


def test_throttling_is_waited_out_as_long_as_the_service_asks(world: World) -> None:
    busy = Throttled("Too many requests")
    busy.retry_after_s = 17.0
    world.faults.fail("create_pool", busy)
    assert world.execute().exit_code == 0
    assert 17.0 in world.clock.waits


@pytest.mark.parametrize("operation", ["create_container", "put_blob", "create_pool", "create_job", "add_tasks"])
def test_an_interrupt_stops_at_a_named_step_and_resumes(world: World, operation: str) -> None:
    stop = threading.Event()
    world.faults.before_call = lambda called: stop.set() if called == operation else None
    stopped = world.execute(stop)
    assert stopped.exit_code == 130
    assert stopped.outcome.startswith("stopped at: ")
    world.faults.before_call = lambda _: None
    assert world.execute().exit_code == 0
    assert world.downloaded() == world.expected()


def test_an_interrupt_after_submission_leaves_the_run_going(world: World) -> None:
    stop = threading.Event()
    world.faults.before_call = lambda called: stop.set() if called == "count_tasks" else None
    stopped = world.execute(stop)
    assert stopped.exit_code == 130
    assert "goes on by itself" in stopped.outcome
    assert world.batch.jobs[RUN_ID].ends_when_done
    assert any(item.kind == "pool" and item.costs for item in stopped.leftovers)


def test_an_interrupt_ends_a_wait_for_the_service(world: World) -> None:
    stop = threading.Event()
    world.faults.fail("create_pool", Unreachable("No answer"), occurrence=0)
    world.faults.before_call = lambda _: stop.set() if world.faults.calls["create_pool"] == 2 else None
    assert world.execute(stop).exit_code == 130


def test_tasks_that_someone_deletes_are_missed_not_waited_for(world: World) -> None:
    def delete_one(operation: str) -> None:
        if operation == "list_nodes":
            world.batch.jobs[RUN_ID].tasks.pop("topword-00001", None)

    world.faults.before_call = delete_one
    summary = world.execute()
    assert (summary.exit_code, summary.counts) == (1, TaskCounts(succeeded=2, failed=1))
    assert "1 task deleted meanwhile, such as topword-00001" in summary.outcome
    assert world.downloaded() == world.expected(without=frozenset({"topword-00001"}))


def test_a_task_that_was_deleted_counts_as_failed_also_where_the_job_is_seen_to_end_first(world: World) -> None:
    def delete_one(operation: str) -> None:
        if operation == "list_nodes":
            world.batch.jobs[RUN_ID].tasks.pop("topword-00001", None)
        if operation == "count_tasks" and world.faults.calls["list_tasks"]:
            world.clock.advance(SURROUNDINGS_EVERY_S + 1)  # the job is looked at before every list

    world.faults.before_call = delete_one
    summary = world.execute()
    assert (summary.exit_code, summary.counts) == (1, TaskCounts(succeeded=2, failed=1))
    assert "1 task deleted meanwhile, such as topword-00001" in summary.outcome


def test_a_list_of_many_pages_is_left_between_two_of_them(tmp_path: Path) -> None:
    world = make_world(tmp_path, files=5)
    with pytest.raises(Killed):
        world.execute(write=before(b'"step":"tasks","state":"done"', kill))
    world.batch.behaviour.page_rows = 1
    stop = threading.Event()
    world.faults.before_call = lambda operation: stop.set() if operation == "list_tasks page" else None
    listed = world.faults.calls["list_tasks page"]
    assert world.execute(stop).exit_code == 130
    assert world.faults.calls["list_tasks page"] == listed + 1
