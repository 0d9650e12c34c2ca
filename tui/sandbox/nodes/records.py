"""What the Batch service asks of a node's agent, and what the agent answers; plain values, one launch per attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

UploadCondition = Literal["tasksuccess", "taskfailure", "taskcompletion"]


@dataclass(frozen=True, slots=True)
class ResourceFile:
    """One entry of a task's `resourceFiles`, fetched into its working directory before the command starts."""

    file_path: str
    """Path below the working directory; a directory when `container_url` is given, may be empty then."""
    http_url: str | None = None
    container_url: str | None = None
    blob_prefix: str = ""
    file_mode: str | None = None
    """Octal text such as `0770`, the service's default."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One entry of a task's `outputFiles`, uploaded once the command has ended."""

    file_pattern: str
    container_url: str = field(repr=False)
    path: str = ""
    condition: UploadCondition = "taskcompletion"


@dataclass(frozen=True, slots=True)
class TaskLaunch:
    """One attempt at one task, start task or job preparation task."""

    key: str
    """Unique among the attempts a node has under way."""
    directory: Path
    """The task's directory on the node: stdout.txt, stderr.txt and wd/ are made in it."""
    command_line: str
    environment: Mapping[str, str] = field(repr=False)
    """The complete `AZ_BATCH_*` and user settings; the agent adds PATH, HOME, LANG and TMPDIR only."""
    resource_files: tuple[ResourceFile, ...] = ()
    output_files: tuple[OutputFile, ...] = ()
    max_wall_clock_s: float | None = None
    keep_working_directory: bool = False
    """A retry on the same node finds what the attempt before left in wd/."""
    may_leave_services: bool = False
    """What it started in sessions of their own stays until the node goes. The service documents such processes for
    start tasks ("breakaway") and for job preparation ("services that were started as part of Job preparation")."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The service's `failureInfo`: why an attempt failed, in the documented category and code."""

    category: Literal["UserError", "ServerError"]
    code: str
    message: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """How an attempt ended. `exit_code` is absent when no process was started, negative for a signal."""

    exit_code: int | None
    failure: Failure | None

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and self.failure is None
