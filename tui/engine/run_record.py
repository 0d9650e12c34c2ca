"""A run as its journal tells it: the records folded, one by one, into what was planned, done, made and moved.

The fold trusts nothing of a line but its kind; a line it does not understand is counted as damaged and left out, since
every step of a run looks at the service again before it acts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Literal

from tui.core.deletion import RESOURCE_KINDS, ResourceKind
from tui.core.events import FailedTask, Leftover, RunSummary, Step, StepState
from tui.core.plan import DELETE_PARTS, RunPlan
from tui.core.plan_codec import plan_from_json
from tui.core.records import TaskCounts

Direction = Literal["up", "down"]

_END_OF_CALENDARS_S = 2e11
"""Some two thousand years before the last moment that Python can write down."""


class ResourceState(StrEnum):
    """Written before (`-ing`) and after each change, so that a kill in between leaves a trace."""

    MAKING = "making"
    MADE = "made"
    DELETING = "deleting"
    DELETED = "deleted"


class Ending(StrEnum):
    """Why the watching of the tasks ended."""

    ALL_DONE = "all done"
    JOB_ENDED = "job ended"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class TasksOutcome:
    """What became of the tasks when the watching ended."""

    ending: Ending
    counts: TaskCounts
    failed: tuple[str, ...] = ()
    """Ids, in order."""
    reason: str = ""
    """Why not everything is done, where not everything is."""
    failures: tuple[FailedTask, ...] = ()
    """The first of those that failed, as the service tells of them."""


@dataclass(frozen=True, slots=True)
class FileMoved:
    """One file that was transferred whole and verified."""

    direction: Direction
    name: str
    """The blob's."""
    size_bytes: int
    md5: str
    """In hexadecimal; empty where neither side knew it."""
    path: str = ""
    """The local file's."""


@dataclass(slots=True)
class RunRecord:
    """Everything a journal says of its run. Only `apply` changes it."""

    plan: RunPlan
    started_s: float
    last_s: float = 0.0
    """When the newest record was written."""
    storage_account: str = ""
    """Where the run is, by a name that only one account has; empty until something was done there."""
    steps: dict[Step, StepState] = field(default_factory=dict)
    """In the order in which something was last said of them."""
    step_summaries: dict[Step, str] = field(default_factory=dict)
    resources: dict[tuple[ResourceKind, str], ResourceState] = field(default_factory=dict)
    outcome: TasksOutcome | None = None
    files_moved: dict[tuple[Direction, str], FileMoved] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    summary: RunSummary | None = None
    is_driven: bool = False
    """Whether a process holds the journal's lock."""
    damaged_lines: int = 0

    def apply(self, line: Mapping[str, object]) -> None:
        """Folds one record in; KeyError, TypeError or ValueError where it is none."""
        kind, at_s = line["kind"], moment(line["at"])
        match kind:
            case "plan":
                self.summary = None
            case "step":
                step = Step(str(line["step"]))
                self.steps.pop(step, None)
                self.steps[step] = StepState(str(line["state"]))
                self.step_summaries[step] = str(line.get("summary", ""))
                self.summary = None
            case "resource":
                self._apply_resource(line)
            case "outcome":
                self.outcome = outcome_from_json(line)
            case "transferred":
                moved = moved_from_json(line)
                self.files_moved[moved.direction, moved.name] = moved
            case "account":
                self.storage_account = str(line["storage"])
            case "note":
                self.notes.append(str(line["text"]))
            case "ended":
                self.summary = summary_from_json(line, self.plan)
            case _:
                raise ValueError(f"no such kind: {kind!r}")
        self.last_s = at_s

    def _apply_resource(self, line: Mapping[str, object]) -> None:
        for kind in RESOURCE_KINDS:
            if line["what"] == kind:
                self.resources[kind, str(line["name"])] = ResourceState(str(line["state"]))
                return
        raise ValueError("no such resource")

    def has_done(self, step: Step) -> bool:
        return self.steps.get(step) in (StepState.DONE, StepState.SKIPPED)

    @property
    def reached(self) -> Step | None:
        """The step that was taken last."""
        return next((step for step, state in reversed(self.steps.items()) if state is not StepState.SKIPPED), None)

    def has_made(self, kind: ResourceKind, name: str) -> bool:
        """Whether this run made it, or may have, and has not deleted it."""
        return self.resources.get((kind, name), ResourceState.DELETED) is not ResourceState.DELETED

    @property
    def tasks_are_submitted(self) -> bool:
        return self.has_done(Step.TASKS)

    @property
    def leftovers(self) -> tuple[Leftover, ...]:
        """What the run made and nothing says is gone, as far as the journal knows."""
        is_billed = self.plan.is_billed
        costs = _COSTS if is_billed else _COSTS_ON_AZURE
        return tuple(
            Leftover(kind, name, kind == "pool" and is_billed, costs.get((kind, state), _STATE_NOTES[state]))
            for (kind, name), state in self.resources.items()
            if state is not ResourceState.DELETED
        )


_STATE_NOTES = {
    ResourceState.MAKING: "may exist: whether it was made is unknown",
    ResourceState.MADE: "",
    ResourceState.DELETING: "is being deleted",
}
_COSTS: dict[tuple[ResourceKind, ResourceState], str] = {
    ("pool", ResourceState.MADE): "its nodes cost by the hour until it is deleted or resized to 0",
    ("container", ResourceState.MADE): "costs by the size of what it holds",
}
_COSTS_ON_AZURE: dict[tuple[ResourceKind, ResourceState], str] = {
    ("pool", ResourceState.MADE): "nothing costs on the sandbox; on Azure its nodes would, by the hour",
}
"""Of the sandbox, which does all that Azure does but send bills."""


def plan_of(line: Mapping[str, object]) -> RunPlan:
    """The plan of a journal's first record; InputError or ValueError where there is none."""
    if line.get("kind") != "plan" or not isinstance(plan := line.get("plan"), dict):
        raise ValueError("the first record is no plan")
    return plan_from_json(plan)


def moment(value: object) -> float:
    """Unix seconds that a calendar has."""
    seconds = _number(value)
    if not 0 <= seconds <= _END_OF_CALENDARS_S:
        raise ValueError("not a time")
    return seconds


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"not a number: {value!r}")
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"not an object: {value!r}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"not a list: {value!r}")
    return tuple(str(item) for item in value)


def counts_to_json(counts: TaskCounts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in _COUNT_NAMES}


_COUNT_NAMES = ("active", "running", "succeeded", "failed")


def _counts(value: object) -> TaskCounts:
    data = _mapping(value)
    return TaskCounts(**{name: int(_number(data[name])) for name in _COUNT_NAMES})


def outcome_to_json(outcome: TasksOutcome) -> dict[str, object]:
    return {
        "ending": outcome.ending.value,
        "counts": counts_to_json(outcome.counts),
        "failed": list(outcome.failed),
        "reason": outcome.reason,
        "failures": [asdict(task) for task in outcome.failures],
    }


def outcome_from_json(line: Mapping[str, object]) -> TasksOutcome:
    return TasksOutcome(
        Ending(str(line["ending"])),
        _counts(line["counts"]),
        _texts(line["failed"]),
        str(line.get("reason", "")),
        _failures(line.get("failures", [])),
    )


def _failures(value: object) -> tuple[FailedTask, ...]:
    if not isinstance(value, list):
        raise ValueError("not a list of failures")
    return tuple(map(_failed_task, map(_mapping, value)))


def _failed_task(item: Mapping[str, object]) -> FailedTask:
    code = item["exit_code"]
    texts = {name: str(item[name]) for name in ("task_id", "input_name", "code", "message", "last_words", "log_path")}
    return FailedTask(exit_code=None if code is None else int(_number(code)), **texts)


def moved_to_json(moved: FileMoved) -> dict[str, object]:
    return {
        "direction": moved.direction,
        "name": moved.name,
        "size": moved.size_bytes,
        "md5": moved.md5,
        "path": moved.path,
    }


def moved_from_json(line: Mapping[str, object]) -> FileMoved:
    direction: Direction = "up" if line["direction"] == "up" else "down"
    return FileMoved(
        direction, str(line["name"]), int(_number(line["size"])), str(line["md5"]), str(line.get("path", ""))
    )


def summary_to_json(summary: RunSummary) -> dict[str, object]:
    """JSON values only, also for `--json`'s last line."""
    return {
        "run_id": summary.run_id,
        "started_s": summary.started_s,
        "ended_s": summary.ended_s,
        "counts": counts_to_json(summary.counts),
        "downloaded_files": summary.downloaded_files,
        "downloaded_bytes": summary.downloaded_bytes,
        "destination": summary.destination,
        "leftovers": [
            {"kind": item.kind, "name": item.name, "costs": item.costs, "note": item.note} for item in summary.leftovers
        ],
        "deleted": list(summary.deleted),
        "exit_code": summary.exit_code,
        "outcome": summary.outcome,
        "hint": summary.hint,
        "failures": [asdict(task) for task in summary.failures],
    }


def summary_from_json(line: Mapping[str, object], plan: RunPlan) -> RunSummary:
    data = _mapping(line["summary"])
    leftovers, deleted = data["leftovers"], _texts(data["deleted"])
    if not isinstance(leftovers, list):
        raise ValueError("not a list of leftovers")
    return RunSummary(
        run_id=plan.run_id,
        started_s=moment(data["started_s"]),
        ended_s=moment(data["ended_s"]),
        counts=_counts(data["counts"]),
        downloaded_files=int(_number(data["downloaded_files"])),
        downloaded_bytes=int(_number(data["downloaded_bytes"])),
        destination=str(data["destination"]),
        leftovers=tuple(
            Leftover(str(item["kind"]), str(item["name"]), item["costs"] is True, str(item["note"]))
            for item in map(_mapping, leftovers)
        ),
        deleted=tuple(part for part in DELETE_PARTS if part in deleted),
        exit_code=int(_number(data["exit_code"])),
        outcome=str(data["outcome"]),
        hint=str(data.get("hint", "")),
        failures=_failures(data.get("failures", [])),
    )
