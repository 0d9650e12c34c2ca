"""A whole world for engine tests: a plan over real files, the fakes, a journal folder, and what was published."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.fakes import UBUNTU, FakeBatch, FakeClock, FakeStorage, Faults, result_of
from tui.core.errors import BatchTuiError
from tui.core.events import Notice, Progress, RunEvent, RunSummary, Step, StepChanged, StepState
from tui.core.plan import DELETE_PARTS, ExistingPool, NewPool, RunPlan
from tui.core.planning import FileChoice, RunOptions, build_plan
from tui.core.ports import StopSignal
from tui.core.run_view import RunView
from tui.core.specs import PoolSpec
from tui.engine.journal import JournalFolder, Write, append
from tui.engine.patience import Patience
from tui.engine.recovery import recover_run
from tui.engine.run import RunEngine
from tui.engine.run_tools import RunTools

RUN_ID = "top-words-20261120-abc"
ALL_PARTS = frozenset(DELETE_PARTS)


def unsynced(file: int, content: bytes, durable: bool) -> None:  # noqa: ARG001  # a `Write`
    """Appends without waiting for the disk: what ends a program in a test does not end the machine."""
    append(file, content, durable=False)


@dataclass
class World:
    """One account and one machine; `engine()` gives a program that works on them."""

    folder: Path
    plan: RunPlan
    clock: FakeClock = field(default_factory=FakeClock)
    faults: Faults = field(default_factory=Faults)
    events: list[RunEvent] = field(default_factory=list)
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        self.storage = FakeStorage(self.clock, self.faults)
        self.batch = FakeBatch(self.clock, self.storage, self.faults)
        self.script = self.folder / "top_words.py"
        self.script.write_text("print('the script')\n")

    def journals(self, write: Write = append) -> JournalFolder:
        return JournalFolder(self.folder / "state" / "runs", self.clock, write)

    def execute(self, stop: StopSignal | None = None, write: Write = unsynced) -> RunSummary:
        """One program runs the plan, from its beginning or from where the journal ends."""
        engine = RunEngine(
            self.batch, self.storage, self.clock, self.journals(write), lambda _: self.script, self.patience
        )
        return engine.execute(self.plan, stop or threading.Event(), self.events.append)

    def view(self) -> RunView:
        view = RunView(self.plan)
        for event in self.events:
            view.apply(event)
        return view

    def states(self) -> dict[Step, StepState]:
        return {step: view.state for step, view in self.view().steps.items()}

    @property
    def notices(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, Notice))

    def notes(self, step: Step) -> list[str]:
        return [event.note for event in self.events if isinstance(event, Progress) and event.step is step]

    def step_texts(self, step: Step) -> list[str]:
        return [event.summary for event in self.events if isinstance(event, StepChanged) and event.step is step]

    @property
    def destination(self) -> Path:
        return Path(self.plan.destination)

    def downloaded(self) -> dict[str, bytes]:
        """The files in the destination by relative path."""
        return {
            str(path.relative_to(self.destination)): path.read_bytes()
            for path in sorted(self.destination.rglob("*"))
            if path.is_file()
        }

    def expected(self, *, without: frozenset[str] = frozenset()) -> dict[str, bytes]:
        """What the download of all outputs must be, `without` those of these tasks."""
        return {
            self.plan.output_name(item): result_of(Path(item.local_path or "").read_bytes())
            for index, item in enumerate(self.plan.inputs)
            if self.plan.task_id(index) not in without
        }

    def other_machine(self, folder: Path) -> World:
        """The same account, no journal, and none of the inputs."""
        other = make_world(folder, files=1)
        other.storage, other.batch, other.clock, other.faults = self.storage, self.batch, self.clock, self.faults
        tools = RunTools(other.batch, other.storage, other.clock, other.journals(), other.patience)
        other.plan = recover_run(tools, RUN_ID, str(folder / "out"), "fake", threading.Event())
        return other

    def use_existing_pool(self, nodes: int = 1) -> None:
        """Lets the plan use a pool that someone else made."""
        self.batch.pools.clear()
        spec = PoolSpec("theirs", "Standard_D2s_v3", UBUNTU, nodes, 0, 1, None)
        self.batch.create_pool(spec, lambda _: (_ for _ in ()).throw(AssertionError("nothing to sign")))
        self.plan = replace(self.plan, pool=ExistingPool("theirs"))


def make_world(folder: Path, files: int = 3, **changes: object) -> World:
    """A world with `files` small inputs; `changes` are fields of the plan."""
    inputs = folder / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    choices = []
    for index in range(files):
        path = inputs / f"input {index}.txt"
        path.write_text(f"words of file {index}\n")
        choices.append(FileChoice(path.stat().st_size, str(path)))
    options = RunOptions("top-words", tuple(choices), dedicated=2, timeout_s=600.0, destination=str(folder / "out"))
    plan = build_plan(options, RUN_ID, created_s=0.0, account="fake")
    return World(folder, replace(plan, **changes))  # type: ignore[arg-type]  # fields by name


class Killed(BaseException):
    """The program ends here, as by SIGKILL: nothing below the test catches it."""


def kill() -> None:
    raise Killed


def before(text: bytes, act: Callable[[], object]) -> Write:
    """A journal's `Write` that lets `act` happen, once, before the record that holds `text`."""
    waiting = [act]

    def write(file: int, content: bytes, durable: bool) -> None:
        if text in content and waiting:
            waiting.pop()()
        unsynced(file, content, durable)

    return write


class KillAt:
    """A journal's `Write` that kills the program before or after its nth record reaches the disk."""

    def __init__(self, number: int, *, after: bool) -> None:
        self.written = 0
        self._number = number
        self._after = after

    def __call__(self, file: int, content: bytes, durable: bool) -> None:
        self.written += 1
        if self.written == self._number and not self._after:
            raise Killed
        unsynced(file, content, durable)
        if self.written == self._number:
            raise Killed


def new_pool(plan: RunPlan) -> NewPool:
    assert isinstance(plan.pool, NewPool)
    return plan.pool


__all__ = ["ALL_PARTS", "RUN_ID", "BatchTuiError", "KillAt", "Killed", "World", "make_world", "new_pool"]


def running_world(tmp_path: Path) -> World:
    """A job of ten tasks on a pool of two nodes; nobody watches yet."""
    world = make_world(tmp_path, files=10)
    plan, sign = world.plan, world.storage
    for container in plan.containers:
        world.storage.create_container(container, {})
    for item in plan.inputs:
        world.storage.store(plan.input_container, item.blob_name, b"words")
    signer = lambda reference: sign.sign(reference.container, reference.permissions, 0.0)  # noqa: E731
    world.batch.create_pool(PoolSpec(plan.pool.id, "Standard_D2s_v3", UBUNTU, 2, 0, 1, None), signer)
    world.batch.create_job(plan.job_spec(), signer)
    world.batch.add_tasks(plan.job_id, next(plan.chunks()), signer)
    world.batch.end_job_when_done(plan.job_id)
    world.faults.calls.clear()
    return world
