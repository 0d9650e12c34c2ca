"""A canned run, its services and its clock: the same at every call, so that pictures of it are the same too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from tui.core.errors import BatchTuiError, NotFound
from tui.core.events import (
    Leftover,
    PollReport,
    PoolChanged,
    Progress,
    RunEnded,
    RunEvent,
    RunStarted,
    RunSummary,
    Step,
    StepChanged,
    StepState,
    TasksChanged,
)
from tui.core.plan import NewPool, PlannedInput, RunPlan
from tui.core.records import FailureInfo, NodeRecord, PoolRecord, TaskCounts, TaskRow, TaskState
from tui.ui.services import AccountLabel, AppServices, LogChunk, LogSource

ResultT = TypeVar("ResultT")

NOW_S = 1_795_169_000.0
"""The canned moment; screens show it in the zone of the machine, tests that picture it set UTC."""
RUN_ID = "top-words-20261120-k3f"
INPUT_NAMES = (
    "taskdata1.txt",
    "Größe und Maß.txt",
    "a name that is much too long for its column.txt",
    "x\x1b[31mred.txt",
)
STEPS_BEFORE_MONITOR = (Step.CONTAINERS, Step.UPLOAD, Step.POOL, Step.JOB, Step.TASKS)


class FrozenClock:
    """A clock that a test turns by hand."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self.moment_s = now_s

    def now_s(self) -> float:
        return self.moment_s


@dataclass
class FakeLogs:
    """Logs by source; reads are recorded."""

    contents: dict[LogSource, bytes] = field(default_factory=dict)
    reads: list[tuple[LogSource, int | None]] = field(default_factory=list)

    def read(
        self,
        source: LogSource,
        offset: int | None,
        limit_bytes: int,
        *,
        unless_version: str = "",  # noqa: ARG002 - it tells no versions
    ) -> LogChunk:
        self.reads.append((source, offset))
        if source not in self.contents:
            raise NotFound("No such file")
        content = self.contents[source]
        start = max(0, len(content) - limit_bytes) if offset is None else offset
        return LogChunk(content[start : start + limit_bytes], start, len(content), "node")


class FakeSession:
    """A session whose mailbox a test fills before it starts; it ends once that is empty."""

    def __init__(self, *batches: list[RunEvent], error: BaseException | None = None) -> None:
        self.batches = list(batches)
        self.is_started = self.is_stopped = False
        self.summary: RunSummary | None = None
        self.error: BaseException | None = None
        self._error_at_end = error

    def start(self) -> None:
        assert not self.is_started, "a session is started once"
        self.is_started = True

    def take(self, timeout_s: float) -> list[RunEvent]:  # noqa: ARG002 - never waits
        if not self.batches:
            self.error = self._error_at_end
            self.summary = self.summary or SUMMARY
            return []
        batch = self.batches.pop(0)
        for event in batch:
            if isinstance(event, RunEnded):
                self.summary = event.summary
        return batch

    def stop(self) -> None:
        self.is_stopped = True


class PausableFakeSession(FakeSession):
    """A session that can be paused, goes on until it is stopped, and tells nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.is_paused = False
        self.refreshes = 0
        self._stop = threading.Event()

    def take(self, timeout_s: float) -> list[RunEvent]:
        self._stop.wait(timeout_s)
        return []

    def stop(self) -> None:
        super().stop()
        self._stop.set()

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def refresh_now(self) -> None:
        self.refreshes += 1


def at_once(function: Callable[[], ResultT], /) -> Awaitable[ResultT]:
    """Makes a blocking call then and there: no thread."""
    future: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
    try:
        future.set_result(function())
    except BatchTuiError as error:
        future.set_exception(error)
    return future


def new_services(logs: FakeLogs | None = None, clock: FrozenClock | None = None) -> AppServices:
    reader = logs or FakeLogs()
    return AppServices(
        account=AccountLabel("sandbox", "http://127.0.0.1:41233"),
        clock=clock or FrozenClock(),
        start_run=lambda _plan: FakeSession(),
        log_reader=lambda _plan: reader,
        run_blocking=at_once,
    )


def new_plan(inputs: int = 8) -> RunPlan:
    names = [*INPUT_NAMES, *(f"taskdata{number}.txt" for number in range(4, inputs))][:inputs]
    return RunPlan(
        run_id=RUN_ID,
        workload_name="top-words",
        inputs=tuple(PlannedInput(name, 1_000 * (number + 1), f"/in/{name}") for number, name in enumerate(names)),
        pool=NewPool(RUN_ID, dedicated=3),
        timeout_s=1_200,
        destination="/home/user/results",
        account="sandbox",
        created_s=NOW_S - 300,
        parameters=(("words", 3.0), ("delay", 0.0)),
    )


def new_node(number: int, state: str = "running") -> NodeRecord:
    return NodeRecord(f"tvmps_{number:08x}a41_d", state, True, 1, 1, NOW_S - 60)


def new_pool(nodes: int = 3, target: int = 3) -> PoolRecord:
    return PoolRecord(
        id=RUN_ID,
        state="active",
        allocation_state="steady",
        vm_size="Standard_D2s_v3",
        target_dedicated=target,
        target_spot=0,
        current_dedicated=nodes,
        current_spot=0,
        slots_per_node=1,
        creation_time_s=NOW_S - 200,
    )


def task(number: int, state: TaskState = TaskState.ACTIVE, **changes: object) -> TaskRow:
    return replace(TaskRow(f"topword-{number:05}", state, "2026-11-20T10:02:11.1234567Z"), **changes)  # type: ignore[arg-type]


def succeeded(number: int, took_s: float = 1.2) -> TaskRow:
    return task(
        number,
        TaskState.COMPLETED,
        exit_code=0,
        succeeded=True,
        node_id=new_node(number % 3).id,
        start_time_s=NOW_S - 60,
        end_time_s=NOW_S - 60 + took_s,
    )


def failed(number: int) -> TaskRow:
    return task(
        number,
        TaskState.COMPLETED,
        exit_code=1,
        succeeded=False,
        failure=FailureInfo("usererror", "FailureExitCode", "The task process exited with an unexpected exit code"),
        node_id=new_node(number % 3).id,
        start_time_s=NOW_S - 50,
        end_time_s=NOW_S - 47,
        retry_count=2,
    )


def running(number: int, since_s: float = 3.4) -> TaskRow:
    return task(number, TaskState.RUNNING, node_id=new_node(number % 3).id, start_time_s=NOW_S - since_s)


CANNED_ROWS = (
    succeeded(0),
    succeeded(1, 2.6),
    running(2),
    failed(3),
    succeeded(4, 61),
    running(5, 75),
    task(6),
    task(7),
)


def set_up_events() -> list[RunEvent]:
    """A run whose tasks are submitted, before its first task was seen."""
    events: list[RunEvent] = [RunStarted(RUN_ID, NOW_S - 252)]
    for step in STEPS_BEFORE_MONITOR:
        events += [StepChanged(step, StepState.RUNNING, NOW_S - 200), StepChanged(step, StepState.DONE, NOW_S - 100)]
    nodes = (new_node(0), new_node(1, "idle"), new_node(2, "starting"))
    return [
        *events,
        Progress(Step.UPLOAD, 8, 8, "files", 12_345, 12_345),
        Progress(Step.TASKS, 8, 8, "tasks"),
        PoolChanged(new_pool(), nodes, NOW_S - 2),
        StepChanged(Step.MONITOR, StepState.RUNNING, NOW_S - 62),
        PollReport(NOW_S - 0.8, True, 72, 1.0),
    ]


def running_events(rows: tuple[TaskRow, ...] = CANNED_ROWS) -> list[RunEvent]:
    """The same with its tasks in every state."""
    return [*set_up_events(), TasksChanged(rows, True, NOW_S - 0.8, NOW_S - 0.9), Progress(Step.MONITOR, 4, 8, "tasks")]


SUMMARY = RunSummary(
    run_id=RUN_ID,
    started_s=NOW_S - 252,
    ended_s=NOW_S,
    counts=TaskCounts(succeeded=7, failed=1),
    downloaded_files=7,
    downloaded_bytes=45_678,
    destination="/home/user/results",
    leftovers=(
        Leftover("pool", RUN_ID, True, "3 nodes"),
        Leftover("job", RUN_ID, False),
        *(Leftover("container", f"{RUN_ID}-{name}", False) for name in ("application", "input", "output")),
    ),
    deleted=(),
    exit_code=1,
    outcome="1 of 8 tasks failed; the outputs of the others were downloaded.",
)


def ended_events() -> list[RunEvent]:
    """The same, over."""
    rows = (*CANNED_ROWS[:2], succeeded(2), failed(3), *(succeeded(number) for number in range(4, 8)))
    steps = [StepChanged(step, StepState.DONE, NOW_S) for step in (Step.MONITOR, Step.DOWNLOAD)]
    skipped = StepChanged(Step.CLEAN_UP, StepState.SKIPPED, NOW_S)
    return [*running_events(rows), *steps, skipped, RunEnded(SUMMARY)]
