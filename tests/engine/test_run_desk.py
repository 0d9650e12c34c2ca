"""What a run still has, and what can be done with it once its execution is over: on the fakes, by the fake clock."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import RUN_ID, World, make_world
from tui.core.deletion import DeletionResult, DeletionState, Presence, Remains, losses, savings
from tui.core.download_choice import ConflictPolicy, DownloadChoice, DownloadReport
from tui.core.errors import AccessRefused, InputError, LocalError, ServiceFault, Unreachable
from tui.core.events import Notice, Progress, RunEnded, RunEvent, Step, StepChanged, StepState, TasksChanged
from tui.core.ids import RUN_METADATA_KEY
from tui.core.plan import DELETE_PARTS
from tui.core.records import TaskStatus
from tui.core.run_line import RunState, left_text, state_text
from tui.core.specs import JobSpec
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


def fetch(
    world: World,
    choice: DownloadChoice,
    policy: ConflictPolicy = "rename",
    policies: Mapping[str, ConflictPolicy] | None = None,
    events: list[RunEvent] | None = None,
) -> DownloadReport:
    desk = desk_of(world)
    wanted = desk.list_download(RUN_ID, choice, GO_ON)
    publish = (events if events is not None else []).append
    return desk.fetch(RUN_ID, wanted.files, choice.destination, policy, policies or {}, GO_ON, publish)


def files_below(folder: str) -> dict[str, bytes]:
    root = Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


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


def test_what_fails_keeps_the_rest_from_nothing_and_can_be_tried_again(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.faults.fail("delete_pool", AccessRefused("Refused", "no right to delete pools"), occurrence=0)
    results = delete(world)
    assert (results["pool"].state, results["pool"].exit_code) == (DeletionState.FAILED, 3)
    assert "no right to delete pools" in results["pool"].detail
    assert {item.state for name, item in results.items() if name != "pool"} == {DeletionState.DELETED}
    world.faults.heal()
    assert delete(world, ("pool", RUN_ID))["pool"].state is DeletionState.DELETED


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


# Downloading


def test_a_run_that_was_left_is_downloaded_when_its_tasks_are_done(tmp_path: Path) -> None:
    world = left_while_running(tmp_path)
    let_all_tasks_end(world)
    events: list[RunEvent] = []
    report = fetch(world, DownloadChoice(str(world.destination)), events=events)
    assert (len(report.ended("downloaded")), report.exit_code) == (3, 0)
    assert world.downloaded() == world.expected()
    assert [event for event in events if isinstance(event, Progress)][-1].done == 3
    assert not remains_of(world).not_downloaded
    again = fetch(world, DownloadChoice(str(world.destination)))
    assert len(again.ended("there already")) == 3


def test_marked_tasks_with_their_logs(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    elsewhere, marked = str(tmp_path / "elsewhere"), world.plan.task_id(1)
    fetch(world, DownloadChoice(elsewhere, "marked", frozenset({marked}), with_logs=True))
    assert sorted(files_below(elsewhere)) == [
        "input 1_OUTPUT.txt",
        f"task-logs/{marked}/stderr.txt",
        f"task-logs/{marked}/stdout.txt",
    ]


@pytest.mark.parametrize("is_job_there", [True, False], ids=["from the job", "from the journal"])
def test_only_what_succeeded(tmp_path: Path, is_job_there: bool) -> None:
    world = make_world(tmp_path)
    failed = world.plan.task_id(0)
    world.batch.behaviour.exit_codes[failed] = 1
    world.execute()
    world.storage.store(world.plan.output_container, "input 0_OUTPUT.txt", b"half of it")
    if not is_job_there:
        delete(world, ("job", RUN_ID))
    elsewhere = str(tmp_path / "elsewhere")
    fetch(world, DownloadChoice(elsewhere, "succeeded"))
    assert sorted(files_below(elsewhere)) == ["input 1_OUTPUT.txt", "input 2_OUTPUT.txt"]


def test_each_conflict_as_it_was_decided(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for index in range(3):
        (elsewhere / f"input {index}_OUTPUT.txt").write_text("mine")
    choice = DownloadChoice(str(elsewhere))
    wanted = desk_of(world).list_download(RUN_ID, choice, GO_ON)
    assert [found.in_the_way and found.in_the_way.size_bytes for found in wanted.files] == [4, 4, 4]
    decided: dict[str, ConflictPolicy] = {"input 0_OUTPUT.txt": "skip", "input 1_OUTPUT.txt": "overwrite"}
    report = fetch(world, choice, "rename", decided)
    assert [result.end for result in report.results] == ["kept", "downloaded", "downloaded"]
    expected = world.expected()
    assert files_below(str(elsewhere)) == {
        "input 0_OUTPUT.txt": b"mine",
        "input 1_OUTPUT.txt": expected["input 1_OUTPUT.txt"],
        "input 2_OUTPUT.txt": b"mine",
        "input 2_OUTPUT~2.txt": expected["input 2_OUTPUT.txt"],
    }
    assert [item.name for key, item in world.journals().read(RUN_ID).files_moved.items() if key[0] == "down"]


def test_one_file_that_fails_keeps_no_other_back(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.storage.store(world.plan.output_container, "input 0_OUTPUT.txt", b"damaged", md5=b"0" * 16)
    elsewhere = str(tmp_path / "elsewhere")
    report = fetch(world, DownloadChoice(elsewhere))
    assert [result.end for result in report.results] == ["failed", "downloaded", "downloaded"]
    assert [file.blob.name for file in report.to_retry] == ["input 0_OUTPUT.txt"]
    assert sorted(files_below(elsewhere)) == ["input 1_OUTPUT.txt", "input 2_OUTPUT.txt"]


def test_a_service_that_refuses_everything_ends_it(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    world.faults.fail("read_blob", AccessRefused("Refused", "no right"), occurrence=0)
    report = fetch(world, DownloadChoice(str(tmp_path / "elsewhere")))
    assert (report.stopped_by, report.exit_code) == ("Refused: no right", 3)
    assert len(report.to_retry) == 3


def test_a_stopped_download_leaves_nothing_half(tmp_path: Path) -> None:
    world = make_world(tmp_path, files=40)
    world.execute()
    stop, elsewhere = threading.Event(), str(tmp_path / "elsewhere")
    wanted = desk_of(world).list_download(RUN_ID, DownloadChoice(elsewhere), GO_ON)

    def stop_at_the_first_file(event: RunEvent) -> None:
        if isinstance(event, Progress):
            stop.set()

    report = desk_of(world).fetch(RUN_ID, wanted.files, elsewhere, "rename", {}, stop, stop_at_the_first_file)
    assert (report.stopped_by, report.exit_code) == ("stopped", 130)
    assert report.ended("left")
    expected = world.expected()
    assert all(expected[name] == content for name, content in files_below(elsewhere).items())


def test_a_run_that_is_being_driven_can_be_downloaded_beside_it(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    elsewhere = str(tmp_path / "elsewhere")
    with world.journals().open(world.plan):
        report = fetch(world, DownloadChoice(elsewhere))
    assert (len(report.ended("downloaded")), len(files_below(elsewhere))) == (3, 3)


def test_a_container_that_is_gone_is_said(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    delete(world, ("container", world.plan.output_container))
    with pytest.raises(InputError, match="is gone"):
        fetch(world, DownloadChoice(str(tmp_path / "elsewhere")))


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
