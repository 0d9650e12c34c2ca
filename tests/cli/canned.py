"""A plan and the events of its run, as an engine would publish them."""

from __future__ import annotations

from tui.core.events import (
    Leftover,
    Notice,
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
from tui.core.plan import RunPlan
from tui.core.planning import FileChoice, RunOptions, build_plan
from tui.core.ports import StopSignal
from tui.core.records import FailureInfo, NodeRecord, PoolRecord, TaskCounts, TaskRow, TaskState

START_S = 1_795_168_800.0
RUN_ID = "top-words-20261120-k3f"


class StoppedClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def now_s(self) -> float:
        return START_S + self.elapsed_s

    def wall_s(self) -> float:
        return self.now_s()

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        self.elapsed_s += seconds
        return stop.is_set()


def plan(count: int = 3, **options: object) -> RunPlan:
    files = tuple(FileChoice(1_000 * (index + 1), f"/texts/taskdata{index + 1}.txt") for index in range(count))
    form = RunOptions("top-words", files, destination="/outputs", **options)  # type: ignore[arg-type]
    return build_plan(form, RUN_ID, START_S, "sandbox")


def row(index: int, exit_code: int | None = 0, state: TaskState = TaskState.COMPLETED) -> TaskRow:
    failure = None
    if exit_code:
        failure = FailureInfo("usererror", "FailureExitCode", "The task exited with an exit code", ())
    return TaskRow(
        id=f"topword-{index:05}",
        state=state,
        state_transition_time="2026-11-20T10:00:05.0000000Z",
        exit_code=exit_code,
        failure=failure,
        succeeded=None if exit_code is None else exit_code == 0,
        node_id="tvm-1",
        start_time_s=START_S + 3,
        end_time_s=START_S + 5,
    )


def summary(**changes: object) -> RunSummary:
    fields: dict[str, object] = {
        "run_id": RUN_ID,
        "started_s": START_S,
        "ended_s": START_S + 62,
        "counts": TaskCounts(succeeded=2, failed=1),
        "downloaded_files": 2,
        "downloaded_bytes": 2_048,
        "destination": "/outputs",
        "leftovers": (
            Leftover("pool", RUN_ID, costs=True, note="its nodes cost by the hour until it is deleted"),
            Leftover("job", RUN_ID, costs=False),
            Leftover("container", f"{RUN_ID}-output", costs=False),
        ),
        "deleted": (),
        "exit_code": 1,
        "outcome": "1 of 3 tasks failed.",
        "hint": f"Delete them with: batch-tui runs clean {RUN_ID}",
    }
    return RunSummary(**(fields | changes))  # type: ignore[arg-type]


NODE = NodeRecord(
    "tvm-1", "running", is_dedicated=True, running_tasks=1, running_slots=1, state_transition_time_s=START_S
)
POOL = PoolRecord(RUN_ID, "active", "steady", "Standard_D2s_v3", 1, 0, 1, 0, 1, START_S)

EVENTS: tuple[RunEvent, ...] = (
    RunStarted(RUN_ID, START_S),
    StepChanged(Step.CONTAINERS, StepState.RUNNING, START_S),
    StepChanged(Step.CONTAINERS, StepState.DONE, START_S + 0.5, "3 made"),
    StepChanged(Step.UPLOAD, StepState.RUNNING, START_S + 0.5),
    Progress(Step.UPLOAD, 1, 3, "files", 1_000, 6_000),
    StepChanged(Step.UPLOAD, StepState.DONE, START_S + 2.5, "3 files, 5.9 KB"),
    StepChanged(Step.MONITOR, StepState.RUNNING, START_S + 3),
    PoolChanged(POOL, (NODE,), START_S + 3),
    TasksChanged(
        (row(0), row(1, None, TaskState.RUNNING), row(2, None, TaskState.ACTIVE)),
        is_full=True,
        at_s=START_S + 5,
        server_time_s=START_S + 5,
    ),
    PollReport(START_S + 5, succeeded=True, requests_per_minute=60.0, next_in_s=1.0),
    TasksChanged((row(1, 3), row(2)), is_full=False, at_s=START_S + 6, server_time_s=START_S + 6),
    Notice("the pool has Spot nodes, which may be taken away", is_warning=True),
    StepChanged(Step.MONITOR, StepState.DONE, START_S + 6, "all 3 tasks ended"),
    StepChanged(Step.CLEAN_UP, StepState.SKIPPED, START_S + 7, "everything is kept"),
    RunEnded(summary()),
)
