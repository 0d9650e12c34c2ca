"""A tiny run on a real sandbox, over sockets, as often as wanted: what it must come to, and whether it did.

Waits are shortened and nothing else: the engine's clock runs faster and the gateways give up on a silent service
sooner. Whatever the trouble on the way, a run must end with the same files, and with nothing left on the account.
"""

from __future__ import annotations

import itertools
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.sandbox import RunningSandbox, sandbox_at
from tui.bundled import node_script
from tui.core.accounts import account_of_environment
from tui.core.events import Notice, RunEvent, RunSummary
from tui.core.plan import DELETE_PARTS, RunPlan
from tui.core.planning import FileChoice, RunOptions, build_plan
from tui.core.ports import StopSignal
from tui.engine.journal import JournalFolder, Write, append
from tui.engine.patience import Patience
from tui.engine.run import RunEngine
from tui.gateways.batch import BatchGateway
from tui.gateways.connect import open_batch, open_storage
from tui.gateways.http import Timeouts
from tui.gateways.storage import BlobGateway

HURRY = 10.0
"""So many times faster the engine's clock runs: its pauses and patience, not the service."""

TIMEOUTS = Timeouts(read_s=1.5, poll_read_s=1.0)
USUAL_PATIENCE = Patience()
_GONE_LIMIT_S = 15.0
_TEXTS = {"a.txt": "one two two three three three", "b c.txt": "sea sea the sea"}
_NODE_ID = re.compile(r"tvmps_[0-9a-f]{64}_[dp]")


class QuickClock:
    """`ClockPort` whose waits take a fraction of the time they are asked for."""

    def now_s(self) -> float:
        return time.time()

    def wall_s(self) -> float:
        return self.now_s()

    def monotonic_s(self) -> float:
        return time.monotonic() * HURRY

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        return stop.wait(max(0.0, seconds) / HURRY)


@dataclass(slots=True)
class Trial:
    """One run: its plan, and what it told."""

    plan: RunPlan
    folder: Path
    events: list[RunEvent] = field(default_factory=list)

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    @property
    def journals(self) -> Path:
        return self.folder / "journals"

    def outputs(self, run_id: str = "") -> dict[str, str]:
        """What lies in the destination, hidden files too, without what differs from run to run by nature.

        `run_id` is the run's, where a program chose it.
        """
        root, names = Path(self.plan.destination), run_id or self.plan.run_id
        texts = {str(path.relative_to(root)): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}
        return {name: _NODE_ID.sub("{node}", text).replace(names, "{run}") for name, text in texts.items()}


@dataclass
class Bench:
    """A sandbox, its account open, and a folder for the runs of one machine."""

    sandbox: RunningSandbox
    folder: Path
    batch: BatchGateway
    storage: BlobGateway
    expected: dict[str, str] = field(default_factory=dict)
    """What the destination of every run must hold; learnt from the first one, in which nothing failed."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_trial(self) -> Trial:
        run_id = f"trial-{next(self._numbers)}"
        folder = self.folder / run_id
        choices = []
        for name, text in _TEXTS.items():
            path = self.folder / "in" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            choices.append(FileChoice(path.stat().st_size, str(path)))
        options = RunOptions(
            "top-words",
            tuple(choices),
            dedicated=1,
            slots_per_node=2,
            timeout_s=600.0,
            destination=str(folder / "out"),
            delete_after=frozenset(DELETE_PARTS),
        )
        return Trial(build_plan(options, run_id, time.time(), "sandbox"), folder)

    def execute(self, trial: Trial, write: Write = append, patience: Patience = USUAL_PATIENCE) -> RunSummary:
        """One program runs it, from the beginning or from where its journal ends."""
        clock = QuickClock()
        journals = JournalFolder(trial.journals, clock, write)
        engine = RunEngine(self.batch, self.storage, clock, journals, node_script, patience)
        return engine.execute(trial.plan, threading.Event(), trial.events.append)

    def learn(self) -> None:
        """A run in which nothing fails; its outputs are what every other one must have."""
        trial = self.new_trial()
        summary = self.execute(trial)
        self.expected = trial.outputs()
        assert len(self.expected) == len(_TEXTS)
        problems = self.problems(trial, summary)
        assert problems == [], problems

    def problems(self, trial: Trial, summary: RunSummary) -> list[str]:
        """Everything that is not as it must be after a run that survived."""
        found = []
        if summary.exit_code != 0:
            found.append(f"exit {summary.exit_code}: {summary.outcome}")
        if summary.leftovers:
            found.append(f"summary names leftovers: {[item.name for item in summary.leftovers]}")
        return found + self.differences(trial.outputs())

    def differences(self, outputs: dict[str, str]) -> list[str]:
        """How `outputs` and the account are not as they must be."""
        found = [] if outputs == self.expected else [f"outputs differ: {sorted(outputs)}"]
        return found + self.left_over()

    def left_over(self) -> list[str]:
        """Nothing, where the account is as empty as it must be."""
        left = self._left()
        return [f"left on the account: {left}"] if left else []

    def _left(self) -> list[str]:
        """What exists once everything that is on its way out has gone."""
        until = time.monotonic() + _GONE_LIMIT_S
        pause = threading.Event()
        while True:
            left = [f"container {item.name}" for item in self.storage.list_containers()]
            left += [f"pool {pool.id}" for pool in self.batch.list_pools()]
            left += [f"job {job.id}" for job in self.batch.list_jobs()]
            if not left or time.monotonic() > until:
                return left
            pause.wait(0.1)

    def close(self, trial: Trial, problems: list[str]) -> None:
        """Forgets the trial; where it was lost, adds what it told last, and clears the way for the next one."""
        if problems:
            problems += [f"told: {notice}" for notice in trial.notices[-3:]]
            self.sweep()
        shutil.rmtree(trial.folder, ignore_errors=True)

    def sweep(self) -> None:
        """Deletes what a run that could not end left, whatever it is."""
        for job in self.batch.list_jobs():
            self.batch.delete_job(job.id)
        for pool in self.batch.list_pools():
            self.batch.delete_pool(pool.id)
        for container in self.storage.list_containers():
            self.storage.delete_container(container.name)
        self._left()


@contextmanager
def bench_at(folder: Path, *, allow_faults: bool = True) -> Iterator[Bench]:
    """A fresh sandbox and an account on it; both gone afterwards."""
    with sandbox_at(folder / "sandbox", allow_faults=allow_faults) as sandbox, opened(sandbox, folder) as bench:
        yield bench


@contextmanager
def opened(sandbox: RunningSandbox, folder: Path) -> Iterator[Bench]:
    account = account_of_environment(sandbox.environment)
    assert account is not None
    batch, storage = open_batch(account, timeouts=TIMEOUTS), open_storage(account, timeouts=TIMEOUTS)
    try:
        yield Bench(sandbox, folder, batch, storage)
    finally:
        batch.close()
        storage.close()
