"""Whole runs over HTTP: engine, gateways and sandbox, the answers checked against a count of our own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.sandbox import RunningSandbox
from tui.bundled import node_script
from tui.commands.log_reading import ServiceLogReader
from tui.core.accounts import account_of_environment
from tui.core.events import Notice, PollReport, RunEvent, RunSummary, Step, StepChanged, StepState
from tui.core.images import UBUNTU_LTS, newest_verified
from tui.core.plan import DELETE_PARTS, DeletePart, ExistingPool, RunPlan
from tui.core.planning import FileChoice, RunOptions, build_plan
from tui.core.ports import Publish
from tui.core.redaction import Secret
from tui.core.specs import PoolSpec, SignedReference
from tui.engine.clock import SystemClock
from tui.engine.journal import JournalFolder
from tui.engine.run import RunEngine
from tui.gateways.batch import BatchGateway
from tui.gateways.connect import open_batch, open_storage
from tui.gateways.storage import BlobGateway
from tui.ui.services import LogSource

_TEXTS = {
    "plain.txt": "one two two three three three",
    "größe & maß $(id).txt": "wörter und wörter und wörter",
    "-leading dash.txt": "dash dash dash",
}


EVERYTHING = frozenset(DELETE_PARTS)


@dataclass
class Bench:
    """An open account and a machine."""

    folder: Path
    batch: BatchGateway
    storage: BlobGateway

    def plan(self, run_id: str, files: dict[str, str], delete_after: frozenset[DeletePart] = EVERYTHING) -> RunPlan:
        choices = []
        for name, text in files.items():
            path = self.folder / name
            path.write_text(text, encoding="utf-8")
            choices.append(FileChoice(path.stat().st_size, str(path)))
        options = RunOptions(
            "top-words",
            tuple(choices),
            dedicated=1,
            slots_per_node=4,
            timeout_s=120.0,
            destination=str(self.folder / "out"),
            delete_after=delete_after,
        )
        return build_plan(options, run_id, created_s=0.0, account="sandbox")

    def execute(self, plan: RunPlan, publish: Publish) -> RunSummary:
        clock = SystemClock()
        journals = JournalFolder(self.folder / "runs", clock)
        engine = RunEngine(self.batch, self.storage, clock, journals, node_script)
        return engine.execute(plan, threading.Event(), publish)


@pytest.fixture
def bench(running_sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Bench]:
    account = account_of_environment(running_sandbox.environment)
    assert account is not None
    batch, storage = open_batch(account), open_storage(account)
    yield Bench(tmp_path, batch, storage)
    batch.close()
    storage.close()


def _words_of(output: str) -> dict[str, int]:
    """The counts in an output file of the node script."""
    lines = output.splitlines()
    first, last = (index for index, line in enumerate(lines) if line == "-" * 30)
    return {word: int(count) for word, _, count in (line.rpartition(":\t") for line in lines[first + 1 : last])}


@pytest.mark.slow
def test_a_whole_run_over_http(bench: Bench) -> None:
    plan = bench.plan("engine-whole", _TEXTS)
    events: list[RunEvent] = []
    summary = bench.execute(plan, events.append)
    assert (summary.exit_code, summary.outcome) == (0, "all 3 tasks succeeded")
    for item in plan.inputs:
        text = _TEXTS[Path(item.local_path or "").name]
        output = (bench.folder / "out" / plan.output_name(item)).read_text(encoding="utf-8")
        assert _words_of(output) == dict(Counter(text.split()).most_common(3))
    assert len(list((bench.folder / "out").iterdir())) == 3
    assert all(event.succeeded for event in events if isinstance(event, PollReport))
    assert summary.leftovers == ()
    assert bench.batch.get_job(plan.job_id) is None
    assert bench.batch.get_pool(plan.pool.id) is None
    assert bench.storage.list_containers("engine-whole") == ()


@pytest.mark.slow
def test_a_failing_task_keeps_nothing_back_and_logs_outlive_the_node(bench: Bench) -> None:
    """An input that is gone when the node wants it: the blob is deleted between upload and task."""
    delete_after: frozenset[DeletePart] = frozenset({"job", "pool"})
    plan = bench.plan("engine-failing", {"good.txt": "word", "bad.txt": "word"}, delete_after)
    lost = plan.inputs[1].blob_name

    def lose_it(event: RunEvent) -> None:
        if isinstance(event, StepChanged) and (event.step, event.state) == (Step.UPLOAD, StepState.DONE):
            bench.storage.delete_blob(plan.input_container, lost)

    summary = bench.execute(plan, lose_it)
    assert (summary.exit_code, summary.counts.failed, summary.counts.succeeded) == (1, 1, 1)
    assert (bench.folder / "out" / "good_OUTPUT.txt").is_file()
    assert not (bench.folder / "out" / "bad_OUTPUT.txt").exists()
    log = ServiceLogReader(bench.batch, bench.storage, plan).read(LogSource("task", plan.task_id(0), "stdout"), 0, 100)
    assert (log.origin, log.content != b"") == ("output container", True)
    assert {item.name for item in summary.leftovers} == set(plan.containers)


@contextmanager
def _pool_of_others(bench: Bench, pool_id: str, nodes: int) -> Iterator[ExistingPool]:
    image = newest_verified(bench.batch.list_images(), UBUNTU_LTS, SystemClock().now_s())
    bench.batch.create_pool(PoolSpec(pool_id, "Standard_D2s_v3", image, nodes, 0, 2, None), _signs_nothing)
    yield ExistingPool(pool_id)
    bench.batch.delete_pool(pool_id)


def _signs_nothing(reference: SignedReference) -> Secret:
    raise AssertionError(f"nothing to sign: {reference}")


def _on(step: Step, act: Callable[[], object]) -> Publish:
    """Acts once the step is done."""

    def publish(event: RunEvent) -> None:
        if isinstance(event, StepChanged) and (event.step, event.state) == (step, StepState.DONE):
            act()

    return publish


@pytest.mark.slow
def test_a_pool_of_others_is_left_as_it_was(bench: Bench) -> None:
    with _pool_of_others(bench, "theirs", nodes=1) as pool:
        plan = replace(bench.plan("engine-theirs", {"one.txt": "word"}), pool=pool)

        def files() -> set[str]:
            nodes = bench.batch.list_nodes(pool.id)
            return {file.name for node in nodes for file in bench.batch.list_node_files(pool.id, node.id)}

        seen: list[set[str]] = []
        summary = bench.execute(plan, _on(Step.DOWNLOAD, lambda: seen.append(files())))
        assert (summary.exit_code, summary.leftovers) == (0, ())
        assert any(plan.run_id in name for name in seen[0]), "the node had something of the run"
        assert [name for name in files() if plan.run_id in name] == []


@pytest.mark.slow
def test_nodes_that_cannot_be_prepared_end_the_run_with_the_reason(bench: Bench) -> None:
    events: list[RunEvent] = []
    with _pool_of_others(bench, "unprepared", nodes=1) as pool:
        plan = replace(bench.plan("engine-unprepared", {"one.txt": "word"}), pool=pool)
        spoil = _on(Step.UPLOAD, lambda: bench.storage.delete_blob(plan.application_container, "top_words.py"))

        def publish(event: RunEvent) -> None:
            events.append(event)
            spoil(event)

        summary = bench.execute(plan, publish)
        (node,) = bench.batch.list_nodes(pool.id)
    assert summary.exit_code == 3
    assert "the job preparation task failed on every node: BlobNotFound" in summary.outcome
    told = [event.text for event in events if isinstance(event, Notice) and node.id in event.text]
    assert len(told) == 1
    assert told[0].startswith(f"job preparation task failed on node {node.id}: BlobNotFound")
