"""The journal on disk: what is written is what is read, and damage costs no more than the damaged line."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import RUN_ID, World, make_world
from tests.support.fakes import START_S
from tui.core.errors import BatchTuiError, InputError, LocalError
from tui.core.events import Step, StepState
from tui.core.records import TaskCounts
from tui.engine.journal import JournalFolder, append
from tui.engine.run_record import Ending, FileMoved, ResourceState, TasksOutcome


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_what_is_written_is_read(world: World) -> None:
    outcome = TasksOutcome(Ending.TIMED_OUT, TaskCounts(1, 2, 3, 4), ("topword-00001",), "no nodes")
    moved = FileMoved("down", "a.txt", 3, "00ff", "/out/a.txt")
    with world.journals().open(world.plan) as journal:
        journal.step(Step.POOL, StepState.RUNNING)
        journal.resource("pool", "p", ResourceState.MAKING)
        journal.resource("pool", "p", ResourceState.MADE)
        journal.resource("job", "j", ResourceState.DELETED)
        journal.step(Step.POOL, StepState.DONE, "steady")
        journal.outcome(outcome)
        journal.transferred(moved)
        journal.note("noted")
        assert world.journals().read(RUN_ID).is_driven
    record = world.journals().read(RUN_ID)
    assert not record.is_driven
    assert record.plan == world.plan
    assert (record.started_s, record.steps) == (START_S, {Step.POOL: StepState.DONE})
    assert record.step_summaries == {Step.POOL: "steady"}
    assert (record.outcome, record.notes) == (outcome, ["noted"])
    assert record.files_moved == {("down", "a.txt"): moved}
    assert [(item.kind, item.name, item.costs) for item in record.leftovers] == [("pool", "p", True)]
    assert record.damaged_lines == 0


def test_the_live_record_is_the_one_on_disk(world: World) -> None:
    world.execute()
    with world.journals().open(world.plan) as journal:
        live = journal.record
    assert live == world.journals().read(RUN_ID)


def test_a_record_that_the_disk_took_half_of_costs_the_next_one_nothing(world: World) -> None:
    has_room = [True]

    def write(file: int, content: bytes, durable: bool) -> None:
        append(file, content if has_room[0] else content[:20], durable)
        if not has_room[0]:
            raise OSError(errno.ENOSPC, "no space left")

    with JournalFolder(world.journals().folder, world.clock, write).open(world.plan) as journal:
        has_room[0] = False
        with pytest.raises(LocalError):
            journal.resource("pool", "p", ResourceState.MAKING)
        has_room[0] = True
        journal.resource("job", "j", ResourceState.MAKING)
    record = world.journals().read(RUN_ID)
    assert (record.resources, record.damaged_lines) == ({("job", "j"): ResourceState.MAKING}, 0)


def test_a_summary_survives_the_journal(world: World) -> None:
    summary = world.execute()
    assert world.journals().read(RUN_ID).summary == summary


def test_a_torn_last_line_is_left_out_and_overwritten(world: World) -> None:
    world.execute()
    path = world.journals().path(RUN_ID)
    whole = path.read_bytes()
    for cut in range(1, 60):
        path.write_bytes(whole[:-cut])
        assert world.journals().read(RUN_ID).damaged_lines == 0
    assert world.execute().exit_code == 0
    lines = path.read_bytes().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert world.journals().read(RUN_ID).damaged_lines == 0


def test_a_damaged_line_in_the_middle_costs_that_line_alone(world: World) -> None:
    world.execute()
    path = world.journals().path(RUN_ID)
    lines = path.read_bytes().splitlines(keepends=True)
    for damage in (
        b"\xff\xfe\n",
        b"{}\n",
        b"[]\n",
        b'{"kind":"step","at":1,"step":"dance","state":"done"}\n',
        b"null\n",
    ):
        path.write_bytes(b"".join([*lines[:4], damage, *lines[4:]]))
        record = world.journals().read(RUN_ID)
        assert record.damaged_lines == 1
        assert record.summary is not None


def test_a_bit_that_turned_is_damage_or_changes_nothing(world: World) -> None:
    world.execute()
    path = world.journals().path(RUN_ID)
    whole, record = path.read_bytes(), world.journals().read(RUN_ID)
    end = whole.find(b'"kind":"transferred"')
    for place in range(whole.rfind(b"\n", 0, end) + 1, whole.find(b"\n", end)):
        turned = bytearray(whole)
        turned[place] ^= 1
        path.write_bytes(turned)
        read = world.journals().read(RUN_ID)
        assert read.damaged_lines == 1 or read == record, bytes(turned[end : end + 400])


def test_a_plan_in_which_a_bit_turned_is_no_plan(world: World) -> None:
    world.execute()
    path = world.journals().path(RUN_ID)
    whole = path.read_bytes()
    assert b'"dedicated":2' in whole
    path.write_bytes(whole.replace(b'"dedicated":2', b'"dedicated":3', 1))
    with pytest.raises(InputError, match="the line is damaged"):
        world.journals().read(RUN_ID)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_no_journal(world: World, kind: str) -> None:
    path = world.journals().path(RUN_ID)
    path.parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match="no regular file"):
        world.journals().read(RUN_ID)
    with pytest.raises(BatchTuiError):
        world.execute()


@pytest.mark.parametrize("content", [b"", b"{", b"{}\n", b"\x00\n", b"[1]\n", b'{"kind":"plan","plan":{}}\n'])
def test_what_is_no_journal_is_refused_by_name(world: World, content: bytes) -> None:
    path = world.journals().path(RUN_ID)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"Not (the journal|a plan)"):
        world.journals().read(RUN_ID)
    records, unreadable = world.journals().list_runs()
    assert (records, [run_id for run_id, _ in unreadable]) == ((), [RUN_ID])


def test_a_run_nobody_knows_is_said(world: World) -> None:
    with pytest.raises(InputError, match="No such run"):
        world.journals().read("nobody")
    with pytest.raises(InputError, match="Not a run id"):
        world.journals().read("../../etc/passwd")


def test_a_name_that_belongs_to_another_plan_is_refused(world: World) -> None:
    world.execute()
    world.plan = replace(world.plan, priority=7)
    with pytest.raises(InputError, match="run id is taken"):
        world.execute()


def test_runs_are_listed_newest_first(world: World) -> None:
    for name in ("older", "newer"):
        world.clock.advance(60)
        with world.journals().open(replace(world.plan, run_id=name)):
            pass
    records, unreadable = world.journals().list_runs()
    assert ([record.plan.run_id for record in records], unreadable) == (["newer", "older"], ())


def test_a_folder_that_is_not_there_has_no_runs(world: World) -> None:
    assert world.journals().list_runs() == ((), ())


def test_a_side_effect_is_announced_on_disk(world: World) -> None:
    """Each record but those of single files is durable."""
    lagging: set[str] = set()

    def note(file: int, content: bytes, durable: bool) -> None:
        if not durable:
            lagging.add(json.loads(content)["kind"])
        append(file, content, durable)

    world.execute(write=note)
    assert lagging == {"transferred"}


def test_a_pool_is_announced_before_it_is_made(world: World) -> None:
    seen: list[ResourceState | None] = []

    def look(operation: str) -> None:
        if operation == "create_pool":
            seen.append(world.journals().read(RUN_ID).resources.get(("pool", RUN_ID)))

    world.faults.before_call = look
    world.execute()
    assert seen == [ResourceState.MAKING]


def test_a_disk_that_is_full_is_said(world: World) -> None:
    def refuse(file: int, content: bytes, durable: bool) -> None:
        if b'"pool"' in content and b"plan" not in content:
            raise OSError(28, "No space left on device")
        append(file, content, durable)

    summary = world.execute(write=refuse)
    assert summary.exit_code == 2
    assert "The disk is full" in summary.outcome
    assert world.faults.calls["create_pool"] == 0


def test_a_disk_that_is_full_at_the_start_cannot_be_written(world: World) -> None:
    def refuse(_file: int, _content: bytes, _durable: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(LocalError, match="cannot be written"):
        world.execute(write=refuse)


def test_a_state_folder_that_is_a_file_is_said(world: World) -> None:
    (world.folder / "state").write_text("in the way")
    with pytest.raises(LocalError, match="file is in the way"):
        world.execute()


def test_names_are_kept_to_the_letter(tmp_path: Path) -> None:
    """Also those of bytes that are no UTF-8, which the operating system gives as lone surrogates."""
    world = make_world(tmp_path)
    odd = replace(world.plan.inputs[0], local_path="/in/sig=abc&\udcff \u2028.txt")
    plan = replace(world.plan, inputs=(odd,))
    with world.journals().open(plan):
        pass
    assert world.journals().read(RUN_ID).plan == plan
