"""Logs as they grow: only what is new, from where they are, and never what a terminal obeys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.world import RUN_ID, World, make_world
from tui.core.errors import Unreachable
from tui.engine.logs import FIRST_READ_BYTES, LogTail

TASK = "topword-00000"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path)
    world.execute()
    world.faults.calls.clear()
    return world


def _tail(world: World) -> LogTail:
    return LogTail(world.batch, world.storage, world.plan, TASK, "stdout.txt")


def _write(world: World, content: bytes) -> None:
    world.batch.write_log(RUN_ID, TASK, "stdout.txt", content)


def test_only_what_is_new_is_read(world: World) -> None:
    tail = _tail(world)
    _write(world, b"one\n")
    assert tail.read().text == "one\n"
    _write(world, b"one\ntwo\n")
    assert tail.read().text == "two\n"
    assert (tail.read().text, world.faults.calls["read_task_file"]) == ("", 2)


def test_the_blob_goes_on_where_the_node_ended(world: World) -> None:
    tail = _tail(world)
    _write(world, b"one\n")
    assert tail.read().source == "node"
    world.batch.jobs.clear()
    world.storage.store(world.plan.output_container, world.plan.log_name(TASK, "stdout.txt"), b"one\ntwo\n")
    update = tail.read()
    assert (update.text, update.source, update.size_bytes) == ("two\n", "blob", 8)


def test_no_log_anywhere_is_no_error(world: World) -> None:
    world.batch.jobs.clear()
    world.storage.containers.clear()
    assert _tail(world).read().source == "nowhere"


def test_a_log_that_began_anew_is_said(world: World) -> None:
    tail = _tail(world)
    _write(world, b"a first attempt\n")
    tail.read()
    _write(world, b"again\n")
    update = tail.read()
    assert (update.text, update.is_restarted) == ("again\n", True)


def test_of_a_huge_log_the_end_is_shown(world: World) -> None:
    _write(world, b"x" * (FIRST_READ_BYTES + 1_000))
    update = _tail(world).read()
    assert (len(update.text), update.skipped_bytes) == (FIRST_READ_BYTES, 1_000)


@pytest.mark.parametrize("cut", range(1, 30))
def test_where_a_read_cuts_the_text_does_not_matter(world: World, cut: int) -> None:
    content = "déjà \x1b[31mred\x1b[0m\r\n世界 \x1b]0;title\x07 end\n".encode()
    tail = _tail(world)
    _write(world, content[:cut])
    first = tail.read().text
    _write(world, content)
    assert first + tail.read().text == "déjà red\n世界  end\n"


def test_trouble_is_the_callers_to_tell(world: World) -> None:
    world.faults.fail("task_file_size", Unreachable("away"))
    with pytest.raises(Unreachable):
        _tail(world).read()
