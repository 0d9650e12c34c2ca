"""What the service says of its resources, as plain values; times are Unix seconds of the service's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TaskState(StrEnum):
    ACTIVE = "active"
    PREPARING = "preparing"
    RUNNING = "running"
    COMPLETED = "completed"


class TaskStatus(StrEnum):
    """A task's state as a person reads it: `completed` told apart by its result."""

    ACTIVE = "active"
    PREPARING = "preparing"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in (TaskStatus.SUCCEEDED, TaskStatus.FAILED)


_STATUS_BEFORE_THE_END = {
    TaskState.ACTIVE: TaskStatus.ACTIVE,
    TaskState.PREPARING: TaskStatus.PREPARING,
    TaskState.RUNNING: TaskStatus.RUNNING,
}
"""A table, because looking a member up by its value costs eight times as much, and 100,000 rows do it each."""


@dataclass(frozen=True, slots=True)
class FailureInfo:
    """Why a task or start task failed, in the service's category and code."""

    category: str
    code: str
    message: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task as the live table shows it."""

    id: str
    state: TaskState
    state_transition_time: str
    """Verbatim, seven fractional digits: the delta poll's watermark compares and sends it back unchanged."""
    exit_code: int | None = None
    failure: FailureInfo | None = None
    succeeded: bool | None = None
    """The service's `result`; absent until the task is completed."""
    node_id: str = ""
    start_time_s: float | None = None
    end_time_s: float | None = None
    retry_count: int = 0
    requeue_count: int = 0

    @property
    def status(self) -> TaskStatus:
        if self.state is not TaskState.COMPLETED:
            return _STATUS_BEFORE_THE_END[self.state]
        failed = self.failure is not None or self.succeeded is False or (self.exit_code or 0) != 0
        return TaskStatus.FAILED if failed else TaskStatus.SUCCEEDED


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """One task in full; its command and environment are shown through the redactor."""

    row: TaskRow
    command_line: str
    creation_time_s: float
    previous_state: str = ""
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    resource_file_paths: tuple[str, ...] = ()
    required_slots: int = 1
    depends_on: tuple[str, ...] = ()
    """Tasks that must end first, named one by one."""
    depends_on_ranges: tuple[tuple[int, int], ...] = ()
    """First and last number of further ones, both included; their ids are numbers, zeros in front or not."""
    max_retry_count: int = 0
    max_wall_clock_s: float | None = None
    retention_s: float | None = None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One page of a list of tasks; `server_time_s` is the service's clock when it answered."""

    rows: tuple[TaskRow, ...]
    server_time_s: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """The service's counts; it says they may lag behind the list."""

    active: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.active + self.running + self.succeeded + self.failed

    @property
    def completed(self) -> int:
        return self.succeeded + self.failed


@dataclass(frozen=True, slots=True)
class TaskAddResult:
    """What became of one task of a collection: added, or the service's reason."""

    task_id: str
    error_code: str = ""
    error_message: str = ""

    @property
    def added(self) -> bool:
        return not self.error_code

    @property
    def already_there(self) -> bool:
        return self.error_code == "TaskExists"


@dataclass(frozen=True, slots=True)
class ResizeError:
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PoolRecord:
    id: str
    state: str
    allocation_state: str
    vm_size: str
    target_dedicated: int
    target_spot: int
    current_dedicated: int
    current_spot: int
    slots_per_node: int
    creation_time_s: float
    resize_errors: tuple[ResizeError, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    """`publisher offer sku version`, for reading."""
    has_start_task: bool = False

    @property
    def is_steady(self) -> bool:
        return self.allocation_state == "steady"

    @property
    def target_nodes(self) -> int:
        return self.target_dedicated + self.target_spot

    @property
    def current_nodes(self) -> int:
        return self.current_dedicated + self.current_spot


@dataclass(frozen=True, slots=True)
class NodeRecord:
    id: str
    state: str
    is_dedicated: bool
    running_tasks: int
    running_slots: int
    state_transition_time_s: float
    total_tasks_run: int = 0
    start_task_exit_code: int | None = None
    start_task_failure: FailureInfo | None = None

    @property
    def takes_tasks(self) -> bool:
        return self.state in ("idle", "running")

    @property
    def is_broken(self) -> bool:
        """Whether this node will never take a task without somebody's help."""
        return self.state in ("starttaskfailed", "unusable", "unknown")


@dataclass(frozen=True, slots=True)
class NodePreparation:
    """How a job's preparation task did on one node, its retries included."""

    node_id: str
    is_over: bool
    exit_code: int | None = None
    failure: FailureInfo | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the node stays unprepared: no task of a job that needs its preparation runs there."""
        return self.is_over and (self.failure is not None or (self.exit_code or 0) != 0)


@dataclass(frozen=True, slots=True)
class JobRecord:
    id: str
    state: str
    pool_id: str
    priority: int
    creation_time_s: float
    terminate_reason: str = ""
    end_time_s: float | None = None
    max_wall_clock_s: float | None = None
    terminates_when_done: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    needs_preparation: bool = False
    """Whether its tasks run only on nodes where its preparation task succeeded."""

    @property
    def is_over(self) -> bool:
        return self.state in ("terminating", "completed", "deleting")


@dataclass(frozen=True, slots=True)
class ImageReference:
    publisher: str
    offer: str
    sku: str
    version: str = "latest"

    def __str__(self) -> str:
        return f"{self.publisher} {self.offer} {self.sku}"


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """One supported image with the node agent that goes with it."""

    reference: ImageReference
    node_agent_sku_id: str
    is_verified: bool
    os_type: str
    capabilities: tuple[str, ...] = ()
    end_of_life_s: float | None = None


@dataclass(frozen=True, slots=True)
class NodeFile:
    """A file on a node; a directory has no size."""

    name: str
    is_directory: bool
    size_bytes: int = 0
    last_modified_s: float | None = None


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    name: str
    last_modified_s: float
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlobRecord:
    name: str
    size_bytes: int
    last_modified_s: float
    etag: str
    content_md5: bytes | None = None
    """Sixteen bytes, where the uploader stored it."""
