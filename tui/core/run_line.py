"""A run as the list of runs shows it: what its journal says, and beside it what the service said last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tui.core.columns import Column, Tone
from tui.core.presence import Presence
from tui.core.table_model import TableModel
from tui.core.units import count_text, duration_text

if TYPE_CHECKING:
    from tui.core.deletion import Remains
    from tui.core.events import Leftover, RunSummary, Step
    from tui.core.plan import RunPlan
    from tui.core.records import TaskCounts


class RunState(StrEnum):
    """How a run stands, in the word a person reads."""

    RUNNING = "running"
    GOING_ON = "goes on by itself"
    DONE = "tasks done"
    """Nobody has looked at the end of its tasks, nor fetched what they made."""
    SUCCEEDED = "succeeded"
    TASKS_FAILED = "tasks failed"
    TIMED_OUT = "timed out"
    FAILED = "failed"
    STOPPED = "stopped"


_GLYPHS: dict[RunState, str] = {
    RunState.RUNNING: "●",
    RunState.GOING_ON: "◐",
    RunState.DONE: "◉",
    RunState.SUCCEEDED: "✓",
    RunState.TASKS_FAILED: "✗",
    RunState.TIMED_OUT: "✗",
    RunState.FAILED: "✗",
    RunState.STOPPED: "–",
}
_TONES: dict[RunState, Tone] = {
    RunState.RUNNING: "running",
    RunState.GOING_ON: "running",
    RunState.DONE: "running",
    RunState.SUCCEEDED: "success",
    RunState.TASKS_FAILED: "error",
    RunState.TIMED_OUT: "error",
    RunState.FAILED: "error",
    RunState.STOPPED: "warning",
}
_RESUMABLE = (RunState.GOING_ON, RunState.DONE, RunState.TIMED_OUT, RunState.FAILED, RunState.STOPPED)
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of the list."""

    plan: RunPlan
    started_s: float
    last_s: float
    """When the journal was last written."""
    journaled_state: RunState
    reached: Step | None
    """The last step that began."""
    journaled_counts: TaskCounts | None
    leftovers: tuple[Leftover, ...]
    """What exists as far as the journal knows."""
    summary: RunSummary | None = None
    is_driven: bool = False
    remains: Remains | None = None
    """What the service said last, where it was asked."""
    trouble: str = ""
    """Why the service could not be asked."""

    @property
    def run_id(self) -> str:
        return self.plan.run_id

    @property
    def state(self) -> RunState:
        """As journaled, corrected by what the service said: the tasks of a run that was left go on, or have ended."""
        state, remains = self.journaled_state, self.remains
        if state is RunState.GOING_ON and remains is not None and not remains.goes_on:
            return RunState.STOPPED if remains.job is None or remains.unfinished_tasks else RunState.DONE
        return state

    @property
    def counts(self) -> TaskCounts | None:
        """The service's where the job exists, else as journaled."""
        remains = self.remains
        if remains is not None and remains.job is not None and remains.counts.total:
            return remains.counts
        return self.journaled_counts

    @property
    def exists(self) -> bool:
        """Whether anything of it exists, as well as is known."""
        return bool(self.leftovers) if self.remains is None else self.remains.exists

    @property
    def costs(self) -> bool:
        """Whether nodes of it cost by the hour, as well as is known."""
        if self.remains is None:
            return any(item.costs for item in self.leftovers)
        return self.remains.costing_nodes > 0

    @property
    def can_resume(self) -> bool:
        return not self.is_driven and self.exists and self.state in _RESUMABLE

    @property
    def has_outputs(self) -> bool:
        """Whether there may be something to download."""
        container = self.plan.output_container
        if self.remains is None:
            return any(item.name == container for item in self.leftovers)
        return any(item.name == container and item.presence is Presence.PRESENT for item in self.remains.resources)


def state_text(line: RunLine) -> str:
    """`– stopped at upload`."""
    state = line.state
    where = f" at {line.reached.value}" if state in (RunState.STOPPED, RunState.FAILED) and line.reached else ""
    return f"{_GLYPHS[state]} {state.value}{where}"


def state_tone(line: RunLine) -> Tone:
    return _TONES[line.state]


def counts_text(line: RunLine) -> str:
    """`5 of 8 ✓  1 ✗`."""
    counts, total = line.counts, len(line.plan.inputs)
    if counts is None:
        return f"{total:,}"
    failed = f"  {counts.failed:,} ✗" if counts.failed else ""
    return f"{counts.succeeded:,} of {max(total, counts.total):,} ✓{failed}"


def left_text(line: RunLine) -> str:
    """`▲ 3 nodes cost · job · data`, or nothing; what only the journal knows has a question mark."""
    remains = line.remains
    if remains is None:
        kinds = [item.kind for item in line.leftovers]
        words = [*(["▲ pool costs" if line.costs else "pool"] if "pool" in kinds else [])]
        words += ["job"] if "job" in kinds else []
        words += ["data"] if "container" in kinds else []
        return " · ".join(words) + " ?" if words else _NOTHING
    kinds = [item.kind for item in remains.resources if item.presence is Presence.PRESENT]
    is_going = any(item.presence is Presence.DELETING for item in remains.resources)
    words = []
    if remains.costing_nodes:
        words.append(
            f"▲ {count_text(remains.costing_nodes, 'node')} {'cost' if remains.costing_nodes > 1 else 'costs'}"
        )
    elif "pool" in kinds:
        words.append("empty pool" if remains.is_billed else "pool")
    words += [name for kind, name in (("job", "job"), ("container", "data")) if kind in kinds]
    words += ["being deleted"] if is_going else []
    return " · ".join(words) or _NOTHING


def left_tone(line: RunLine) -> Tone:
    return "warning" if line.costs else "" if line.exists else "muted"


class RunTable:
    """The list as a table; `now_s` moves with the clock of whoever shows it."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s
        self.model: TableModel[RunLine] = TableModel(self._columns(), lambda line: line.run_id)

    def show(self, lines: Sequence[RunLine]) -> None:
        self.model.replace(lines)

    def age_text(self, line: RunLine) -> str:
        return duration_text(max(60.0 * ((self.now_s - line.started_s) // 60), 0.0)).removesuffix(" 00 s")

    def _columns(self) -> tuple[Column[RunLine], ...]:
        return (
            Column[RunLine]("run", "RUN", lambda line: line.run_id, width=24, flex=1),
            Column[RunLine]("state", "STATE", state_text, width=20, tone=state_tone),
            Column[RunLine]("tasks", "TASKS", counts_text, width=14, priority=2),
            Column[RunLine](
                "age", "STARTED", self.started_text, width=14, sort_value=lambda line: -line.started_s, priority=3
            ),
            Column[RunLine]("left", "STILL THERE", left_text, width=27, flex=1, tone=left_tone, priority=1),
            Column[RunLine]("workload", "WORKLOAD", lambda line: line.plan.workload_name, width=10, priority=6),
            Column[RunLine]("account", "ACCOUNT", lambda line: line.plan.account, width=10, priority=5),
        )

    def started_text(self, line: RunLine) -> str:
        """`4 min ago`."""
        seconds = max(0.0, self.now_s - line.started_s)
        return "just now" if seconds < 60 else f"{self.age_text(line)} ago"
