"""Killed before and after every record of the journal, a run ends the same: nothing twice, nothing lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.engine.world import ALL_PARTS, RUN_ID, KillAt, Killed, World, make_world
from tui.core.errors import Conflict
from tui.core.events import RunStarted, StepState
from tui.core.plan import DeletePart
from tui.engine.journal import append

_RECORDS_AT_LEAST = 40
"""A whole run with its clean-up writes more records than this; the tests find out how many."""

MADE_ONCE = ("create_pool", "create_job")


def _records_of_a_run(folder: Path, delete_after: frozenset[DeletePart]) -> int:
    world = make_world(folder, delete_after=delete_after)
    counting = KillAt(-1, after=False)
    world.execute(write=counting)
    return counting.written


def _check_same_result(world: World) -> None:
    assert world.downloaded() == world.expected()
    added = Counter(task for job in world.batch.jobs.values() for task in job.tasks)
    assert not added or set(added.values()) == {1}
    for operation in MADE_ONCE:
        assert world.faults.calls[operation] <= 1, operation
    for container in ("application", "input", "output"):
        assert world.storage.containers.get(f"{RUN_ID}-{container}") is None or not world.plan.delete_after


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("delete_after", [ALL_PARTS, frozenset[DeletePart]()], ids=["deleting", "keeping"])
def test_a_kill_at_any_record_changes_nothing(tmp_path: Path, after: bool, delete_after: frozenset[DeletePart]) -> None:
    records = _records_of_a_run(tmp_path / "counted", delete_after)
    assert records >= _RECORDS_AT_LEAST - 15
    for number in range(1, records + 1):
        world = make_world(tmp_path / str(number), delete_after=delete_after)
        with pytest.raises(Killed):
            world.execute(write=KillAt(number, after=after))
        summary = world.execute()
        assert summary.exit_code == 0, number
        _check_same_result(world)
        if delete_after:
            assert summary.leftovers == (), number


def test_killed_again_and_again_it_still_ends(tmp_path: Path) -> None:
    world = make_world(tmp_path, delete_after=ALL_PARTS)
    kills = 0
    for _ in range(200):
        try:
            summary = world.execute(write=KillAt(3, after=True))
        except Killed:
            kills += 1
        else:
            break
    assert summary.exit_code == 0
    assert kills > 5
    _check_same_result(world)


def test_a_finished_run_resumed_does_nothing(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    first = world.execute()
    calls = world.faults.calls.copy()
    world.events.clear()
    again = world.execute()
    assert world.faults.calls == calls
    assert (again.exit_code, again.counts, again.downloaded_files) == (0, first.counts, 3)
    assert world.events[0] == RunStarted(RUN_ID, first.started_s, is_resumed=True)
    assert StepState.RUNNING not in world.states().values()


def test_a_timed_out_run_resumed_goes_on_watching(tmp_path: Path) -> None:
    world = make_world(tmp_path, timeout_s=60.0)
    world.batch.behaviour.task_s = 40.0
    assert world.execute().exit_code == 4
    world.batch.jobs[RUN_ID].state = "active"
    world.batch.jobs[RUN_ID].created_s = world.clock.now_s()
    assert world.execute().exit_code == 0
    assert world.downloaded() == world.expected()


def _killed_before(folder: Path, step: str) -> World:
    world = make_world(folder)

    def die(file: int, content: bytes, durable: bool) -> None:
        if f'"step":"{step}","state":"running"'.encode() in content:
            raise Killed
        append(file, content, durable)

    with pytest.raises(Killed):
        world.execute(write=die)
    return world


def test_a_run_resumed_days_later_signs_for_nodes_that_come_up_late(tmp_path: Path) -> None:
    world = _killed_before(tmp_path, "job")
    world.clock.advance(3 * 86_400)
    world.storage.signed.clear()
    assert world.execute().exit_code == 0
    assert world.faults.calls["renew_start_task"] == 1
    soonest = world.clock.now_s()
    scripts = [expires_s for name, _, expires_s, _ in world.storage.signed if name.endswith("-application")]
    assert scripts
    assert min(scripts) > soonest


def test_a_run_resumed_at_once_leaves_its_start_task(tmp_path: Path) -> None:
    world = _killed_before(tmp_path, "job")
    assert world.execute().exit_code == 0
    assert world.faults.calls["renew_start_task"] == 0


def test_a_job_that_ended_before_its_tasks_were_added_is_said(tmp_path: Path) -> None:
    world = _killed_before(tmp_path, "tasks")
    world.clock.advance(3 * 86_400)
    summary = world.execute()
    assert summary.exit_code == 3
    assert "ended before all its tasks were added" in summary.outcome
    assert world.faults.calls["add_tasks"] == 0


def test_a_pool_that_is_gone_is_not_renewed(tmp_path: Path) -> None:
    world = _killed_before(tmp_path, "job")
    world.clock.advance(3 * 86_400)
    world.faults.fail("renew_start_task", Conflict("The pool is being deleted", code="PoolBeingDeleted"))
    assert world.execute().exit_code == 0
    assert "was not renewed" in world.notices


def test_a_run_with_failed_tasks_resumed_says_so_again(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.batch.behaviour.exit_codes = {"topword-00001": 5}
    world.execute()
    assert world.execute().exit_code == 1


def test_uploads_that_arrived_are_not_repeated(tmp_path: Path) -> None:
    world = make_world(tmp_path, files=30)

    def die_at_the_end_of_the_upload(file: int, content: bytes, durable: bool) -> None:
        if b'"step":"upload","state":"done"' in content:
            raise Killed
        append(file, content, durable)

    with pytest.raises(Killed):
        world.execute(write=die_at_the_end_of_the_upload)
    before = world.faults.calls["put_blob"]
    assert world.execute().exit_code == 0
    assert (before, world.faults.calls["put_blob"]) == (32, 32)
