"""The job of a run asked: what decides whether tasks run, and what a new run of some of them could rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import RUN_ID, World, make_world
from tests.support.fake_batch import FakeBatch
from tests.support.runs import NOW_S
from tui.core.plan import NewPool
from tui.core.records import TaskCounts, TaskDetail, TaskPage, TaskRow, TaskState
from tui.core.rerun import RetryGround
from tui.core.waiting import first_cause
from tui.engine.job_desk import JobDesk
from tui.engine.run_tools import RunTools


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def desk_of(world: World) -> JobDesk:
    return JobDesk(
        world.plan, lambda: RunTools(world.batch, world.storage, world.clock, world.journals(), world.patience)
    )


def test_before_anything_was_made_the_job_is_what_is_missing(world: World) -> None:
    found = desk_of(world).look()
    assert (found.job, found.pool, found.nodes) == (None, None, ())
    assert "job is gone" in first_cause(found).sentence


def test_a_run_that_is_over_has_nothing_waiting(world: World) -> None:
    world.execute()
    found = desk_of(world).look()
    assert desk_of(world).read_job() == found.job
    assert found.job is not None
    assert found.counts.succeeded == len(world.plan.inputs)
    assert found.waiting is None


def test_a_preparation_that_failed_is_what_keeps_tasks_waiting(world: World) -> None:
    world.use_existing_pool()
    world.batch.behaviour.preparation_fails_on = frozenset({"n0"})
    world.execute()
    world.batch.jobs[RUN_ID].state = "active"  # as before the watching gave up
    cause = first_cause(desk_of(world).look())
    assert cause.verdict == "blocked"
    assert "preparation task failed on 1 of 1 node (BlobNotFound: The blob does not exist)" in cause.sentence


def test_only_a_job_that_prepares_its_nodes_is_asked_how_that_went(world: World) -> None:
    world.batch.behaviour.task_s = 10_000.0
    world.execute()
    world.batch.jobs[RUN_ID].state = "active"
    desk_of(world).look()
    assert world.faults.calls["list_preparations"] == 0


class WaitingBatch(FakeBatch):
    """Its job has one task that waits for others, as the test says; those given as `states` exist."""

    waiting: TaskDetail
    states: Mapping[str, TaskState]

    def count_tasks(self, job_id: str) -> TaskCounts:  # noqa: ARG002
        return TaskCounts(active=1)

    def list_tasks(self, job_id: str, changed_since: str | None = None) -> Iterator[TaskPage]:  # noqa: ARG002
        yield TaskPage((self.waiting.row,), NOW_S, 0)

    def get_task(self, job_id: str, task_id: str) -> TaskDetail | None:  # noqa: ARG002
        if task_id == self.waiting.row.id:
            return self.waiting
        state = self.states.get(task_id)
        return None if state is None else replace(self.waiting, row=TaskRow(task_id, state, ""))


@pytest.mark.parametrize(
    ("named", "ranges", "states", "unmet", "unread"),
    [
        (("a", "b"), (), {"a": TaskState.COMPLETED}, ("b",), 0),
        ((), ((4, 6),), {"4": TaskState.COMPLETED, "5": TaskState.RUNNING}, ("5",), 1),
        ((), ((1, 1_000_000),), {str(n): TaskState.COMPLETED for n in range(100)}, (), 1_000_000 - 20),
        (("a",), ((1, 2),), {"a": TaskState.COMPLETED, "1": TaskState.ACTIVE, "2": TaskState.ACTIVE}, ("1", "2"), 0),
    ],
    ids=["one by one", "a range with an id that may have zeros in front", "a huge range", "both"],
)
def test_dependencies_are_looked_at_and_what_was_not_is_counted(
    world: World,
    named: tuple[str, ...],
    ranges: tuple[tuple[int, int], ...],
    states: Mapping[str, TaskState],
    unmet: tuple[str, ...],
    unread: int,
) -> None:
    world.execute()
    batch = WaitingBatch(world.clock, world.storage, world.faults)
    batch.jobs, batch.pools = world.batch.jobs, world.batch.pools
    waiting = TaskRow("waits", TaskState.ACTIVE, "")
    batch.waiting = TaskDetail(waiting, "true", NOW_S, depends_on=named, depends_on_ranges=ranges)
    batch.states = states
    desk = JobDesk(world.plan, lambda: RunTools(batch, world.storage, world.clock, world.journals(), world.patience))
    found = desk.look()
    assert (found.unmet, found.unread) == (unmet, unread)


def test_what_a_new_run_could_rest_on_is_read(world: World) -> None:
    assert desk_of(world).read_ground() == RetryGround(None, has_inputs=False)
    world.execute()
    pool = world.plan.pool
    assert isinstance(pool, NewPool)
    assert desk_of(world).read_ground() == RetryGround(pool.nodes, has_inputs=True)
