"""Whole runs against the fakes: what is made, what comes back, what stays, and how it is said."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import ALL_PARTS, RUN_ID, World, make_world
from tui.core.accounts import SANDBOX_NAME
from tui.core.errors import InputError, LocalError, RunFailed
from tui.core.events import Progress, RunEnded, RunStarted, Step, StepChanged, StepState
from tui.core.ids import RUN_METADATA_KEY
from tui.core.records import ResizeError, TaskCounts
from tui.core.run_description import MANIFEST_BLOB, manifest


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_a_run_ends_with_every_output(world: World) -> None:
    summary = world.execute()
    assert summary.exit_code == 0
    assert summary.outcome == "all 3 tasks succeeded"
    assert world.downloaded() == world.expected()
    assert summary.counts == TaskCounts(succeeded=3)
    assert (summary.downloaded_files, summary.deleted) == (3, ())
    assert summary.downloaded_bytes == sum(map(len, world.expected().values()))


def test_two_machines_that_drew_one_id_are_two_runs(world: World, tmp_path: Path) -> None:
    world.execute()
    other = make_world(tmp_path / "other", files=1)
    other.storage, other.batch, other.clock, other.faults = world.storage, world.batch, world.clock, world.faults
    other.plan = replace(other.plan, created_s=other.plan.created_s + 0.001, delete_after=ALL_PARTS)
    summary = other.execute()
    assert summary.exit_code == RunFailed.exit_code
    assert "exists already" in summary.outcome
    assert other.downloaded() == {}
    assert sorted(world.storage.containers) == sorted(world.plan.containers)
    assert (world.batch.get_pool(RUN_ID), world.batch.get_job(RUN_ID)) != (None, None)
    assert other.journals().read(RUN_ID).leftovers == (), "nothing of it is this run's to delete"


def test_everything_made_bears_the_runs_mark(world: World) -> None:
    world.execute()
    pool, job = world.batch.get_pool(RUN_ID), world.batch.get_job(RUN_ID)
    assert pool is not None
    assert job is not None
    marked = [pool.metadata, job.metadata, *(item.metadata for item in world.storage.list_containers())]
    assert [metadata.get(RUN_METADATA_KEY) for metadata in marked] == [RUN_ID] * 5
    assert sorted(world.storage.containers) == sorted(world.plan.containers)


def test_the_script_and_the_inputs_are_uploaded(world: World) -> None:
    world.execute()
    assert world.storage.contents(world.plan.application_container) == {
        "top_words.py": world.script.read_bytes(),
        MANIFEST_BLOB: manifest(world.plan),
    }
    assert set(world.storage.contents(world.plan.input_container)) == {f"input {index}.txt" for index in range(3)}


def test_steps_are_told_in_order_and_end_done(world: World) -> None:
    world.execute()
    running = [
        event.step for event in world.events if isinstance(event, StepChanged) and event.state is StepState.RUNNING
    ]
    assert running == list(Step)[:-1]
    assert world.states() == dict.fromkeys(list(Step)[:-1], StepState.DONE) | {Step.CLEAN_UP: StepState.SKIPPED}
    assert isinstance(world.events[0], RunStarted)
    assert isinstance(world.events[-1], RunEnded)


def test_the_pools_line_goes_on_after_the_step(world: World) -> None:
    world.execute()
    texts = world.step_texts(Step.POOL)
    assert texts[-2:] == ["resizing 0/2", "steady 2/2"]


def test_waiting_for_nodes_is_said(world: World) -> None:
    world.execute()
    assert "waiting for the pool: resizing, 2 of 2 nodes, 2 starting" in world.notes(Step.MONITOR)


def test_sas_are_narrow_and_outlive_the_run(world: World) -> None:
    world.execute()
    by_container = {(container, permissions) for container, permissions, _, _ in world.storage.signed}
    assert by_container == {
        (world.plan.application_container, "r"),
        (world.plan.input_container, "r"),
        (world.plan.output_container, "cw"),
    }
    created = world.batch.jobs[RUN_ID].created_s
    assert all(expires_s >= created + world.plan.timeout_s for _, _, expires_s, _ in world.storage.signed)


def test_a_failed_task_fails_the_run_and_the_others_come_back(world: World) -> None:
    world.batch.behaviour.exit_codes = {"topword-00001": 5}
    summary = world.execute()
    assert (summary.exit_code, summary.outcome) == (1, "1 of 3 tasks failed")
    logs = {
        "task-logs/topword-00001/stdout.txt": b"out of topword-00001\n",
        "task-logs/topword-00001/stderr.txt": b"",
    }
    assert world.downloaded() == world.expected(without=frozenset({"topword-00001"})) | logs


def test_an_existing_pool_is_used_and_never_deleted(tmp_path: Path) -> None:
    world = make_world(tmp_path, delete_after=ALL_PARTS)
    world.use_existing_pool()
    summary = world.execute()
    assert summary.exit_code == 0
    assert world.batch.get_pool("theirs") is not None
    assert world.batch.deleted == [f"job {RUN_ID}"]
    assert world.faults.calls["create_pool"] == 1
    assert "pool theirs stays" in world.notices


def test_an_existing_pool_prepares_nodes_by_the_job(world: World) -> None:
    world.use_existing_pool()
    world.execute()
    preparation = world.batch.jobs[RUN_ID].spec.preparation_task
    assert preparation is not None
    assert "top_words.py" in preparation.command_line


def test_a_pool_that_is_not_there_is_bad_input(world: World) -> None:
    world.use_existing_pool()
    world.batch.pools.clear()
    summary = world.execute()
    assert summary.exit_code == 2
    assert "no pool called theirs" in summary.outcome


def test_a_pool_without_nodes_is_warned_of(world: World) -> None:
    world.use_existing_pool(nodes=0)
    world.execute()
    assert "pool theirs has no nodes" in world.notices


@pytest.mark.parametrize("kind", ["container", "pool", "job"])
def test_a_name_that_someone_else_took_stops_the_run(world: World, kind: str) -> None:
    other = make_world(world.folder / "other")
    other.batch, other.storage = world.batch, world.storage
    if kind == "container":
        world.storage.create_container(world.plan.output_container, {})
    elif kind == "pool":
        world.use_existing_pool()
        taken = world.batch.pools.pop("theirs")
        world.batch.pools[RUN_ID] = replace(taken, spec=replace(taken.spec, id=RUN_ID))
        world.plan = other.plan
    else:
        world.batch.create_job(replace(world.plan.job_spec(), metadata={}), lambda _: pytest.fail("signs nothing"))
    summary = world.execute()
    assert summary.exit_code == 3
    assert "was not made by this run" in summary.outcome
    assert bool(world.storage.containers) is (kind != "job"), "a job of that name is looked for first"
    assert (kind, RUN_ID) not in [(item.kind, item.name) for item in summary.leftovers]


def test_many_tasks_go_in_chunks_and_once_each(tmp_path: Path) -> None:
    world = make_world(tmp_path, files=250)
    world.batch.behaviour.task_s = 0.1
    summary = world.execute()
    assert summary.exit_code == 0
    assert world.faults.calls["add_tasks"] == 3
    assert sorted(world.batch.jobs[RUN_ID].tasks) == [world.plan.task_id(index) for index in range(250)]
    assert len(world.downloaded()) == 250


def test_a_body_that_is_too_large_is_split(tmp_path: Path) -> None:
    world = make_world(tmp_path, files=40)
    world.batch.behaviour.maximum_tasks_per_body = 10
    assert world.execute().exit_code == 0
    assert world.faults.calls["add_tasks"] == 1 + 2 + 4


def test_refused_tasks_are_named(world: World) -> None:
    world.batch.behaviour.refused_tasks = {"topword-00002": "InvalidPropertyValue"}
    summary = world.execute()
    assert summary.exit_code == 3
    assert "topword-00002: InvalidPropertyValue" in summary.outcome
    assert "topword-00002 was refused" in world.notices
    assert not world.batch.jobs[RUN_ID].ends_when_done


def test_a_task_the_service_was_too_busy_for_is_added_again(world: World) -> None:
    world.batch.behaviour.busy_tasks = {"topword-00001"}
    assert world.execute().exit_code == 0
    assert world.downloaded() == world.expected()


def test_a_task_without_an_answer_is_settled(world: World) -> None:
    world.batch.behaviour.unanswered_tasks = {"topword-00001"}
    assert world.execute().exit_code == 0
    assert world.faults.calls["add_tasks"] == 2


def test_a_job_that_is_over_when_it_should_end_by_itself_is_fine(world: World) -> None:
    def end_it(operation: str) -> None:
        if operation == "end_job_when_done":
            world.clock.advance(60.0)
            job = world.batch.jobs[RUN_ID]
            world.batch.count_tasks(RUN_ID)
            job.ends_when_done = True
            for _ in range(4):
                world.clock.advance(60.0)
                world.batch.count_tasks(RUN_ID)

    world.faults.before_call = end_it
    assert world.execute().exit_code == 0
    assert world.batch.jobs[RUN_ID].state == "completed"


def test_a_pool_on_its_way_out_is_not_used(world: World) -> None:
    world.use_existing_pool()
    world.batch.behaviour.deletion_s = 1e9
    world.batch.delete_pool("theirs")
    summary = world.execute()
    assert summary.exit_code == 3
    assert "The pool is being deleted" in summary.outcome


def test_a_pool_that_cannot_allocate_ends_the_run_within_a_poll(world: World) -> None:
    world.batch.behaviour.resize_errors = (ResizeError("AccountCoreQuotaReached", "no cores are left"),)
    summary = world.execute()
    assert summary.exit_code == 3
    assert "AccountCoreQuotaReached: no cores are left" in summary.outcome
    assert world.clock.monotonic_s() < 10


@pytest.mark.parametrize(("account", "costs"), [("mybatch", True), (SANDBOX_NAME, False)])
def test_a_start_task_that_fails_everywhere_ends_the_run_with_its_reason(
    world: World, account: str, costs: bool
) -> None:
    world.plan = replace(world.plan, account=account)
    world.batch.behaviour.start_task_fails = True
    summary = world.execute()
    assert summary.exit_code == 3
    assert "exit code 7, FailureExitCode" in summary.outcome
    assert "delete the pool" in summary.hint
    assert ("still cost" in summary.hint) is costs


def test_a_time_out_says_why_and_deletes_nothing(tmp_path: Path) -> None:
    world = make_world(tmp_path, delete_after=ALL_PARTS)
    world.batch.behaviour.node_start_s = 1e9
    summary = world.execute()
    assert summary.exit_code == 4
    assert "3 of 3 tasks not done (3 waiting, 0 running); pool resizing, 2 of 2 nodes, 2 starting" in summary.outcome
    assert world.batch.deleted == []
    assert any(item.costs for item in summary.leftovers)


def test_what_was_done_by_the_time_out_is_downloaded(world: World) -> None:
    world.plan = replace(world.plan, timeout_s=60.0)
    world.batch.behaviour.task_s = 40.0
    summary = world.execute()
    assert summary.exit_code == 4
    assert world.downloaded() == world.expected(without=frozenset({"topword-00002"}))


def test_a_job_that_someone_ends_is_said(world: World) -> None:
    world.batch.behaviour.task_s = 1_000.0

    def end_it(operation: str) -> None:
        if operation == "list_nodes":
            world.batch.jobs[RUN_ID].state, world.batch.jobs[RUN_ID].reason = "completed", "UserTerminate"

    world.faults.before_call = end_it
    summary = world.execute()
    assert summary.exit_code == 1
    assert "UserTerminate" in summary.outcome


def test_a_job_that_someone_deletes_ends_the_watching(world: World) -> None:
    def delete_it(operation: str) -> None:
        if operation == "list_nodes":
            world.batch.jobs.clear()

    world.faults.before_call = delete_it
    summary = world.execute()
    assert summary.exit_code == 3
    assert "was deleted" in summary.outcome


def test_an_output_that_is_not_there_keeps_everything(tmp_path: Path) -> None:
    world = make_world(tmp_path, delete_after=ALL_PARTS)
    world.batch.behaviour.tasks_leave_output = False
    summary = world.execute()
    assert summary.exit_code == 3
    assert "input 0_OUTPUT.txt is not in" in summary.outcome
    assert world.batch.deleted == []


def test_a_missing_input_is_found_before_anything_travels(world: World) -> None:
    Path(world.plan.inputs[2].local_path or "").unlink()
    summary = world.execute()
    assert summary.exit_code == 2
    assert "input 2.txt" in summary.outcome
    assert world.faults.calls["put_blob"] == 0


def test_an_output_folder_that_is_a_file_is_refused_before_anything_exists(world: World) -> None:
    world.destination.write_text("a file")
    with pytest.raises(InputError, match="output folder is a file"):
        world.execute()
    assert not world.faults.calls
    assert not (world.folder / "state").exists()


def test_one_run_is_driven_by_one_process(world: World) -> None:
    with world.journals().open(world.plan), pytest.raises(LocalError, match="already being driven"):
        world.execute()


def test_existing_inputs_are_not_uploaded_and_must_be_there(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    remote = tuple(replace(item, local_path=None) for item in world.plan.inputs)
    world.plan = replace(world.plan, inputs=remote, existing_input_container="texts", delete_after=ALL_PARTS)
    world.storage.create_container("texts", {})
    for item in remote[:2]:
        world.storage.store("texts", item.blob_name, b"words")
    lacking = world.execute()
    assert (lacking.exit_code, "input 2.txt" in lacking.outcome) == (2, True)
    world.storage.store("texts", remote[2].blob_name, b"words")
    assert world.execute().exit_code == 0
    assert set(world.storage.contents("texts")) == {item.blob_name for item in remote}
    assert len(world.downloaded()) == 3


def test_a_different_file_in_the_way_stays(world: World) -> None:
    world.destination.mkdir()
    (world.destination / "input 0_OUTPUT.txt").write_text("mine")
    assert world.execute().exit_code == 0
    assert (world.destination / "input 0_OUTPUT.txt").read_text() == "mine"
    assert (world.destination / "input 0_OUTPUT~2.txt").read_bytes() == world.expected()["input 0_OUTPUT.txt"]
    assert "is another file" in world.notices


def test_progress_ends_at_its_total(world: World) -> None:
    world.execute()
    for step in (Step.UPLOAD, Step.TASKS, Step.DOWNLOAD):
        last = [event for event in world.events if isinstance(event, Progress) and event.step is step][-1]
        assert (last.done, last.done_bytes) == (last.total, last.total_bytes)


def test_no_signature_reaches_the_journal_or_an_event(world: World) -> None:
    world.batch.behaviour.refused_tasks = {"topword-00001": "sig=fakesignature"}
    world.execute()
    journal = world.journals().path(RUN_ID)
    assert "fakesignature" not in journal.read_text()
    assert "fakesignature" not in repr(world.events)
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in journal.parents[:2]] == [0o700, 0o700]
