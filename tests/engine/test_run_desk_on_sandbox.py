"""Over HTTP: a run is left while it works, come back to, downloaded, and deleted with nothing else touched."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.sandbox import RunningSandbox, eventually
from tui.bundled import node_script
from tui.core.accounts import account_of_environment
from tui.core.deletion import DeletionState, losses
from tui.core.download_choice import DownloadChoice
from tui.core.events import RunEvent, Step, StepChanged, StepState
from tui.core.plan import DELETE_PARTS, RunPlan
from tui.core.planning import FileChoice, RunOptions, build_plan
from tui.core.run_line import RunState
from tui.core.task_reading import why_not
from tui.engine.clock import SystemClock
from tui.engine.deletion import resources_of
from tui.engine.journal import JournalFolder
from tui.engine.run_desk import RunDesk
from tui.engine.run_tools import RunTools
from tui.gateways.batch import BatchGateway
from tui.gateways.connect import open_batch, open_storage
from tui.gateways.storage import BlobGateway

GO_ON = threading.Event()


@dataclass
class Bench:
    folder: Path
    batch: BatchGateway
    storage: BlobGateway

    def desk(self) -> RunDesk:
        journals = JournalFolder(self.folder / "runs", SystemClock())
        tools = RunTools(self.batch, self.storage, SystemClock(), journals)
        return RunDesk(journals, lambda _: tools, lambda _: tools, node_script)

    def plan(self, run_id: str) -> RunPlan:
        choices = []
        for name in ("one.txt", "two words.txt"):
            (self.folder / name).write_text("a b b")
            choices.append(FileChoice(5, str(self.folder / name)))
        options = RunOptions(
            "top-words",
            tuple(choices),
            dedicated=1,
            slots_per_node=2,
            timeout_s=120.0,
            parameters={"delay": 3.0},
            destination=str(self.folder / "out"),
        )
        return build_plan(options, run_id, 0.0, "work")


@pytest.fixture
def bench(running_sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Bench]:
    account = account_of_environment(running_sandbox.environment)
    assert account is not None
    batch, storage = open_batch(account), open_storage(account)
    yield Bench(tmp_path, batch, storage)
    batch.close()
    storage.close()


@pytest.mark.slow
def test_left_come_back_to_downloaded_and_deleted(bench: Bench) -> None:
    plan, desk, stop = bench.plan("desk-journey"), bench.desk(), threading.Event()
    bench.storage.create_container("desk-journey-of-others", {})

    def leave_once_tasks_are_in(event: RunEvent) -> None:
        if isinstance(event, StepChanged) and (event.step, event.state) == (Step.TASKS, StepState.DONE):
            stop.set()

    summary = desk.running(plan)(stop, leave_once_tasks_are_in)
    assert summary is not None
    assert summary.exit_code == 130
    line = desk.line(plan.run_id)
    assert (line.state, line.can_resume) == (RunState.GOING_ON, True)

    remains = desk.remains(plan.run_id, GO_ON)
    assert (remains.goes_on, remains.costing_nodes) == (True, 1)
    assert any("2 tasks not finished" in loss.text for loss in losses(remains, DELETE_PARTS))
    assert why_not(desk.read_task(plan, plan.task_id(0)), "terminate") == ""

    eventually(lambda: not desk.glance(plan.run_id, GO_ON).goes_on, "the tasks end by themselves")
    choice = DownloadChoice(str(bench.folder / "elsewhere"), with_logs=True)
    wanted = desk.list_download(plan.run_id, choice, GO_ON)
    report = desk.fetch(plan.run_id, wanted.files, choice.destination, "rename", {}, GO_ON, lambda _: None)
    assert (report.exit_code, len(report.ended("downloaded"))) == (0, 6)
    assert (bench.folder / "elsewhere" / "two words_OUTPUT.txt").read_text().count("b") >= 1
    assert not desk.remains(plan.run_id, GO_ON).not_downloaded

    results = desk.delete(plan.run_id, resources_of(plan, DELETE_PARTS), GO_ON, lambda _: None)
    assert {result.state for result in results} == {DeletionState.DELETED}
    assert not desk.remains(plan.run_id, GO_ON).exists
    assert [found.name for found in bench.storage.list_containers("desk-journey")] == ["desk-journey-of-others"]
    assert bench.batch.get_pool(plan.pool.id) is None
    bench.storage.delete_container("desk-journey-of-others")
