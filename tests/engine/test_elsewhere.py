"""One run and two machines, each with a journal of its own: whatever the other one does meanwhile, the end is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import ALL_PARTS, RUN_ID, Killed, World, before, kill, make_world
from tui.core.errors import Conflict, NotFound, RunFailed, RunTimedOut, ServiceError
from tui.core.events import RunSummary
from tui.core.plan import DeletePart

_GONE = "The run was ended meanwhile"


def _making(world: World) -> list[str]:
    """Each pool and job that is made from now on, by whichever machine; not what was found to be there."""
    made: list[str] = []

    def note(operation: str) -> None:
        for name, there in (("create_pool", world.batch.pools), ("create_job", world.batch.jobs)):
            if operation == name and RUN_ID not in there:
                made.append(operation)

    world.faults.before_call = note
    return made


def _other_machine(world: World, folder: Path) -> World:
    """It deletes as the first one would."""
    other = world.other_machine(folder)
    other.plan = replace(other.plan, delete_after=world.plan.delete_after)
    return other


@pytest.fixture(params=[ALL_PARTS, frozenset({"job", "pool"})], ids=["all", "job and pool"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    parts: frozenset[DeletePart] = request.param
    return make_world(tmp_path / "first", delete_after=parts)


_RECORDS = (
    b'"step":"upload","state":"done"',
    b'"step":"pool","state":"running"',
    b'"what":"pool","name":"%b","state":"made"' % RUN_ID.encode(),
    b'"step":"job","state":"running"',
    b'"what":"job","name":"%b","state":"making"' % RUN_ID.encode(),
    b'"what":"job","name":"%b","state":"made"' % RUN_ID.encode(),
    b'"step":"tasks","state":"running"',
    b'"step":"tasks","state":"done"',
    b'"kind":"outcome"',
    b'"step":"download","state":"running"',
    b'"step":"download","state":"done"',
    b'"step":"clean up","state":"running"',
)


def _check(world: World, summary: RunSummary) -> None:
    """It ended well, or it says that the run is over, offers no resuming, and names as left what is left."""
    if summary.exit_code == 0:
        assert world.downloaded() == world.expected()
    else:
        assert summary.exit_code == RunFailed.exit_code
        assert summary.outcome.startswith(_GONE)
        assert "runs resume" not in summary.hint
        assert ("runs download" in summary.hint) == bool(world.storage.containers)
    assert {item.name for item in summary.leftovers if item.kind == "container"} == set(world.storage.containers)
    for kind, there in (("pool", world.batch.pools), ("job", world.batch.jobs)):
        assert {item.name for item in summary.leftovers if item.kind == kind} <= set(there), kind


@pytest.mark.parametrize("record", _RECORDS, ids=lambda record: record.decode())
def test_a_second_machine_ends_a_run_while_the_first_one_drives_it(world: World, tmp_path: Path, record: bytes) -> None:
    ended: list[tuple[World, RunSummary]] = []

    def end_it() -> None:
        other = _other_machine(world, tmp_path / "second")
        ended.append((other, other.execute()))

    made = _making(world)
    summary = world.execute(write=before(record, end_it))
    ((other, other_summary),) = ended
    assert other_summary.exit_code == 0
    assert other.downloaded() == world.expected()
    _check(world, summary)
    assert made == ["create_pool", "create_job"], "nothing is made twice"


@pytest.mark.parametrize("record", _RECORDS[1:], ids=lambda record: record.decode())
def test_a_machine_comes_back_to_a_run_that_another_one_ended(world: World, tmp_path: Path, record: bytes) -> None:
    made = _making(world)
    with pytest.raises(Killed):
        world.execute(write=before(record, kill))
    other = _other_machine(world, tmp_path / "second")
    assert other.execute().exit_code == 0
    _check(world, world.execute())
    assert made == ["create_pool", "create_job"], "nothing is made twice"
    again = world.execute()
    _check(world, again)


def test_a_run_that_timed_out_and_was_deleted_since_says_so(world: World) -> None:
    """Its clean-up was left out, which is not to say that it has begun."""
    world.batch.behaviour.task_s = 2 * world.plan.timeout_s
    assert world.execute().exit_code == RunTimedOut.exit_code
    for container in world.plan.containers:
        world.storage.delete_container(container)
    world.batch.jobs.clear()
    summary = world.execute()
    assert summary.outcome.startswith(_GONE)
    assert "runs resume" not in summary.hint


def test_a_pool_that_is_deleted_while_tasks_wait_for_it_ends_the_run(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    summary = world.execute(write=before(b'"step":"monitor","state":"running"', lambda: world.batch.pools.clear()))
    assert summary.exit_code == RunFailed.exit_code
    assert summary.outcome.startswith(f"{_GONE}: its pool was deleted")
    assert sorted({item.kind for item in summary.leftovers}) == ["container", "job"]


@pytest.mark.parametrize("gone", [0, 1])
def test_a_run_that_is_being_deleted_is_not_taken_for_one_that_still_uploads(tmp_path: Path, gone: int) -> None:
    world = make_world(tmp_path / "first")
    with pytest.raises(Killed):
        world.execute(write=before(b'"step":"pool","state":"running"', kill))
    world.storage.delete_container(world.plan.containers[gone])
    with pytest.raises(RunFailed, match="not whole any more"):
        _other_machine(world, tmp_path / "second")


@pytest.mark.parametrize("parts", [ALL_PARTS, frozenset[DeletePart]()], ids=["all", "nothing"])
@pytest.mark.parametrize(
    ("operation", "kind", "problem"),
    [
        (
            "create_pool",
            "pool",
            Conflict("The account's quota of pools is used up", status=409, code="PoolQuotaReached"),
        ),
        ("create_job", "job", Conflict("The quota is used up", status=409, code="ActiveJobAndScheduleQuotaReached")),
        ("create_job", "job", NotFound("There is no such pool", status=404, code="PoolNotFound")),
        ("create_container", "container", Conflict("It is being deleted", status=409, code="ContainerBeingDeleted")),
    ],
    ids=["pools", "jobs", "no pool", "container"],
)
def test_what_is_refused_is_not_taken_for_deleted(
    tmp_path: Path, operation: str, kind: str, problem: ServiceError, parts: frozenset[DeletePart]
) -> None:
    world = make_world(tmp_path, delete_after=parts)
    world.faults.fail(operation, problem, occurrence=0)
    summary = world.execute()
    assert (summary.exit_code, summary.outcome) == (3, str(problem))
    assert f"runs resume {RUN_ID}" in summary.hint
    (journal,) = (world.folder / "state" / "runs").rglob("*.jsonl")
    assert f'"what":"{kind}"' in journal.read_text()
    assert '"state":"deleted"' not in journal.read_text()
    world.faults.heal()
    again = world.execute()
    assert again.exit_code == 0
    assert world.downloaded() == world.expected()
    assert bool(again.leftovers) == (not parts)
