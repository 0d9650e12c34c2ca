"""Downloads of a run at any time: what is chosen, what is in the way, what fails and what is left."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.engine.desk import GO_ON, delete, desk_of, left_while_running, let_all_tasks_end, remains_of
from tests.engine.world import RUN_ID, World, make_world
from tui.core.download_choice import ConflictPolicy, DownloadChoice, DownloadReport
from tui.core.errors import AccessRefused, InputError
from tui.core.events import Progress, RunEvent
from tui.engine.transfers import TRANSFER_WORKERS


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


def refuse_reads_after(world: World, reads: int, code: str) -> AccessRefused:
    """So many blobs can be read, and then no more, by that many workers at a time."""
    refused, so_far = AccessRefused("Refused", "reading a blob", code=code), world.faults.calls["read_blob"]

    def look(operation: str) -> None:
        if operation == "read_blob" and world.faults.calls["read_blob"] > so_far + reads:
            raise refused

    world.faults.before_call = look
    return refused


def test_a_refused_account_is_not_asked_for_file_after_file_and_only_what_is_left_is_fetched_later(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path, files=100)
    world.execute()
    choice = DownloadChoice(str(tmp_path / "elsewhere"))
    wanted = desk_of(world).list_download(RUN_ID, choice, GO_ON)
    before = world.faults.calls["read_blob"]
    refused = refuse_reads_after(world, 10, "AuthenticationFailed")
    report = desk_of(world).fetch(RUN_ID, wanted.files, choice.destination, "rename", {}, GO_ON, lambda _: None)
    assert world.faults.calls["read_blob"] - before <= 10 + TRANSFER_WORKERS
    assert (report.refusal, report.stopped_by, report.exit_code) == (refused, "Refused: reading a blob", 3)
    assert (len(report.ended("downloaded")), len(report.ended("left")), report.ended("failed")) == (10, 90, ())
    assert len(files_below(choice.destination)) == 10, "what arrived is told, all of it"
    journaled = world.journals().read(RUN_ID).files_moved.values()
    assert sum(moved.path.startswith(choice.destination) for moved in journaled) == 10
    world.faults.before_call, before = lambda _: None, world.faults.calls["read_blob"]
    rest = desk_of(world).fetch(RUN_ID, report.to_retry, choice.destination, "rename", {}, GO_ON, lambda _: None)
    assert world.faults.calls["read_blob"] - before == 90
    whole = report.gone_on_with(rest)
    assert (len(whole.ended("downloaded")), whole.stopped_by, whole.exit_code, whole.refusal) == (100, "", 0, None)
    assert [result.file for result in whole.results] == list(wanted.files)
    assert files_below(choice.destination) == world.expected()


def test_a_file_without_the_right_to_it_is_that_files_failure_until_none_may_be_read(tmp_path: Path) -> None:
    world = make_world(tmp_path, files=100)
    world.execute()
    no_right = AccessRefused("Refused", "no right", code="AuthorizationPermissionMismatch")
    world.faults.fail("read_blob", no_right, occurrence=world.faults.calls["read_blob"] + 5)
    report = fetch(world, DownloadChoice(str(tmp_path / "elsewhere")))
    assert (len(report.ended("downloaded")), len(report.ended("failed")), report.refusal) == (99, 1, None)
    refuse_reads_after(world, 0, "AuthorizationPermissionMismatch")
    report = fetch(world, DownloadChoice(str(tmp_path / "nowhere")))
    assert (report.stopped_by, report.exit_code, report.refusal) == ("Refused: reading a blob", 3, None)
    assert len(report.ended("failed")) == 21


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
