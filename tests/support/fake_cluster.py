"""What the fake Batch holds and how it lives: nodes come up, tasks take slots and end.

They leave output and logs in the fake Storage as the node script and the service would.
"""

import hashlib
import shlex
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tests.support.fake_storage import FakeStorage
from tests.support.fake_world import Faults
from tui.core.errors import NotFound
from tui.core.ports import ClockPort
from tui.core.records import (
    FailureInfo,
    ImageInfo,
    ImageReference,
    JobRecord,
    NodeRecord,
    PoolRecord,
    ResizeError,
    TaskRow,
    TaskState,
)
from tui.core.specs import JobSpec, PoolSpec, SignedReference, TaskSpec
from tui.core.workloads import OUTPUT_CONTAINER_VARIABLE
from tui.engine.task_book import time_of

UBUNTU = ImageInfo(
    ImageReference("canonical", "ubuntu-24_04-lts", "server"),
    "batch.node.ubuntu 24.04",
    is_verified=True,
    os_type="linux",
)


@dataclass(slots=True)
class FakeTask:
    spec: TaskSpec
    row: TaskRow
    ends_s: float = 0.0
    logs: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class FakeJob:
    spec: JobSpec
    created_s: float
    tasks: dict[str, FakeTask] = field(default_factory=dict)
    ends_when_done: bool = False
    state: str = "active"
    reason: str = ""
    gone_s: float | None = None


@dataclass(slots=True)
class FakePool:
    spec: PoolSpec
    created_s: float
    dedicated: int
    spot: int
    gone_s: float | None = None


@dataclass(slots=True)
class FakeBehaviour:
    """How the fake Batch goes about it; tests change what they need."""

    node_start_s: float = 3.0
    task_s: float = 2.0
    deletion_s: float = 2.0
    page_rows: int = 1_000
    maximum_tasks_per_body: int = 100
    exit_codes: dict[str, int] = field(default_factory=dict)
    """By task id; others end with 0."""
    stderr: dict[str, bytes] = field(default_factory=dict)
    """By task id; others write nothing."""
    unstarted_tasks: frozenset[str] = frozenset()
    """Ids of tasks that fail for want of their input: they have neither exit code nor logs."""
    refused_tasks: dict[str, str] = field(default_factory=dict)
    """Error code by task id."""
    busy_tasks: set[str] = field(default_factory=set)
    """Ids that the service is too busy for, once each."""
    unanswered_tasks: set[str] = field(default_factory=set)
    """Ids that are added, once each, without an answer."""
    resize_errors: tuple[ResizeError, ...] = ()
    """With any, no node comes."""
    start_task_fails: bool = False
    preparation_fails_on: frozenset[str] = frozenset()
    """Node ids; no task of a job with a preparation task runs there."""
    tasks_leave_output: bool = True


class FakeCluster:
    """Pools, jobs and tasks in memory; they move by the clock whenever `_call` is entered."""

    def __init__(self, clock: ClockPort, storage: FakeStorage, faults: Faults) -> None:
        self.behaviour = FakeBehaviour()
        self.pools: dict[str, FakePool] = {}
        self.jobs: dict[str, FakeJob] = {}
        self.images: tuple[ImageInfo, ...] = (UBUNTU,)
        self.deleted: list[str] = []
        """What was asked to be deleted, such as `pool p`, in order."""
        self._clock = clock
        self._storage = storage
        self._faults = faults
        self._lock = threading.RLock()

    @contextmanager
    def _call(self, operation: str) -> Iterator[None]:
        with self._faults.call(operation), self._lock:
            self._advance()
            yield

    def _advance(self) -> None:
        now_s = self._clock.now_s()
        self.pools = {key: pool for key, pool in self.pools.items() if pool.gone_s is None or pool.gone_s > now_s}
        self.jobs = {key: job for key, job in self.jobs.items() if job.gone_s is None or job.gone_s > now_s}
        for job in self.jobs.values():
            self._advance_job(job, now_s)

    def _advance_job(self, job: FakeJob, now_s: float) -> None:
        limit_s = job.spec.max_wall_clock_s
        if job.state == "active" and limit_s is not None and now_s >= job.created_s + limit_s:
            job.state, job.reason = "completed", "MaxWallClockTimeExpiry"
        if job.state != "active":
            return
        for task in job.tasks.values():
            if task.row.state is TaskState.RUNNING and task.ends_s <= now_s:
                self._complete(task)
        free = self._free_slots(job.spec)
        for task in job.tasks.values():
            if free and task.row.state is TaskState.ACTIVE:
                task.ends_s = now_s + self.behaviour.task_s
                task.row = replace(
                    task.row,
                    state=TaskState.RUNNING,
                    state_transition_time=service_time(now_s),
                    node_id=free.pop(0),
                    start_time_s=now_s,
                )
        if job.ends_when_done and all(task.row.state is TaskState.COMPLETED for task in job.tasks.values()):
            job.state, job.reason = "completed", "AllTasksCompleted"

    def _free_slots(self, job: JobSpec) -> list[str]:
        """A node's id for each of its free slots."""
        pool = self.pools.get(job.pool_id)
        if pool is None:
            return []
        barred = self.behaviour.preparation_fails_on if job.preparation_task is not None else frozenset[str]()
        takers = [node for node in self._nodes(pool) if node.takes_tasks and node.id not in barred]
        return [node.id for node in takers for _ in range(pool.spec.slots_per_node - node.running_slots)]

    def _complete(self, task: FakeTask) -> None:
        is_started = task.spec.id not in self.behaviour.unstarted_tasks
        code = self.behaviour.exit_codes.get(task.spec.id, 0) if is_started else None
        failure = None if code == 0 else FailureInfo("UserError", "FailureExitCode", "The task exited with a failure")
        if not is_started:
            failure = FailureInfo("UserError", "BlobNotFound", "The blob does not exist")
        task.row = replace(
            task.row,
            state=TaskState.COMPLETED,
            state_transition_time=service_time(task.ends_s),
            end_time_s=task.ends_s,
            exit_code=code,
            failure=failure,
            succeeded=code == 0,
        )
        if not is_started:
            return
        stderr = self.behaviour.stderr.get(task.spec.id, b"")
        task.logs = {"stdout.txt": f"out of {task.spec.id}\n".encode(), "stderr.txt": stderr}
        if code == 0 and self.behaviour.tasks_leave_output:
            self._leave_output(task.spec)
        for output in task.spec.output_files:
            if output.condition == "taskcompletion":
                for name, content in task.logs.items():
                    self._storage.store(output.container.container, f"{output.path}/{name}", content)

    def _leave_output(self, spec: TaskSpec) -> None:
        source = spec.resource_files[0].source
        content = result_of(self._storage.contents(source.container)[source.blob or ""])
        for output in spec.output_files:
            if output.condition == "tasksuccess":
                self._storage.store(output.container.container, output.path, content)
        for variable in spec.environment:
            if variable.name == OUTPUT_CONTAINER_VARIABLE and isinstance(variable.value, SignedReference):
                name = _option(spec.command_line, "--output-name=")
                self._storage.store(variable.value.container, name, content, hashlib.md5(content).digest())

    def _is_up(self, pool: FakePool) -> bool:
        return self._clock.now_s() >= pool.created_s + self.behaviour.node_start_s

    def _pool_record(self, pool: FakePool) -> PoolRecord:
        is_up, errors = self._is_up(pool), self.behaviour.resize_errors
        return PoolRecord(
            id=pool.spec.id,
            state="active" if pool.gone_s is None else "deleting",
            allocation_state="steady" if is_up else "resizing",
            vm_size=pool.spec.vm_size.lower(),
            target_dedicated=pool.dedicated,
            target_spot=pool.spot,
            current_dedicated=0 if errors else pool.dedicated,
            current_spot=0 if errors else pool.spot,
            slots_per_node=pool.spec.slots_per_node,
            creation_time_s=pool.created_s,
            resize_errors=errors if is_up else (),
            metadata=dict(pool.spec.metadata),
            has_start_task=pool.spec.start_task is not None,
        )

    def _nodes(self, pool: FakePool) -> tuple[NodeRecord, ...]:
        if self.behaviour.resize_errors:
            return ()
        state, failure, code = "starting", None, None
        if self._is_up(pool):
            state = "idle"
            if self.behaviour.start_task_fails:
                state, code = "starttaskfailed", 7
                failure = FailureInfo("UserError", "FailureExitCode", "The start task exited with a failure")
        busy = self._running_on(pool.spec.id)
        return tuple(
            NodeRecord(
                name := f"n{index}",
                "running" if busy[name] else state,
                index < pool.dedicated,
                busy[name],
                busy[name],
                pool.created_s,
                0,
                code,
                failure,
            )
            for index in range(pool.dedicated + pool.spot)
        )

    def _running_on(self, pool_id: str) -> Counter[str]:
        """Running tasks by node."""
        jobs = [job for job in self.jobs.values() if job.spec.pool_id == pool_id]
        tasks = (task.row for job in jobs for task in job.tasks.values())
        return Counter(row.node_id for row in tasks if row.state is TaskState.RUNNING)

    def _job_record(self, job: FakeJob) -> JobRecord:
        return JobRecord(
            id=job.spec.id,
            state=job.state,
            pool_id=job.spec.pool_id,
            priority=job.spec.priority,
            creation_time_s=job.created_s,
            terminate_reason=job.reason,
            max_wall_clock_s=job.spec.max_wall_clock_s,
            terminates_when_done=job.ends_when_done,
            metadata=dict(job.spec.metadata),
            needs_preparation=job.spec.preparation_task is not None,
        )

    def _pool(self, pool_id: str) -> FakePool:
        try:
            return self.pools[pool_id]
        except KeyError:
            raise NotFound("No such pool", pool_id, status=404, code="PoolNotFound") from None

    def _job(self, job_id: str) -> FakeJob:
        try:
            return self.jobs[job_id]
        except KeyError:
            raise NotFound("No such job", job_id, status=404, code="JobNotFound") from None

    def _task(self, job_id: str, task_id: str) -> FakeTask:
        try:
            return self._job(job_id).tasks[task_id]
        except KeyError:
            raise NotFound("No such task", task_id, status=404, code="TaskNotFound") from None


def service_time(moment_s: float) -> str:
    return time_of(round(moment_s * 10_000_000))


def _option(command_line: str, name: str) -> str:
    script = shlex.split(command_line)[2]
    return next(word.removeprefix(name) for word in shlex.split(script) if word.startswith(name))


def result_of(content: bytes) -> bytes:
    """What a fake task makes of its input."""
    return b"result of " + content
