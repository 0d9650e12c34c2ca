"""What we ask the service to make. Signed URLs are named by reference only, so that every spec may be logged or stored.

The gateway turns a `SignedReference` into a URL at the last moment, through the `Signer` it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tui.core.redaction import Secret

if TYPE_CHECKING:
    from tui.core.records import ImageInfo

Permissions = Literal["r", "cw"]
"""Read a blob, or create and write blobs: nothing a run does needs more."""


@dataclass(frozen=True, slots=True)
class SignedReference:
    """A container, or one blob of it, to be reached with a SAS of exactly these permissions."""

    container: str
    permissions: Permissions
    blob: str | None = None


Signer = Callable[[SignedReference], Secret]
"""Gives the URL with its SAS."""


@dataclass(frozen=True, slots=True)
class ResourceFileSpec:
    """A blob that the service puts at `file_path` below the task's working directory."""

    source: SignedReference
    file_path: str


@dataclass(frozen=True, slots=True)
class OutputFileSpec:
    """Files that the service carries to a container; `path` is the blob's name, or a prefix if the pattern is wild."""

    file_pattern: str
    container: SignedReference
    path: str
    condition: Literal["tasksuccess", "taskfailure", "taskcompletion"]


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    name: str
    value: str | SignedReference


@dataclass(frozen=True, slots=True)
class StartTaskSpec:
    """A pool's start task or a job's preparation task: the same work, waited for."""

    command_line: str
    resource_files: tuple[ResourceFileSpec, ...] = ()
    is_elevated: bool = False
    max_retry_count: int = 1


@dataclass(frozen=True, slots=True)
class PoolSpec:
    id: str
    vm_size: str
    image: ImageInfo
    dedicated: int
    spot: int
    slots_per_node: int
    start_task: StartTaskSpec | None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobSpec:
    id: str
    pool_id: str
    priority: int
    max_wall_clock_s: float | None
    max_task_retry_count: int
    preparation_task: StartTaskSpec | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    release_command_line: str = ""
    """What undoes the preparation on its nodes, as the same user, when the job ends; empty where nothing does."""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    id: str
    command_line: str
    resource_files: tuple[ResourceFileSpec, ...]
    output_files: tuple[OutputFileSpec, ...]
    environment: tuple[EnvironmentSpec, ...] = ()
