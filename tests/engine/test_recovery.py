"""A run gone on with by a machine that never saw it."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import ALL_PARTS, RUN_ID, KillAt, Killed, World, before, kill, make_world
from tui.core.errors import InputError, RunFailed
from tui.core.events import RunStarted
from tui.core.run_description import MANIFEST_BLOB
from tui.engine.recovery import recover_run
from tui.engine.run_tools import RunTools


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "first", delete_after=ALL_PARTS)


def _kill_before(world: World, text: bytes) -> None:
    """Ends the first machine's program before the record that holds `text`."""
    with pytest.raises(Killed):
        world.execute(write=before(text, kill))


@pytest.mark.parametrize(
    "record",
    [
        b'"step":"pool","state":"running"',
        b'"what":"pool","name":"%b","state":"making"' % RUN_ID.encode(),
        b'"what":"pool","name":"%b","state":"made"' % RUN_ID.encode(),
        b'"what":"job","name":"%b","state":"making"' % RUN_ID.encode(),
        b'"what":"job","name":"%b","state":"made"' % RUN_ID.encode(),
        b'"step":"tasks","state":"running"',
        b'"step":"tasks","state":"done"',
        b'"kind":"outcome"',
        b'"step":"download","state":"running"',
        b'"step":"clean up","state":"running"',
    ],
    ids=lambda record: record.decode(),
)
def test_another_machine_goes_on_with_the_same_result(world: World, tmp_path: Path, record: bytes) -> None:
    _kill_before(world, record)
    other = world.other_machine(tmp_path / "second")
    summary = other.execute()
    assert (summary.exit_code, summary.leftovers) == (0, ())
    assert other.downloaded() == world.expected()
    assert (world.faults.calls["create_pool"], world.faults.calls["create_job"]) == (1, 1)
    assert world.storage.containers == {}
    assert isinstance(other.events[0], RunStarted)
    assert other.events[0].is_resumed


def test_a_list_of_inputs_that_arrives_damaged_is_read_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _kill_before(world, b'"step":"tasks","state":"done"')
    answers, read = [b"{}", None], world.storage.read_blob

    def damaged_once(container: str, blob: str, offset: int, length: int, etag: str = "") -> bytes:
        content = read(container, blob, offset, length, etag)
        return answers.pop(0) or content if answers else content

    monkeypatch.setattr(world.storage, "read_blob", damaged_once)
    other = world.other_machine(tmp_path / "second")
    assert answers == []
    assert [item.blob_name for item in other.plan.inputs] == [item.blob_name for item in world.plan.inputs]


def test_before_its_uploads_are_complete_a_run_stays_where_it_is(world: World, tmp_path: Path) -> None:
    def stop_it(operation: str) -> None:
        if operation == "put_blob" and world.faults.calls[operation] == 4:
            raise Killed

    world.faults.before_call = stop_it
    with pytest.raises(Killed):
        world.execute()
    world.faults.before_call = lambda _: None
    with pytest.raises(InputError, match="uploads are not complete"):
        world.other_machine(tmp_path / "second")


def test_a_run_whose_job_is_gone_is_not_run_again(world: World, tmp_path: Path) -> None:
    world.plan = replace(world.plan, delete_after=frozenset({"job", "pool"}))
    assert world.execute().exit_code == 0
    with pytest.raises(RunFailed, match="its job is gone"):
        world.other_machine(tmp_path / "second")
    assert world.faults.calls["create_job"] == 1


def test_what_someone_else_made_is_no_run_of_ours(world: World, tmp_path: Path) -> None:
    for name in world.plan.containers:
        world.storage.create_container(name, {"made_by": "someone else"})
    with pytest.raises(InputError, match="No such run"):
        world.other_machine(tmp_path / "second")


def test_a_manifest_that_lies_about_its_inputs_is_refused(world: World, tmp_path: Path) -> None:
    _kill_before(world, b'"step":"pool","state":"running"')
    lie = b'{"version":1,"inputs":[["../x",1,"/etc"]]}'
    world.storage.put_blob(world.plan.containers[0], MANIFEST_BLOB, lie, hashlib.md5(lie).digest())
    with pytest.raises(InputError):
        world.other_machine(tmp_path / "second")


def test_the_machine_that_has_a_journal_keeps_it(world: World, tmp_path: Path) -> None:
    _kill_before(world, b'"step":"tasks","state":"done"')
    other = world.other_machine(tmp_path / "second")
    with pytest.raises(Killed):
        other.execute(write=KillAt(4, after=True))
    before = other.journals().path(RUN_ID).read_bytes()
    tools = RunTools(other.batch, other.storage, other.clock, other.journals(), other.patience)
    assert recover_run(tools, RUN_ID, other.plan.destination, "fake", threading.Event()) == other.plan
    assert other.journals().path(RUN_ID).read_bytes() == before
    assert other.execute().exit_code == 0
    assert other.downloaded() == world.expected()


def test_an_input_that_went_missing_is_named(world: World, tmp_path: Path) -> None:
    _kill_before(world, b'"step":"pool","state":"running"')
    other = world.other_machine(tmp_path / "second")
    other.journals().path(RUN_ID).unlink()
    world.storage.delete_blob(world.plan.input_container, "input 1.txt")
    summary = other.execute()
    assert summary.exit_code == InputError.exit_code
    assert "input 1.txt" in summary.outcome
