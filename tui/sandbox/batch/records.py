"""The service's records: pools, nodes, jobs and tasks as they are now. Only the event loop thread changes them.

What a user wrote is kept as a normalised wire object (`spec.wire`, echoed by reads) beside the few values the scheduler
needs. Specs are frozen, so tasks that say the same may share one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from tui.sandbox.batch.ports import NodeAgent
from tui.sandbox.batch.times import UNLIMITED_TICKS, parse_duration
from tui.sandbox.nodes.records import Failure

if TYPE_CHECKING:
    from tui.sandbox.batch.attempts import Attempt
    from tui.sandbox.batch.task_book import TaskBook

Wire: TypeAlias = dict[str, Any]
"""A JSON object of the REST API."""

RECENT_TASKS = 10


class TaskState(StrEnum):
    ACTIVE = "active"
    PREPARING = "preparing"
    RUNNING = "running"
    COMPLETED = "completed"


class JobState(StrEnum):
    ACTIVE = "active"
    DISABLING = "disabling"
    DISABLED = "disabled"
    ENABLING = "enabling"
    TERMINATING = "terminating"
    COMPLETED = "completed"
    DELETING = "deleting"


class PoolState(StrEnum):
    ACTIVE = "active"
    DELETING = "deleting"


class AllocationState(StrEnum):
    STEADY = "steady"
    RESIZING = "resizing"
    STOPPING = "stopping"


class NodeState(StrEnum):
    CREATING = "creating"
    STARTING = "starting"
    WAITING_FOR_START_TASK = "waitingforstarttask"
    START_TASK_FAILED = "starttaskfailed"
    IDLE = "idle"
    RUNNING = "running"
    OFFLINE = "offline"
    REBOOTING = "rebooting"
    LEAVING_POOL = "leavingpool"
    UNUSABLE = "unusable"
    UNKNOWN = "unknown"
    PREEMPTED = "preempted"


def key_of(identifier: str) -> str:
    """Ids keep their case and are equal whatever it is."""
    return identifier.lower()


def _limit(wire: Mapping[str, Any], name: str) -> int:
    ticks = parse_duration(wire.get(name, ""))
    return UNLIMITED_TICKS if ticks is None else ticks


_MOSTLY_EQUAL = ("constraints", "userIdentity")
_SHARED: dict[str, Wire] = {}
_MOST_SHARED = 256


def _shared(wire: Wire) -> Wire:
    """One object for all that say the same: a job's tasks mostly do, and there may be a million of them."""
    key = repr(wire)
    if len(_SHARED) >= _MOST_SHARED:
        _SHARED.clear()
    return _SHARED.setdefault(key, wire)


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What a task was asked to be. `max_retries` is -1 for no limit."""

    wire: Wire
    required_slots: int
    max_wall_clock: int
    retention: int
    max_retries: int

    @classmethod
    def from_wire(cls, wire: Wire) -> TaskSpec:
        for name in _MOSTLY_EQUAL:
            wire[name] = _shared(wire[name])
        constraints = wire["constraints"]
        return cls(
            wire=wire,
            required_slots=wire["requiredSlots"],
            max_wall_clock=_limit(constraints, "maxWallClockTime"),
            retention=_limit(constraints, "retentionTime"),
            max_retries=constraints["maxTaskRetryCount"],
        )


@dataclass(slots=True, eq=False)
class Task:
    """One task. Execution fields are those of the attempt under way or, once completed, of the last one."""

    job_id: str
    id: str
    order: int
    """Counts up in the order tasks were added to their job."""
    spec: TaskSpec
    created: int
    modified: int
    state: TaskState
    state_time: int
    previous_state: TaskState | None = None
    previous_state_time: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    exit_code: int | None = None
    failure: Failure | None = None
    succeeded: bool | None = None
    retry_count: int = 0
    last_retry_time: int | None = None
    requeue_count: int = 0
    last_requeue_time: int | None = None
    pool_id: str | None = None
    node_id: str | None = None
    attempt_number: int = 0
    """How often it was sent to a node; names the attempt there."""
    attempt: Attempt | None = None
    """The attempt under way, None while it waits or once it is over."""

    def forget_execution(self) -> None:
        """Drop what the last attempt left, before the task waits for another."""
        self.start_time = self.end_time = self.exit_code = None
        self.failure = self.succeeded = None


@dataclass(slots=True)
class RunInfo:
    """How a start, preparation or release task ran on one node. `end_time` is None while it runs."""

    start_time: int
    end_time: int | None = None
    exit_code: int | None = None
    failure: Failure | None = None
    retry_count: int = 0
    last_retry_time: int | None = None

    @property
    def succeeded(self) -> bool:
        return self.end_time is not None and self.exit_code == 0 and self.failure is None


@dataclass(slots=True)
class NodeJobTasks:
    """A job's preparation and release tasks on one node."""

    pool_id: str
    preparation: RunInfo | None = None
    release: RunInfo | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    wire: Wire
    pool_id: str
    priority: int
    max_parallel_tasks: int
    uses_task_dependencies: bool
    max_wall_clock: int
    max_retries: int
    terminates_when_done: bool
    acts_on_failure: bool

    @classmethod
    def from_wire(cls, wire: Wire) -> JobSpec:
        constraints = wire["constraints"]
        return cls(
            wire=wire,
            pool_id=wire["poolInfo"]["poolId"],
            priority=wire["priority"],
            max_parallel_tasks=wire["maxParallelTasks"],
            uses_task_dependencies=wire["usesTaskDependencies"],
            max_wall_clock=_limit(constraints, "maxWallClockTime"),
            max_retries=constraints["maxTaskRetryCount"],
            terminates_when_done=wire["onAllTasksComplete"] == "terminatejob",
            acts_on_failure=wire["onTaskFailure"] == "performexitoptionsjobaction",
        )

    @property
    def preparation(self) -> Wire | None:
        return self.wire.get("jobPreparationTask")

    @property
    def release(self) -> Wire | None:
        return self.wire.get("jobReleaseTask")


@dataclass(slots=True, eq=False)
class Job:
    id: str
    spec: JobSpec
    created: int
    modified: int
    state: JobState
    state_time: int
    tasks: TaskBook
    start_time: int
    previous_state: JobState | None = None
    previous_state_time: int | None = None
    end_time: int | None = None
    terminate_reason: str | None = None
    node_tasks: dict[str, NodeJobTasks] = field(default_factory=dict)
    """By node id, for jobs with a preparation task."""
    attempts: set[Attempt] = field(default_factory=set)
    """Its tasks' attempts under way."""

    @property
    def key(self) -> str:
        return key_of(self.id)

    def enter(self, state: JobState, now: int) -> None:
        self.previous_state, self.previous_state_time = self.state, self.state_time
        self.state, self.state_time = state, now


@dataclass(frozen=True, slots=True)
class PoolSpec:
    wire: Wire
    task_slots_per_node: int
    packs: bool
    """Fill one node before the next instead of spreading tasks."""

    @classmethod
    def from_wire(cls, wire: Wire) -> PoolSpec:
        packs = wire["taskSchedulingPolicy"]["nodeFillType"] == "Pack"
        return cls(wire=wire, task_slots_per_node=wire["taskSlotsPerNode"], packs=packs)

    @property
    def start_task(self) -> Wire | None:
        return self.wire.get("startTask")


@dataclass(frozen=True, slots=True)
class ResizeError:
    code: str
    message: str


@dataclass(slots=True, eq=False)
class Node:
    """One compute node; what follows `agent` lives as long as its agent does and is not stored."""

    pool_id: str
    id: str
    is_dedicated: bool
    number: int
    """Counts up within the pool; gives the node its address and port."""
    state: NodeState
    state_time: int
    allocation_time: int
    boot_time: int | None = None
    scheduling_enabled: bool = True
    tasks_run: int = 0
    tasks_succeeded: int = 0
    start_task: Wire | None = None
    start_task_info: RunInfo | None = None
    recent_tasks: deque[Task] = field(default_factory=lambda: deque(maxlen=RECENT_TASKS))
    error: Failure | None = None
    agent: NodeAgent | None = None
    attempts: dict[str, Attempt] = field(default_factory=dict)
    used_slots: int = 0

    @property
    def accepts_tasks(self) -> bool:
        return (
            self.scheduling_enabled
            and self.agent is not None
            and self.state in (NodeState.IDLE, NodeState.RUNNING, NodeState.OFFLINE)
        )


@dataclass(slots=True, eq=False)
class Pool:
    id: str
    spec: PoolSpec
    created: int
    modified: int
    state: PoolState
    state_time: int
    allocation_state: AllocationState
    allocation_state_time: int
    resize_timeout: int
    target_dedicated: int
    target_low_priority: int
    resize_errors: tuple[ResizeError, ...] = ()
    nodes: dict[str, Node] = field(default_factory=dict)
    nodes_made: int = 0

    @property
    def key(self) -> str:
        return key_of(self.id)

    def count(self, *, dedicated: bool) -> int:
        return sum(node.is_dedicated == dedicated for node in self.nodes.values())
