"""The pre-flight on fakes: it only looks, tells each item as it is settled, and neither hangs nor outlives its stop."""

from __future__ import annotations

import importlib
import itertools
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.engine.world import World, make_world
from tests.support.fakes import UBUNTU, FakeStorage
from tui.core.errors import AccessRefused, Interrupted, ServiceFault
from tui.core.plan import ExistingPool, PlannedInput
from tui.core.preflight import Finding, Item, Preflight, Verdict
from tui.core.records import BlobRecord
from tui.core.specs import JobSpec, PoolSpec
from tui.engine.preflight import PreflightTools, look_at_destination, run_preflight
from tui.engine.programs import find_program

CHANGES = {
    *("create_container", "delete_container", "put_blob", "put_block", "delete_blob", "commit_blocks"),
    *("create_pool", "create_job", "add_tasks", "delete_pool", "delete_job", "resize_pool"),
}


@dataclass
class Inspection:
    """A world, and how its plan is looked at."""

    world: World
    known_runs: set[str] = field(default_factory=set)
    programs: dict[str, str] = field(default_factory=dict)
    on_sandbox: bool = False
    told: list[Finding] = field(default_factory=list)

    def run(self, stop: threading.Event | None = None, report: Callable[[Finding], None] | None = None) -> Preflight:
        world = self.world
        tools = PreflightTools(
            world.batch, world.storage, world.clock, self.known_runs.__contains__, self.programs.get, self.on_sandbox
        )
        return run_preflight(world.plan, tools, stop or threading.Event(), report or self.told.append)

    def finding(self, item: Item) -> Finding:
        return self.run().findings[item]


@pytest.fixture
def inspection(tmp_path: Path) -> Inspection:
    return Inspection(make_world(tmp_path))


def test_a_plan_with_nothing_against_it_passes_and_nothing_is_changed(inspection: Inspection) -> None:
    result = inspection.run()
    assert {finding.verdict for finding in result.findings.values()} == {Verdict.PASSED}
    assert set(inspection.world.faults.calls) & CHANGES == set()
    assert not inspection.world.destination.exists()


def test_every_item_is_told_when_it_begins_and_when_it_ends(inspection: Inspection) -> None:
    result = inspection.run()
    for item in result.findings:
        verdicts = [finding.verdict for finding in inspection.told if finding.item is item]
        assert verdicts == [Verdict.RUNNING, Verdict.PASSED]


def test_wrong_credentials_fail_once_and_what_rests_on_them_is_not_tried(inspection: Inspection) -> None:
    inspection.world.faults.fail("get_job", AccessRefused("Wrong key"), occurrence=0)
    result = inspection.run()
    assert [finding.item for finding in result.failures] == [Item.BATCH]
    assert result.findings[Item.NAMES].verdict is Verdict.NOT_TRIED
    assert result.findings[Item.IMAGE].verdict is Verdict.NOT_TRIED
    assert inspection.world.faults.calls["list_images"] == 0


def test_a_fault_of_the_service_is_only_a_warning(inspection: Inspection) -> None:
    inspection.world.faults.fail("list_images", ServiceFault("It failed"), occurrence=0)
    result = inspection.run()
    assert result.failures == ()
    assert [finding.item for finding in result.warnings] == [Item.IMAGE]


def test_inputs_are_read_again(inspection: Inspection) -> None:
    paths = [Path(item.local_path or "") for item in inspection.world.plan.inputs]
    paths[0].unlink()
    paths[1].write_text("longer than it was when it was chosen\n")
    paths[2].unlink()
    os.mkfifo(paths[2])
    found = inspection.finding(Item.INPUTS)
    assert found.verdict is Verdict.FAILED
    assert f"{paths[0].name}, {paths[2].name} not there any more" in found.detail
    assert f"{paths[1].name} changed size" in found.detail


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_input_is_named(inspection: Inspection) -> None:
    path = Path(inspection.world.plan.inputs[0].local_path or "")
    path.chmod(0)
    assert f"{path.name} cannot be read" in inspection.finding(Item.INPUTS).detail
    path.chmod(stat.S_IRUSR)


def test_blobs_of_an_existing_container_are_compared_in_one_list(inspection: Inspection) -> None:
    world = inspection.world
    world.storage.create_container("theirs", {})
    for name, content in (("a.txt", b"1"), ("b.txt", b"22"), ("unrelated", b"")):
        world.storage.store("theirs", name, content)
    inputs = tuple(PlannedInput(name, 1, None) for name in ("a.txt", "b.txt", "c.txt"))
    world.plan = replace(world.plan, inputs=inputs, existing_input_container="theirs")
    found = inspection.finding(Item.INPUTS)
    assert "c.txt not there any more" in found.detail
    assert "b.txt changed size" in found.detail
    assert "a.txt" not in found.detail
    assert world.faults.calls["list_blobs"] == 1
    assert world.faults.calls["get_blob"] == 0


def test_a_container_of_inputs_that_is_gone_blocks(inspection: Inspection) -> None:
    world = inspection.world
    world.plan = replace(
        world.plan, inputs=(PlannedInput("a.txt", 1, None),), existing_input_container="no-such-container"
    )
    assert inspection.finding(Item.INPUTS).verdict is Verdict.FAILED


def test_names_that_are_taken_are_found_whatever_took_them(inspection: Inspection) -> None:
    world = inspection.world
    world.storage.create_container(world.plan.output_container, {})
    world.batch.create_pool(PoolSpec(world.plan.pool.id, "s", UBUNTU, 0, 0, 1, None), lambda _: pytest.fail("a SAS"))
    found = inspection.finding(Item.NAMES)
    assert found.detail == f"container {world.plan.output_container}, pool {world.plan.pool.id} exist already"
    world.storage.delete_container(world.plan.output_container)
    world.batch.create_job(
        JobSpec(world.plan.job_id, world.plan.pool.id, 0, None, 0, None), lambda _: pytest.fail("a SAS")
    )
    assert inspection.finding(Item.NAMES).detail == f"pool {world.plan.pool.id}, job {world.plan.job_id} exist already"


def test_a_run_of_this_name_is_known_by_its_journal(inspection: Inspection) -> None:
    inspection.known_runs.add(inspection.world.plan.run_id)
    assert "has a run called" in inspection.finding(Item.NAMES).detail


def test_an_existing_pool_is_looked_at_in_place_of_an_image(inspection: Inspection) -> None:
    inspection.world.plan = replace(inspection.world.plan, pool=ExistingPool("gone"))
    assert inspection.finding(Item.POOL).verdict is Verdict.FAILED
    inspection.world.use_existing_pool(nodes=1)
    assert inspection.finding(Item.POOL).verdict is Verdict.PASSED
    assert inspection.world.faults.calls["list_images"] == 0


def test_programs_have_to_be_here_only_where_tasks_run_here(inspection: Inspection) -> None:
    assert Item.PROGRAMS not in inspection.run().findings
    inspection.on_sandbox = True
    assert inspection.finding(Item.PROGRAMS).verdict is Verdict.FAILED
    inspection.programs["python3"] = "/usr/bin/python3"
    assert inspection.finding(Item.PROGRAMS).verdict is Verdict.PASSED


@pytest.fixture
def hanging(inspection: Inspection) -> Iterator[Inspection]:
    """One call hangs until the test is over."""
    released = threading.Event()

    def hang(operation: str) -> None:
        if operation == "list_images":
            released.wait()

    inspection.world.faults.before_call = hang
    yield inspection
    released.set()


def test_an_item_that_hangs_is_given_up_after_its_limit(hanging: Inspection) -> None:
    def report(finding: Finding) -> None:
        hanging.told.append(finding)
        if finding.item is Item.NAMES and finding.verdict.is_settled:
            hanging.world.clock.advance(25.0)

    result = hanging.run(report=report)
    assert result.is_over
    assert result.findings[Item.IMAGE].verdict is Verdict.WARNING
    assert "20 s" in result.findings[Item.IMAGE].detail


def test_a_stop_ends_the_wait_for_what_hangs(hanging: Inspection) -> None:
    stop = threading.Event()

    def report(finding: Finding) -> None:
        if finding.item is Item.NAMES and finding.verdict.is_settled:
            stop.set()

    with pytest.raises(Interrupted):
        hanging.run(stop, report)


class EndlessStorage(FakeStorage):
    """A container that never comes to its end."""

    def list_blobs(self, container: str, prefix: str = "") -> Iterator[BlobRecord]:
        for number in itertools.count():
            yield BlobRecord(f"{container}/{prefix}{number}", 1, 0.0, "e")


def test_a_long_look_at_inputs_ends_with_the_pre_flight(inspection: Inspection) -> None:
    world = inspection.world
    world.plan = replace(world.plan, inputs=(PlannedInput("a.txt", 1, None),), existing_input_container="theirs")
    world.storage = EndlessStorage(world.clock, world.faults)
    stop = threading.Event()

    def report(finding: Finding) -> None:
        if finding.item is Item.NAMES and finding.verdict.is_settled:
            stop.set()

    with pytest.raises(Interrupted):
        inspection.run(stop, report)
    looking = [thread for thread in threading.enumerate() if Item.INPUTS in thread.name]
    for thread in looking:
        thread.join(5.0)
        assert not thread.is_alive()


def test_a_defect_is_raised_where_it_is_waited_for(inspection: Inspection) -> None:
    def break_down(operation: str) -> None:
        if operation == "list_images":
            raise ZeroDivisionError

    inspection.world.faults.before_call = break_down
    with pytest.raises(ZeroDivisionError):
        inspection.run()


def test_a_destination_is_looked_at_and_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    assert look_at_destination(folder).detail == f"{folder} will be made"
    assert not folder.parent.exists()
    folder.mkdir(parents=True)
    assert look_at_destination(folder).detail == str(folder)
    (folder / "old.txt").touch()
    assert "are kept" in look_at_destination(folder).detail
    assert look_at_destination(folder / "old.txt" / "below").verdict is Verdict.FAILED


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_destination_without_the_right_to_write_blocks(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert look_at_destination(tmp_path / "out").verdict is Verdict.FAILED
    tmp_path.chmod(stat.S_IRWXU)


def test_ffmpeg_of_the_extra_counts_as_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert find_program("ffmpeg") is None
    binary = tmp_path / "imageio_ffmpeg" / "binaries" / "ffmpeg-linux-v7"
    binary.parent.mkdir(parents=True)
    (tmp_path / "imageio_ffmpeg" / "__init__.py").touch()
    binary.touch()
    importlib.invalidate_caches()
    assert find_program("ffmpeg") is None
    binary.chmod(0o755)
    assert find_program("ffmpeg") == str(binary)
    assert find_program("ffprobe") is None


def test_a_program_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "sometool"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program("sometool") == str(program)
