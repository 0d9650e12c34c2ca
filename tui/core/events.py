"""What the engine tells while it works: frozen values, one a unit of work, the same for the TUI, the console and JSON.

An event never holds a secret. `RunEvent` is the closed union; `run_view.RunView` folds events into what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.core.errors import BatchTuiError
    from tui.core.plan import DeletePart
    from tui.core.records import NodeRecord, PoolRecord, TaskCounts, TaskRow


class Step(StrEnum):
    """The steps of a run, in their order."""

    CONTAINERS = "containers"
    UPLOAD = "upload"
    POOL = "pool"
    JOB = "job"
    TASKS = "tasks"
    MONITOR = "monitor"
    DOWNLOAD = "download"
    CLEAN_UP = "clean up"


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunStarted:
    run_id: str
    at_s: float
    is_resumed: bool = False


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A step started, ended, was skipped or failed; `summary` says with what result, in a few words."""

    step: Step
    state: StepState
    at_s: float
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is; totals are zero while they are unknown."""

    step: Step
    done: int
    total: int
    unit: str = "files"
    done_bytes: int = 0
    total_bytes: int = 0
    note: str = ""
    """Why nothing moves, where nothing does: `waiting for the pool: 2 nodes starting`."""


@dataclass(frozen=True, slots=True)
class PoolChanged:
    """The pool and its nodes as last read; `at_s` is when."""

    pool: PoolRecord | None
    nodes: tuple[NodeRecord, ...]
    at_s: float


@dataclass(frozen=True, slots=True)
class TasksChanged:
    """One poll's worth of change. A full list replaces what was known; otherwise rows are merged by id."""

    rows: tuple[TaskRow, ...]
    is_full: bool
    at_s: float
    """How old the rows are at most: when they were asked for, on our clock. The pages of a list may take a minute."""
    server_time_s: float


@dataclass(frozen=True, slots=True)
class TasksArriving:
    """A full list under way; over with the next `TasksChanged` that is full, or the next `PollReport`.

    Nothing that is said of all tasks may be concluded from it: it lacks some of them, and may never be finished.
    """

    rows: tuple[TaskRow, ...]
    """Of a first list, those since the last such event; none where all tasks are known from an earlier list."""
    listed: int
    """How many tasks the list has named so far."""
    at_s: float


@dataclass(frozen=True, slots=True)
class CountsChanged:
    """The service's own counts; they may lag behind the rows."""

    counts: TaskCounts
    at_s: float


@dataclass(frozen=True, slots=True)
class PollReport:
    """How the polling goes: what the header shows as age and rate."""

    at_s: float
    succeeded: bool
    requests_per_minute: float
    next_in_s: float
    trouble: str = ""
    """In words, while the service cannot be reached or throttles."""
    throttled_until_s: float | None = None
    as_of_s: float | None = None
    """All that is known of the tasks is at least as new as this, where that is earlier than `at_s`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know that changes no step."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something the run made that still exists; `costs` says whether it goes on costing by the hour."""

    kind: str
    """`pool`, `job` or `container`."""
    name: str
    costs: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task that failed, as a summary names it."""

    task_id: str
    input_name: str = ""
    exit_code: int | None = None
    code: str = ""
    """The service's word for the failure."""
    message: str = ""
    last_words: str = ""
    """The last line of its stderr, safe to show; empty where it wrote none or nobody read it."""
    log_path: str = ""
    """The local file with its stderr, where that was downloaded."""

    @classmethod
    def of(cls, row: TaskRow, input_name: str) -> FailedTask:
        code, message = ("", "") if row.failure is None else (row.failure.code, row.failure.message)
        return cls(row.id, input_name, row.exit_code, code, message)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a run ended; the last line of every run, headless or not."""

    run_id: str
    started_s: float
    ended_s: float
    counts: TaskCounts
    downloaded_files: int
    downloaded_bytes: int
    destination: str
    leftovers: tuple[Leftover, ...]
    deleted: tuple[DeletePart, ...]
    exit_code: int
    outcome: str
    """One sentence."""
    hint: str = ""
    """What to do next, where something is left to do."""
    failures: tuple[FailedTask, ...] = ()
    """The first of the tasks that failed."""

    @property
    def elapsed_s(self) -> float:
        return self.ended_s - self.started_s


@dataclass(frozen=True, slots=True)
class RunEnded:
    summary: RunSummary
    problem: BatchTuiError | None = None
    """What stopped it, where something did: whoever shows the run can mend some of it."""


RunEvent = (
    RunStarted
    | StepChanged
    | Progress
    | PoolChanged
    | TasksChanged
    | TasksArriving
    | CountsChanged
    | PollReport
    | Notice
    | RunEnded
)
