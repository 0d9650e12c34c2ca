"""Failed tasks in a summary: the first few, each with its last words and where its log is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.world import ALL_PARTS, RUN_ID, World, make_world
from tui.core.errors import Unreachable
from tui.core.events import FailedTask
from tui.engine.failures import FAILURES_NAMED
from tui.engine.summaries import summarise

TASK = "topword-00001"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The second of three tasks fails."""
    world = make_world(tmp_path)
    world.batch.behaviour.exit_codes = {TASK: 4}
    world.batch.behaviour.stderr = {TASK: b"reading\r\n\x1b[31mit is not text: sig=c2VjcmV0c2VjcmV0\x1b[0m\n\n"}
    return world


@pytest.mark.parametrize("delete_after", [frozenset(), ALL_PARTS])
def test_a_failed_task_is_named_with_its_last_words(tmp_path: Path, delete_after: frozenset[str]) -> None:
    world = make_world(tmp_path, delete_after=delete_after)
    world.batch.behaviour.exit_codes = {TASK: 4}
    world.batch.behaviour.stderr = {TASK: b"reading\nit is not text\n\n"}
    summary = world.execute()
    (failed,) = summary.failures
    log = world.destination / "task-logs" / TASK / "stderr.txt"
    assert failed == FailedTask(
        TASK, "input 1.txt", 4, "FailureExitCode", "The task exited with a failure", "it is not text", str(log)
    )
    assert summary.hint == f"its logs are in {log.parent.parent}"
    assert world.journals().read(RUN_ID).summary == summary, "it is remembered"


def test_what_it_said_is_harmless(world: World) -> None:
    (failed,) = world.execute().failures
    assert failed.last_words.startswith("it is not text: sig=")
    assert "c2VjcmV0" not in failed.last_words
    assert failed.last_words.isprintable()


def test_a_task_that_never_started_has_no_logs_to_look_at(world: World) -> None:
    world.batch.behaviour.unstarted_tasks = frozenset({TASK})
    summary = world.execute()
    assert (summary.exit_code, summary.hint) == (1, "")
    assert summary.failures == (FailedTask(TASK, "input 1.txt", None, "BlobNotFound", "The blob does not exist"),)


def test_the_logs_of_those_that_started_are_told_of(world: World) -> None:
    world.batch.behaviour.exit_codes = {TASK: 4, "topword-00000": 4}
    world.batch.behaviour.unstarted_tasks = frozenset({TASK})
    assert world.execute().hint == f"the logs of 1 of them are in {world.destination / 'task-logs'}"


def test_only_the_first_are_named(tmp_path: Path) -> None:
    world = make_world(tmp_path, files=FAILURES_NAMED + 3)
    world.batch.behaviour.exit_codes = {world.plan.task_id(index): 1 for index in range(FAILURES_NAMED + 3)}
    summary = world.execute()
    assert summary.counts.failed == FAILURES_NAMED + 3
    assert [task.task_id for task in summary.failures] == [world.plan.task_id(index) for index in range(FAILURES_NAMED)]
    assert summary.hint.startswith("their logs are in ")


def test_a_failure_is_named_though_nothing_could_be_downloaded(world: World) -> None:
    world.faults.fail("read_blob", Unreachable("No answer", "blob"), occurrence=0)
    summary = world.execute()
    assert summary.exit_code == 3
    assert [(task.task_id, task.exit_code, task.last_words) for task in summary.failures] == [(TASK, 4, "")]


@pytest.mark.parametrize(
    ("content", "last_words"),
    [
        (b"it is\nempty", "empty"),
        (b"x" * 100_000, ""),
        (b"x" * 100_000 + b"\nit ends\n", "it ends"),
        (b"x" * 200, "x" * 159 + "…"),
        (b"y" * 155 + b" sig=" + b"c2VjcmV0" * 6, "y" * 155 + " sig…"),
        (b"", ""),
    ],
    ids=["short", "one line without end", "after a long line", "long", "a secret at the cut", "empty"],
)
def test_the_last_words_are_a_line_that_fits(world: World, content: bytes, last_words: str) -> None:
    world.batch.behaviour.stderr = {TASK: content}
    assert world.execute().failures[0].last_words == last_words


@pytest.mark.parametrize("becomes", ["nothing", "a folder", "a pipe"])
def test_a_log_that_is_no_log_any_more_holds_nothing_up(world: World, becomes: str) -> None:
    (failed,) = world.execute().failures
    log = Path(failed.log_path)
    log.unlink()
    match becomes:
        case "a folder":
            log.mkdir()
        case "a pipe":
            os.mkfifo(log)
    (told,) = summarise(world.journals().read(RUN_ID), 0.0).failures
    assert (told.task_id, told.exit_code, told.last_words) == (TASK, 4, "")
