"""Many tasks ended, reactivated or deleted: exactly those, each told truly, whatever the service says meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.engine.desk import left_while_running
from tests.engine.world import World, make_world
from tui.core.bulk import TaskOutcome
from tui.core.errors import AccessRefused, BatchTuiError, Conflict, Interrupted, NotFound, Throttled, Unreachable
from tui.core.events import Notice
from tui.core.records import TaskStatus
from tui.core.task_reading import TaskAction
from tui.engine.job_desk import JobDesk
from tui.engine.run_tools import RunTools
from tui.engine.task_changes import GONE, OVER, WORKERS

NO_ANSWER = Unreachable("No answer")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def desk_of(world: World) -> JobDesk:
    return JobDesk(
        world.plan, lambda: RunTools(world.batch, world.storage, world.clock, world.journals(), world.patience)
    )


def ids_of(world: World) -> list[str]:
    return [world.plan.task_id(index) for index in range(len(world.plan.inputs))]


class Told:
    """What a change told, and how it ended."""

    def __init__(
        self, world: World, action: TaskAction, task_ids: list[str] | None = None, stop: threading.Event | None = None
    ) -> None:
        self.outcomes: dict[str, TaskOutcome] = {}
        self.notices: list[str] = []
        self.error: BatchTuiError | None = None
        try:
            desk_of(world).change_tasks(action, task_ids or ids_of(world), stop or threading.Event(), self.tell)
        except BatchTuiError as error:
            self.error = error

    def tell(self, told: TaskOutcome | Notice) -> None:
        if isinstance(told, Notice):
            self.notices.append(told.text)
            return
        assert told.task_id not in self.outcomes, "each is told once"
        self.outcomes[told.task_id] = told

    @property
    def problems(self) -> list[str]:
        return sorted(outcome.problem for outcome in self.outcomes.values())

    @property
    def notes(self) -> list[str]:
        return sorted(outcome.note for outcome in self.outcomes.values())


def statuses(world: World) -> list[TaskStatus]:
    found = [world.batch.get_task(world.plan.job_id, task_id) for task_id in ids_of(world)]
    return [detail.row.status for detail in found if detail is not None]


def test_exactly_the_tasks_that_were_named_are_changed(tmp_path: Path) -> None:
    world = left_while_running(tmp_path, 4)
    first, second, _, fourth = ids_of(world)
    told = Told(world, "delete", [second, fourth])
    assert (sorted(told.outcomes), told.problems, told.notes, told.error) == (
        [second, fourth],
        ["", ""],
        ["", ""],
        None,
    )
    assert [world.batch.get_task(world.plan.job_id, task_id) is None for task_id in ids_of(world)] == [
        False,
        True,
        False,
        True,
    ]
    Told(world, "terminate", [first])
    assert statuses(world)[0] is TaskStatus.FAILED
    assert statuses(world)[1] is not TaskStatus.FAILED


def test_what_is_over_or_gone_already_is_told_so_and_not_as_failed(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    gone, *over = ids_of(world)
    world.batch.delete_task(world.plan.job_id, gone)
    ended = Told(world, "terminate")
    assert (ended.problems, ended.notes) == (["", "", ""], sorted([GONE, OVER, OVER]))
    assert statuses(world) == [TaskStatus.SUCCEEDED, TaskStatus.SUCCEEDED]
    deleted = Told(world, "delete")
    assert (deleted.problems, deleted.notes) == (["", "", ""], ["", "", GONE])
    again = Told(world, "reactivate", over)
    assert all("No such task" in problem for problem in again.problems), "what is gone cannot run again"


def test_what_is_not_found_for_another_reason_has_failed(world: World) -> None:
    world.execute()
    world.faults.fail("delete_task", NotFound("No such place", code="ResourceNotFound"), occurrence=0)
    assert Told(world, "delete").problems == ["No such place"] * 3


def test_each_task_that_cannot_be_changed_says_why_and_holds_nothing_up(world: World) -> None:
    world.execute()
    world.faults.fail("reactivate_task", Conflict("The task succeeded", "TaskSucceeded"))
    assert Told(world, "reactivate").problems == ["", "", "The task succeeded: TaskSucceeded"]


@pytest.mark.parametrize("action", ["terminate", "reactivate", "delete"])
def test_an_unanswered_try_is_made_again_and_what_it_did_is_not_taken_for_something_found(
    tmp_path: Path, action: TaskAction
) -> None:
    world = make_world(tmp_path, files=1) if action == "reactivate" else left_while_running(tmp_path, 1)
    if action == "reactivate":
        world.execute()
        world.faults.fail("reactivate_task", Conflict("It is active", "TaskNotCompleted"), occurrence=2)
    world.faults.fail(f"{action}_task", NO_ANSWER, after=True)
    told = Told(world, action)
    assert (told.problems, told.notes) == ([""], [""])
    assert world.faults.calls[f"{action}_task"] == 2
    assert "trying again" in told.notices[0]


def test_a_service_that_asks_to_slow_down_is_given_the_time_it_asks_for(world: World) -> None:
    world.execute()
    busy = Throttled("Too many requests")
    busy.retry_after_s = 20.0
    world.faults.fail("delete_task", busy, occurrence=2)
    before_s = world.clock.monotonic_s()
    told = Told(world, "delete")
    assert told.problems == ["", "", ""]
    assert world.clock.monotonic_s() - before_s >= 20.0
    assert "trying again in 20 s" in told.notices[0]


def test_never_more_than_a_few_requests_are_under_way_at_once(tmp_path: Path) -> None:
    world = left_while_running(tmp_path, 4 * WORKERS)
    most, together = 0, threading.Barrier(WORKERS)

    def begun(operation: str) -> None:
        nonlocal most
        if operation == "delete_task":
            together.wait(timeout=20)
            most = max(most, sum(thread.name.startswith("delete-") for thread in threading.enumerate()))

    world.faults.before_call = begun
    assert Told(world, "delete").problems == [""] * 4 * WORKERS
    assert most == WORKERS


def test_once_it_is_to_stop_what_is_under_way_is_awaited_and_nothing_more_begun(tmp_path: Path) -> None:
    world = left_while_running(tmp_path, 3 * WORKERS)
    stop = threading.Event()
    world.faults.before_call = lambda operation: stop.set() if operation == "delete_task" else None
    told = Told(world, "delete", stop=stop)
    assert isinstance(told.error, Interrupted)
    assert 0 < len(told.outcomes) <= WORKERS
    there = {task_id for task_id in ids_of(world) if world.batch.get_task(world.plan.job_id, task_id) is not None}
    assert there == set(ids_of(world)) - set(told.outcomes), "what was not told of was not touched"


def test_one_that_may_have_been_done_when_it_was_stopped_is_told_as_failed(tmp_path: Path) -> None:
    world, stop = left_while_running(tmp_path, 1), threading.Event()
    world.faults.fail("delete_task", NO_ANSWER, after=True)
    world.faults.before_call = lambda operation: stop.set() if operation == "delete_task" else None
    told = Told(world, "delete", stop=stop)
    assert (told.problems, told.error) == (["No answer"], None)


def test_refused_access_ends_it_and_the_rest_is_left(tmp_path: Path) -> None:
    world = left_while_running(tmp_path, 3 * WORKERS)
    world.faults.fail("terminate_task", AccessRefused("The key is not accepted"), occurrence=0)
    told = Told(world, "terminate")
    assert isinstance(told.error, AccessRefused)
    assert told.outcomes == {}
    assert world.faults.calls["terminate_task"] <= WORKERS


def test_where_only_the_right_is_lacking_each_says_so(world: World) -> None:
    world.execute()
    lacking = AccessRefused("No right to delete", code="InsufficientAccountPermissions")
    world.faults.fail("delete_task", lacking, occurrence=2)
    told = Told(world, "delete")
    assert (told.problems, told.error) == (["", "", "No right to delete"], None)


def test_what_is_there_and_which_logs_are_stored_is_read(tmp_path: Path) -> None:
    world, go_on = left_while_running(tmp_path), threading.Event()
    desk, (first, *others) = desk_of(world), ids_of(world)
    world.storage.store(world.plan.output_container, world.plan.log_name(first, "stdout.txt"), b"counting")
    ground = desk.read_task_ground([first, *others], go_on)
    assert ground.job == desk.read_job()
    assert ground.node_ids == {node.id for node in world.batch.list_nodes(world.plan.pool.id)} != frozenset()
    assert ground.logged == frozenset({first})
    assert desk.read_task_ground([str(number) for number in range(100)], go_on).logged == frozenset({first}), (
        "by one list"
    )
    world.faults.fail("list_blobs", AccessRefused("No right to read"), occurrence=0)
    assert desk.read_task_ground([first], go_on).logged is None
    world.faults.heal()
    world.storage.delete_container(world.plan.output_container)
    assert desk.read_task_ground([first], go_on).logged == frozenset()
    world.batch.jobs.clear()
    assert desk.read_task_ground([first], go_on).job is None
