"""What of a run still exists, what deleting it would lose and what it would save: judged here, read by the engine.

A loss is what nobody gets back; where a deletion has one, a person types the run's id. Nothing is offered that the run
did not make: what bears its name without being its own is told as such.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from tui.core.errors import AccessRefused
from tui.core.plan import DELETE_PARTS, DeletePart
from tui.core.presence import Presence
from tui.core.records import JobRecord, PoolRecord, TaskCounts
from tui.core.units import count_text, size_text

ResourceKind = Literal["container", "pool", "job"]
RESOURCE_KINDS: tuple[ResourceKind, ...] = ("container", "pool", "job")


@dataclass(frozen=True, slots=True)
class RunResource:
    """One thing that a run makes, as the service has it now."""

    kind: ResourceKind
    name: str
    presence: Presence

    @property
    def part(self) -> DeletePart:
        return "containers" if self.kind == "container" else self.kind


@dataclass(frozen=True, slots=True)
class FileTally:
    files: int = 0
    size_bytes: int = 0

    def __bool__(self) -> bool:
        return self.files > 0

    def __str__(self) -> str:
        return f"{count_text(self.files, 'file')}, {size_text(self.size_bytes)}"


@dataclass(frozen=True, slots=True)
class Remains:
    """What a run still has, as read from the service at `read_s` on our clock."""

    run_id: str
    read_s: float
    resources: tuple[RunResource, ...]
    counts: TaskCounts = field(default_factory=TaskCounts)
    """Of the job's tasks; none where the job is gone."""
    job: JobRecord | None = None
    pool: PoolRecord | None = None
    """Only a pool that the run made."""
    stored: FileTally = FileTally()
    """Everything in the run's own containers."""
    not_downloaded: FileTally = FileTally()
    """Outputs that lie nowhere but in the output container."""
    stored_logs: int = 0
    """Tasks whose logs are in the output container."""
    logs_on_nodes: int = 0
    """Tasks that have begun and whose logs are on the nodes alone."""
    other_jobs: tuple[str, ...] = ()
    """Jobs of others that the run's pool works on."""
    counts_files: bool = True
    """Whether the containers were looked into."""
    is_whole: bool = True
    """False where the containers hold more than was counted: the figures are then the least there is."""
    is_billed: bool = True
    """Whether any of it costs money; nothing does on the sandbox."""

    def of_part(self, part: DeletePart) -> tuple[RunResource, ...]:
        """What can be deleted of a part."""
        return tuple(item for item in self.resources if item.part == part and item.presence is Presence.PRESENT)

    @property
    def parts(self) -> tuple[DeletePart, ...]:
        """The parts of which something can be deleted, in the order of deletion."""
        return tuple(part for part in DELETE_PARTS if self.of_part(part))

    @property
    def unfinished_tasks(self) -> int:
        return self.counts.active + self.counts.running

    @property
    def costing_nodes(self) -> int:
        """Nodes that cost by the hour now, or will once they are allocated."""
        return 0 if self.pool is None or not self.is_billed else max(self.pool.current_nodes, self.pool.target_nodes)

    @property
    def exists(self) -> bool:
        return any(item.presence in (Presence.PRESENT, Presence.DELETING) for item in self.resources)

    @property
    def goes_on(self) -> bool:
        """Whether the run's tasks go on without anybody watching."""
        return self.job is not None and not self.job.is_over and self.unfinished_tasks > 0


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a deletion takes away."""

    text: str
    is_final: bool = True
    """False for what a person hardly misses: it is said, and nothing is typed for it."""


def losses(remains: Remains, parts: Collection[DeletePart]) -> tuple[Loss, ...]:
    """What deleting these parts loses, the gravest first."""
    found: list[Loss] = []
    unfinished, running = remains.unfinished_tasks, remains.counts.running
    least = "" if remains.is_whole else "at least "
    if unfinished and parts:
        waiting = f", {remains.counts.active:,} waiting" if remains.counts.active else ""
        found.append(Loss(f"{count_text(unfinished, 'task')} not finished ({running:,} running{waiting})"))
    if "containers" in parts and remains.not_downloaded:
        found.append(Loss(f"outputs not downloaded: {least}{remains.not_downloaded}"))
    if remains.logs_on_nodes and ("job" in parts or "pool" in parts):
        found.append(Loss(f"logs that only the nodes have, of {count_text(remains.logs_on_nodes, 'task')}"))
    if "pool" in parts and remains.other_jobs:
        names = ", ".join(remains.other_jobs[:3]) + (" and more" if len(remains.other_jobs) > 3 else "")
        found.append(Loss(f"the pool of {count_text(len(remains.other_jobs), 'other job')}: {names}"))
    if "containers" in parts and remains.stored_logs:
        logs = f"stored logs of {least}{count_text(remains.stored_logs, 'task')}"
        found.append(Loss(logs, is_final=False))
    if "job" in parts and remains.counts.completed:
        states = f"states and exit codes of {count_text(remains.counts.completed, 'task')}"
        found.append(Loss(states, is_final=False))
    return tuple(found)


def savings(remains: Remains, parts: Collection[DeletePart]) -> tuple[str, ...]:
    """What no longer costs once these parts are gone."""
    if not remains.is_billed:
        return ()
    found = []
    pool = remains.pool
    if "pool" in parts and pool is not None and remains.costing_nodes:
        found.append(f"{count_text(remains.costing_nodes, 'node')} of {pool.vm_size}, by the hour")
    if "containers" in parts and remains.stored:
        least = "" if remains.is_whole else "at least "
        found.append(f"storage of {least}{remains.stored}")
    return tuple(found)


class DeletionState(StrEnum):
    WAITING = "waiting"
    RUNNING = "deleting"
    DELETED = "deleted"
    GOING = "on its way"
    FAILED = "failed"
    LEFT = "left"

    @property
    def is_over(self) -> bool:
        return self not in (DeletionState.WAITING, DeletionState.RUNNING)


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """What became of one resource."""

    kind: ResourceKind
    name: str
    state: DeletionState
    detail: str = ""
    """Why it failed or was left; what goes on by itself."""
    exit_code: int = 0
    """Of the error, where it failed."""
    refusal: AccessRefused | None = None
    """Where it failed because the account was refused: nothing further was begun."""

    @property
    def can_retry(self) -> bool:
        return self.state in (DeletionState.FAILED, DeletionState.LEFT)


def refusal_among(results: Iterable[DeletionResult]) -> AccessRefused | None:
    """What ended a deletion, where the account was refused."""
    return next((result.refusal for result in results if result.refusal is not None), None)
