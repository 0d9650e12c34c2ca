"""A run before it happens: everything it will create, as a pure and deterministic value.

The same plan always yields the same names, specs and commands; it holds no secret and no SAS, so it can be stored,
shown and replayed. The engine executes it, headless or under the user interface.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tui.core import ids
from tui.core.accounts import is_billed
from tui.core.images import UBUNTU_LTS, ImageChoice
from tui.core.paths import shorten
from tui.core.quoting import quote, shared_path, shell_command_line, words
from tui.core.specs import (
    EnvironmentSpec,
    JobSpec,
    OutputFileSpec,
    PoolSpec,
    ResourceFileSpec,
    SignedReference,
    StartTaskSpec,
    TaskSpec,
)
from tui.core.workloads import OUTPUT_CONTAINER_VARIABLE, Workload, workload_named

if TYPE_CHECKING:
    from tui.core.records import ImageInfo

TASKS_PER_REQUEST = 100
"""The service takes no more in one collection."""

LOG_PREFIX = "task-logs/"
"""Where stdout.txt and stderr.txt of every task are kept in the output container."""

SAS_MARGIN_S = 3_600
"""SAS outlive the run's limit by this: the pool may take its time before the job's clock starts."""

DeletePart = Literal["job", "pool", "containers"]
DELETE_PARTS: tuple[DeletePart, ...] = ("job", "pool", "containers")


@dataclass(frozen=True, slots=True)
class PlannedInput:
    """One input: a local file to upload, or, without `local_path`, a blob that is already there."""

    blob_name: str
    size_bytes: int
    local_path: str | None


@dataclass(frozen=True, slots=True)
class NewPool:
    """A pool that the run makes and may delete."""

    id: str
    vm_size: str = "Standard_D2s_v3"
    dedicated: int = 1
    spot: int = 0
    slots_per_node: int = 1
    image: ImageChoice = UBUNTU_LTS

    @property
    def nodes(self) -> int:
        return self.dedicated + self.spot


@dataclass(frozen=True, slots=True)
class ExistingPool:
    """A pool that is there already; a run never changes or deletes it."""

    id: str


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One run, whole. Containers, pool and job are named after it."""

    run_id: str
    workload_name: str
    inputs: tuple[PlannedInput, ...]
    pool: NewPool | ExistingPool
    timeout_s: float
    destination: str
    """Local folder for the outputs."""
    account: str = ""
    """Name of the account profile the run belongs to."""
    created_s: float = 0.0
    parameters: tuple[tuple[str, float], ...] = ()
    priority: int = 0
    max_task_retry_count: int = 0
    delete_after: frozenset[DeletePart] = field(default_factory=frozenset)
    existing_input_container: str | None = None
    retry_of: str = ""
    """The run whose failed inputs these are; empty for a run of its own."""

    @property
    def workload(self) -> Workload:
        return workload_named(self.workload_name)

    @property
    def job_id(self) -> str:
        return self.run_id

    @property
    def application_container(self) -> str:
        return f"{self.run_id}-application"

    @property
    def input_container(self) -> str:
        return self.existing_input_container or f"{self.run_id}-input"

    @property
    def output_container(self) -> str:
        return f"{self.run_id}-output"

    @property
    def containers(self) -> tuple[str, ...]:
        """The containers the run makes, in order; never one that was there before."""
        own_input = () if self.existing_input_container else (self.input_container,)
        application = (self.application_container,) if self.workload.application_files else ()
        return (*application, *own_input, self.output_container)

    @property
    def makes_pool(self) -> bool:
        return isinstance(self.pool, NewPool)

    @property
    def is_billed(self) -> bool:
        """Whether what the run makes costs money."""
        return is_billed(self.account)

    @property
    def mark(self) -> dict[str, str]:
        """Metadata of everything the run makes, and of nothing else."""
        return {ids.RUN_METADATA_KEY: self.run_id, ids.RUN_MOMENT_KEY: repr(self.created_s)}

    def made(self, metadata: Mapping[str, str]) -> bool:
        """Whether what bears `metadata` was made by this run."""
        return all(metadata.get(name) == value for name, value in self.mark.items())

    @property
    def input_bytes(self) -> int:
        return sum(item.size_bytes for item in self.inputs)

    @property
    def sas_lifetime_s(self) -> float:
        return self.timeout_s + SAS_MARGIN_S

    @property
    def node_hours_at_most(self) -> float | None:
        """Nodes × limit; None on a pool that costs with or without us."""
        return self.pool.nodes * self.timeout_s / 3_600 if isinstance(self.pool, NewPool) else None

    def task_id(self, index: int) -> str:
        return ids.task_id(self.workload.task_prefix, index)

    def input_of(self, task_id: str) -> PlannedInput | None:
        """The input of a task of this run; None for a task we did not add."""
        index = task_id.removeprefix(f"{self.workload.task_prefix}-")
        if not index.isdecimal() or int(index) >= len(self.inputs):
            return None
        return self.inputs[int(index)]

    def output_name(self, item: PlannedInput) -> str:
        """The blob of the output container that one input becomes."""
        rule = self.workload.output
        stem, extension = posixpath.splitext(item.blob_name)
        return f"{stem}{rule.suffix}{extension if rule.extension is None else rule.extension}"

    def task(self, index: int) -> TaskSpec:
        """The task of one input, without a SAS."""
        item, workload = self.inputs[index], self.workload
        node_name = shorten(posixpath.basename(item.blob_name))
        output_name = self.output_name(item)
        values = {"input": node_name, "output": output_name} | {
            name: f"{value:g}" if value != int(value) else str(int(value)) for name, value in self.parameters
        }
        output = SignedReference(self.output_container, "cw")
        logs = OutputFileSpec("../std*.txt", output, f"{LOG_PREFIX}{self.task_id(index)}", "taskcompletion")
        carried = workload.output.carried_by == "service"
        return TaskSpec(
            id=self.task_id(index),
            command_line=shell_command_line(words(workload.command, self.run_id, values)),
            resource_files=(ResourceFileSpec(SignedReference(self.input_container, "r", item.blob_name), node_name),),
            output_files=(OutputFileSpec(workload.output.local_name, output, output_name, "tasksuccess"), logs)
            if carried
            else (logs,),
            environment=() if carried else (EnvironmentSpec(OUTPUT_CONTAINER_VARIABLE, output),),
        )

    def command_text(self, index: int) -> str:
        """The shell text of a task, as a person would type it."""
        return shlex.split(self.task(index).command_line)[-1]

    def chunks(self) -> Iterator[tuple[TaskSpec, ...]]:
        """All tasks in input order, as many at a time as one request takes."""
        for start in range(0, len(self.inputs), TASKS_PER_REQUEST):
            yield tuple(self.task(index) for index in range(start, min(start + TASKS_PER_REQUEST, len(self.inputs))))

    def set_up_task(self) -> StartTaskSpec | None:
        """What makes a node ready: the start task of our own pool, the job's preparation task on another's."""
        workload = self.workload
        if not workload.application_files and not workload.setup_script:
            return None
        lines = [workload.setup_script] if workload.setup_script else []
        if workload.application_files:
            folder = shared_path(self.run_id, "")
            files = " ".join(quote(name) for name in workload.application_files)
            lines.append(f"mkdir -p {folder} && cp {files} {folder}")
        return StartTaskSpec(
            command_line=shell_command_line(" && ".join(lines)),
            resource_files=tuple(
                ResourceFileSpec(SignedReference(self.application_container, "r", name), name)
                for name in workload.application_files
            ),
            is_elevated=workload.setup_is_elevated,
        )

    def pool_spec(self, image: ImageInfo) -> PoolSpec:
        """The pool to make; only for a run that makes one."""
        pool = self.pool
        if not isinstance(pool, NewPool):
            raise TypeError("this run uses a pool that exists")
        return PoolSpec(
            id=pool.id,
            vm_size=pool.vm_size,
            image=image,
            dedicated=pool.dedicated,
            spot=pool.spot,
            slots_per_node=pool.slots_per_node,
            start_task=self.set_up_task(),
            metadata=self.mark,
        )

    def job_spec(self) -> JobSpec:
        return JobSpec(
            id=self.job_id,
            pool_id=self.pool.id,
            priority=self.priority,
            max_wall_clock_s=self.timeout_s,
            max_task_retry_count=self.max_task_retry_count,
            preparation_task=None if self.makes_pool else self.set_up_task(),
            metadata=self.mark,
            release_command_line="" if self.makes_pool else self._release_command_line(),
        )

    def _release_command_line(self) -> str:
        """Removes from the nodes of another's pool what `set_up_task` put there for this run."""
        if not self.workload.application_files:
            return ""
        return shell_command_line(f"rm -rf {shared_path(self.run_id, '')}")

    def log_name(self, task_id: str, name: str) -> str:
        """The blob that keeps a task's `stdout.txt` or `stderr.txt`."""
        return f"{LOG_PREFIX}{task_id}/{name}"
