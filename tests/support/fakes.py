"""Batch, Storage and time in memory, as the ports describe them: faults on demand, a clock turned by whoever waits.

The fake Batch runs its tasks by the clock: nodes come up, tasks take slots, end, and leave output and logs in the fake
Storage as the node script and the service would.
"""

from __future__ import annotations

import hashlib
import shlex
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tui.core.errors import AlreadyExists, BatchTuiError, Conflict, NotFound, TooLarge
from tui.core.ports import BatchPort, ClockPort, StopSignal, StoragePort
from tui.core.records import (
    BlobRecord,
    ContainerRecord,
    FailureInfo,
    ImageInfo,
    ImageReference,
    JobRecord,
    NodeFile,
    NodeRecord,
    PoolRecord,
    ResizeError,
    TaskAddResult,
    TaskCounts,
    TaskDetail,
    TaskPage,
    TaskRow,
    TaskState,
)
from tui.core.redaction import Secret
from tui.core.run_view import count_rows
from tui.core.specs import JobSpec, Permissions, PoolSpec, SignedReference, Signer, StartTaskSpec, TaskSpec
from tui.core.workloads import OUTPUT_CONTAINER_VARIABLE
from tui.engine.task_book import ticks, time_of

START_S = 1_795_000_000.0
"""Where the fake clock starts: a day in November 2026."""

UBUNTU = ImageInfo(
    ImageReference("canonical", "ubuntu-24_04-lts", "server"),
    "batch.node.ubuntu 24.04",
    is_verified=True,
    os_type="linux",
)


class FakeClock:
    """Time stands still but for those who wait: waiting turns the clock, at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._elapsed_s = 0.0
        self.waits: list[float] = []
        """Every wait, in seconds."""

    def now_s(self) -> float:
        return START_S + self._elapsed_s

    def monotonic_s(self) -> float:
        return self._elapsed_s

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        if stop.is_set():
            return True
        with self._lock:
            self._elapsed_s += seconds
            self.waits.append(seconds)
        return stop.is_set()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._elapsed_s += seconds


@dataclass(slots=True)
class _Fault:
    operation: str
    occurrence: int
    """Which call of the operation, from 1; 0 for every one."""
    error: BatchTuiError
    after: bool
    """Whether the call acts before it fails."""


class Faults:
    """What goes wrong, by operation and occurrence; counts every call."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.before_call: Callable[[str], None] = lambda _: None
        """Called with each operation's name before it acts: to stop a run there, or to hang."""
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()

    def fail(self, operation: str, error: BatchTuiError, *, occurrence: int = 1, after: bool = False) -> None:
        """Makes the nth call of `operation` raise, before or after it acted; every call for an occurrence of 0."""
        self._faults.append(_Fault(operation, occurrence, error, after))

    def heal(self) -> None:
        self._faults.clear()

    @contextmanager
    def call(self, operation: str) -> Iterator[None]:
        with self._lock:
            self.calls[operation] += 1
            number = self.calls[operation]
        self.before_call(operation)
        due = [fault for fault in self._faults if fault.operation == operation and fault.occurrence in (0, number)]
        for fault in due:
            if not fault.after:
                raise fault.error
        yield
        for fault in due:
            raise fault.error


@dataclass(slots=True)
class _Blob:
    content: bytes
    md5: bytes | None
    modified_s: float
    version: int


@dataclass(slots=True)
class _Container:
    metadata: dict[str, str]
    modified_s: float
    blobs: dict[str, _Blob] = field(default_factory=dict)
    staged: dict[str, dict[str, bytes]] = field(default_factory=dict)


class FakeStorage:
    """`StoragePort` in memory."""

    account_name = "fakestorage"

    def __init__(self, clock: ClockPort, faults: Faults) -> None:
        self.containers: dict[str, _Container] = {}
        self.signed: list[tuple[str, Permissions, float, str | None]] = []
        self._clock = clock
        self._faults = faults
        self._lock = threading.RLock()
        self._version = 0

    @contextmanager
    def _call(self, operation: str) -> Iterator[None]:
        with self._faults.call(operation), self._lock:
            yield

    def contents(self, container: str) -> dict[str, bytes]:
        """What a container holds, for assertions."""
        return {name: blob.content for name, blob in self.containers[container].blobs.items()}

    def store(self, container: str, blob: str, content: bytes, md5: bytes | None = None) -> None:
        """Puts a blob there, without a call."""
        with self._lock:
            self._version += 1
            self._container(container).blobs[blob] = _Blob(content, md5, self._clock.now_s(), self._version)

    def _container(self, name: str) -> _Container:
        try:
            return self.containers[name]
        except KeyError:
            raise NotFound("No such container", name, status=404, code="ContainerNotFound") from None

    def list_containers(self, prefix: str = "") -> tuple[ContainerRecord, ...]:
        with self._call("list_containers"):
            return tuple(
                ContainerRecord(name, found.modified_s, dict(found.metadata))
                for name, found in sorted(self.containers.items())
                if name.startswith(prefix)
            )

    def get_container(self, container: str) -> ContainerRecord | None:
        with self._call("get_container"):
            found = self.containers.get(container)
            return None if found is None else ContainerRecord(container, found.modified_s, dict(found.metadata))

    def create_container(self, container: str, metadata: Mapping[str, str]) -> None:
        with self._call("create_container"):
            if container in self.containers:
                raise AlreadyExists("The container exists", container, status=409, code="ContainerAlreadyExists")
            self.containers[container] = _Container(dict(metadata), self._clock.now_s())

    def delete_container(self, container: str) -> None:
        with self._call("delete_container"):
            self._container(container)
            del self.containers[container]

    def list_blobs(self, container: str, prefix: str = "") -> Iterator[BlobRecord]:
        with self._call("list_blobs"):
            blobs = sorted(self._container(container).blobs.items())
        yield from (self._record(name, blob) for name, blob in blobs if name.startswith(prefix))

    def _record(self, name: str, blob: _Blob) -> BlobRecord:
        return BlobRecord(name, len(blob.content), blob.modified_s, f"0x{blob.version:X}", blob.md5)

    def get_blob(self, container: str, blob: str) -> BlobRecord | None:
        with self._call("get_blob"):
            found = self._container(container).blobs.get(blob)
            return None if found is None else self._record(blob, found)

    def put_blob(self, container: str, blob: str, content: bytes, content_md5: bytes) -> None:
        with self._call("put_blob"):
            if hashlib.md5(content).digest() != content_md5:
                raise Conflict("The MD5 does not match", blob, code="Md5Mismatch")
            self.store(container, blob, content, content_md5)

    def put_block(self, container: str, blob: str, block_id: str, content: bytes) -> None:
        with self._call("put_block"):
            self._container(container).staged.setdefault(blob, {})[block_id] = content

    def list_staged_blocks(self, container: str, blob: str) -> Mapping[str, int]:
        with self._call("list_staged_blocks"):
            staged = self._container(container).staged.get(blob, {})
            return {block_id: len(content) for block_id, content in staged.items()}

    def commit_blocks(self, container: str, blob: str, block_ids: Sequence[str], content_md5: bytes) -> None:
        with self._call("commit_blocks"):
            staged = self._container(container).staged.pop(blob, {})
            if any(block_id not in staged for block_id in block_ids):
                raise Conflict("A block is not there", blob, status=400, code="InvalidBlockList")
            self.store(container, blob, b"".join(staged[block_id] for block_id in block_ids), content_md5)

    def read_blob(self, container: str, blob: str, offset: int, length: int, etag: str = "") -> bytes:
        with self._call("read_blob"):
            found = self._container(container).blobs.get(blob)
            if found is None:
                raise NotFound("No such blob", blob, status=404, code="BlobNotFound")
            if etag and etag != self._record(blob, found).etag:
                raise Conflict("The blob changed", blob, status=412, code="ConditionNotMet")
            return found.content[offset : offset + length]

    def delete_blob(self, container: str, blob: str) -> None:
        with self._call("delete_blob"):
            if self._container(container).blobs.pop(blob, None) is None:
                raise NotFound("No such blob", blob, status=404, code="BlobNotFound")

    def sign(self, container: str, permissions: Permissions, expires_s: float, blob: str | None = None) -> Secret:
        with self._lock:
            self.signed.append((container, permissions, expires_s, blob))
        path = container if blob is None else f"{container}/{blob}"
        return Secret(f"https://fakestorage.example/{path}?se={expires_s:.0f}&sp={permissions}&sig=fakesignature")

    def close(self) -> None:
        """Nothing to close."""


@dataclass(slots=True)
class _Task:
    spec: TaskSpec
    row: TaskRow
    ends_s: float = 0.0
    logs: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _Job:
    spec: JobSpec
    created_s: float
    tasks: dict[str, _Task] = field(default_factory=dict)
    ends_when_done: bool = False
    state: str = "active"
    reason: str = ""
    gone_s: float | None = None


@dataclass(slots=True)
class _Pool:
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
    refused_tasks: dict[str, str] = field(default_factory=dict)
    """Error code by task id."""
    busy_tasks: set[str] = field(default_factory=set)
    """Ids that the service is too busy for, once each."""
    unanswered_tasks: set[str] = field(default_factory=set)
    """Ids that are added, once each, without an answer."""
    resize_errors: tuple[ResizeError, ...] = ()
    """With any, no node comes."""
    start_task_fails: bool = False
    tasks_leave_output: bool = True


class FakeBatch:
    """`BatchPort` in memory; its tasks run by the clock whenever it is asked anything."""

    def __init__(self, clock: ClockPort, storage: FakeStorage, faults: Faults) -> None:
        self.behaviour = FakeBehaviour()
        self.pools: dict[str, _Pool] = {}
        self.jobs: dict[str, _Job] = {}
        self.images: tuple[ImageInfo, ...] = (UBUNTU,)
        self.deleted: list[str] = []
        """What was asked to be deleted, such as `pool p`, in order."""
        self._clock = clock
        self._storage = storage
        self._faults = faults
        self._lock = threading.RLock()

    @property
    def request_count(self) -> int:
        return sum(self._faults.calls.values())

    @contextmanager
    def _call(self, operation: str) -> Iterator[None]:
        with self._faults.call(operation), self._lock:
            self._advance()
            yield

    # What happens by itself

    def _advance(self) -> None:
        now_s = self._clock.now_s()
        self.pools = {key: pool for key, pool in self.pools.items() if pool.gone_s is None or pool.gone_s > now_s}
        self.jobs = {key: job for key, job in self.jobs.items() if job.gone_s is None or job.gone_s > now_s}
        for job in self.jobs.values():
            self._advance_job(job, now_s)

    def _advance_job(self, job: _Job, now_s: float) -> None:
        limit_s = job.spec.max_wall_clock_s
        if job.state == "active" and limit_s is not None and now_s >= job.created_s + limit_s:
            job.state, job.reason = "completed", "MaxWallClockTimeExpiry"
        if job.state != "active":
            return
        for task in job.tasks.values():
            if task.row.state is TaskState.RUNNING and task.ends_s <= now_s:
                self._complete(task)
        free = self._slots(job.spec.pool_id)
        free -= sum(task.row.state is TaskState.RUNNING for task in job.tasks.values())
        for task in job.tasks.values():
            if free > 0 and task.row.state is TaskState.ACTIVE:
                free -= 1
                task.ends_s = now_s + self.behaviour.task_s
                task.row = replace(
                    task.row,
                    state=TaskState.RUNNING,
                    state_transition_time=_time(now_s),
                    node_id="n0",
                    start_time_s=now_s,
                )
        if job.ends_when_done and all(task.row.state is TaskState.COMPLETED for task in job.tasks.values()):
            job.state, job.reason = "completed", "AllTasksCompleted"

    def _slots(self, pool_id: str) -> int:
        pool = self.pools.get(pool_id)
        if pool is None:
            return 0
        return sum(node.takes_tasks for node in self._nodes(pool)) * pool.spec.slots_per_node

    def _complete(self, task: _Task) -> None:
        code = self.behaviour.exit_codes.get(task.spec.id, 0)
        failure = None if code == 0 else FailureInfo("UserError", "FailureExitCode", "The task exited with a failure")
        task.row = replace(
            task.row,
            state=TaskState.COMPLETED,
            state_transition_time=_time(task.ends_s),
            end_time_s=task.ends_s,
            exit_code=code,
            failure=failure,
            succeeded=code == 0,
        )
        task.logs = {"stdout.txt": f"out of {task.spec.id}\n".encode(), "stderr.txt": b""}
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

    # Pools

    def list_images(self) -> tuple[ImageInfo, ...]:
        with self._call("list_images"):
            return self.images

    def list_pools(self) -> tuple[PoolRecord, ...]:
        with self._call("list_pools"):
            return tuple(self._pool_record(pool) for pool in self.pools.values())

    def get_pool(self, pool_id: str) -> PoolRecord | None:
        with self._call("get_pool"):
            pool = self.pools.get(pool_id)
            return None if pool is None else self._pool_record(pool)

    def _is_up(self, pool: _Pool) -> bool:
        return self._clock.now_s() >= pool.created_s + self.behaviour.node_start_s

    def _pool_record(self, pool: _Pool) -> PoolRecord:
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

    def create_pool(self, pool: PoolSpec, sign: Signer) -> None:
        with self._call("create_pool"):
            if pool.id in self.pools:
                raise AlreadyExists("The pool exists", pool.id, status=409, code="PoolExists")
            for resource in pool.start_task.resource_files if pool.start_task is not None else ():
                sign(resource.source)
            self.pools[pool.id] = _Pool(pool, self._clock.now_s(), pool.dedicated, pool.spot)

    def resize_pool(self, pool_id: str, dedicated: int, spot: int) -> None:
        with self._call("resize_pool"):
            pool = self._pool(pool_id)
            pool.dedicated, pool.spot = dedicated, spot

    def renew_start_task(self, pool_id: str, start_task: StartTaskSpec, sign: Signer) -> None:
        with self._call("renew_start_task"):
            pool = self._pool(pool_id)
            for resource in start_task.resource_files:
                sign(resource.source)
            pool.spec = replace(pool.spec, start_task=start_task)

    def _pool(self, pool_id: str) -> _Pool:
        try:
            return self.pools[pool_id]
        except KeyError:
            raise NotFound("No such pool", pool_id, status=404, code="PoolNotFound") from None

    def delete_pool(self, pool_id: str) -> None:
        with self._call("delete_pool"):
            pool = self._pool(pool_id)
            self.deleted.append(f"pool {pool_id}")
            pool.gone_s = pool.gone_s or self._clock.now_s() + self.behaviour.deletion_s

    def list_nodes(self, pool_id: str) -> tuple[NodeRecord, ...]:
        with self._call("list_nodes"):
            return self._nodes(self._pool(pool_id))

    def _nodes(self, pool: _Pool) -> tuple[NodeRecord, ...]:
        if self.behaviour.resize_errors:
            return ()
        state, failure, code = "starting", None, None
        if self._is_up(pool):
            state = "idle"
            if self.behaviour.start_task_fails:
                state, code = "starttaskfailed", 7
                failure = FailureInfo("UserError", "FailureExitCode", "The start task exited with a failure")
        return tuple(
            NodeRecord(f"n{index}", state, index < pool.dedicated, 0, 0, pool.created_s, 0, code, failure)
            for index in range(pool.dedicated + pool.spot)
        )

    # Jobs and tasks

    def create_job(self, job: JobSpec, sign: Signer) -> None:
        with self._call("create_job"):
            if job.id in self.jobs:
                raise AlreadyExists("The job exists", job.id, status=409, code="JobExists")
            for resource in job.preparation_task.resource_files if job.preparation_task is not None else ():
                sign(resource.source)
            self.jobs[job.id] = _Job(job, self._clock.now_s())

    def _job(self, job_id: str) -> _Job:
        try:
            return self.jobs[job_id]
        except KeyError:
            raise NotFound("No such job", job_id, status=404, code="JobNotFound") from None

    def _job_record(self, job: _Job) -> JobRecord:
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
        )

    def list_jobs(self) -> tuple[JobRecord, ...]:
        with self._call("list_jobs"):
            return tuple(self._job_record(job) for job in self.jobs.values())

    def get_job(self, job_id: str) -> JobRecord | None:
        with self._call("get_job"):
            job = self.jobs.get(job_id)
            return None if job is None else self._job_record(job)

    def end_job_when_done(self, job_id: str) -> None:
        with self._call("end_job_when_done"):
            job = self._job(job_id)
            if job.state != "active":
                raise Conflict("The job is over", job_id, status=409, code="JobCompleted")
            job.ends_when_done = True

    def terminate_job(self, job_id: str, reason: str) -> None:
        with self._call("terminate_job"):
            job = self._job(job_id)
            job.state, job.reason = "completed", reason

    def delete_job(self, job_id: str) -> None:
        with self._call("delete_job"):
            job = self._job(job_id)
            self.deleted.append(f"job {job_id}")
            job.state, job.gone_s = "deleting", self._clock.now_s() + self.behaviour.deletion_s

    def add_tasks(self, job_id: str, tasks: Sequence[TaskSpec], sign: Signer) -> tuple[TaskAddResult, ...]:
        with self._call("add_tasks"):
            if len(tasks) > self.behaviour.maximum_tasks_per_body:
                raise TooLarge("The body is too large", job_id, status=413, code="RequestBodyTooLarge")
            job = self._job(job_id)
            if job.state != "active":
                raise Conflict("The job is over", job_id, status=409, code="JobCompleted")
            results = tuple(self._add_task(job, spec, sign) for spec in tasks)
            unanswered, self.behaviour.unanswered_tasks = self.behaviour.unanswered_tasks, set()
            return tuple(result for result in results if result.task_id not in unanswered)

    def _add_task(self, job: _Job, spec: TaskSpec, sign: Signer) -> TaskAddResult:
        if spec.id in self.behaviour.refused_tasks:
            return TaskAddResult(spec.id, self.behaviour.refused_tasks[spec.id], "refused by the fake")
        if spec.id in self.behaviour.busy_tasks:
            self.behaviour.busy_tasks.discard(spec.id)
            return TaskAddResult(spec.id, "ServerBusy", "The server is busy.")
        if spec.id in job.tasks:
            return TaskAddResult(spec.id, "TaskExists", "The specified task already exists.")
        for reference in _references(spec):
            sign(reference)
        job.tasks[spec.id] = _Task(spec, TaskRow(spec.id, TaskState.ACTIVE, _time(self._clock.now_s())))
        return TaskAddResult(spec.id)

    def list_tasks(self, job_id: str, changed_since: str | None = None) -> Iterator[TaskPage]:
        with self._call("list_tasks"):
            rows = [task.row for _, task in sorted(self._job(job_id).tasks.items())]
            since = None if changed_since is None else ticks(changed_since)
            rows = [row for row in rows if since is None or ticks(row.state_transition_time) >= since]
            server_time_s = self._clock.now_s()
        for start in range(0, max(len(rows), 1), self.behaviour.page_rows):
            page = tuple(rows[start : start + self.behaviour.page_rows])
            with self._faults.call("list_tasks page"):
                pass
            yield TaskPage(page, server_time_s, 100 + 300 * len(page))

    def count_tasks(self, job_id: str) -> TaskCounts:
        with self._call("count_tasks"):
            return count_rows(task.row for task in self._job(job_id).tasks.values())

    def _task(self, job_id: str, task_id: str) -> _Task:
        try:
            return self._job(job_id).tasks[task_id]
        except KeyError:
            raise NotFound("No such task", task_id, status=404, code="TaskNotFound") from None

    def get_task(self, job_id: str, task_id: str) -> TaskDetail | None:
        with self._call("get_task"):
            task = self._job(job_id).tasks.get(task_id)
            return None if task is None else TaskDetail(task.row, task.spec.command_line, self._job(job_id).created_s)

    def terminate_task(self, job_id: str, task_id: str) -> None:
        with self._call("terminate_task"):
            task = self._task(job_id, task_id)
            failure = FailureInfo("UserError", "TaskEnded", "The task was ended by user request")
            task.row = replace(
                task.row,
                state=TaskState.COMPLETED,
                state_transition_time=_time(self._clock.now_s()),
                failure=failure,
                succeeded=False,
            )

    def reactivate_task(self, job_id: str, task_id: str) -> None:
        with self._call("reactivate_task"):
            task = self._task(job_id, task_id)
            task.row = TaskRow(task_id, TaskState.ACTIVE, _time(self._clock.now_s()))

    def delete_task(self, job_id: str, task_id: str) -> None:
        with self._call("delete_task"):
            self._task(job_id, task_id)
            del self._job(job_id).tasks[task_id]

    # Files

    def write_log(self, job_id: str, task_id: str, name: str, content: bytes) -> None:
        """Sets a log on the node, without a call."""
        self._task(job_id, task_id).logs[name] = content

    def list_task_files(self, job_id: str, task_id: str) -> tuple[NodeFile, ...]:
        with self._call("list_task_files"):
            logs = self._task(job_id, task_id).logs
            return tuple(NodeFile(name, is_directory=False, size_bytes=len(logs[name])) for name in sorted(logs))

    def task_file_size(self, job_id: str, task_id: str, path: str) -> int:
        with self._call("task_file_size"):
            return len(self._file(job_id, task_id, path))

    def read_task_file(self, job_id: str, task_id: str, path: str, offset: int, length: int) -> bytes:
        with self._call("read_task_file"):
            return self._file(job_id, task_id, path)[offset : offset + length]

    def _file(self, job_id: str, task_id: str, path: str) -> bytes:
        try:
            return self._task(job_id, task_id).logs[path]
        except KeyError:
            raise NotFound("No such file", path, status=404, code="FileNotFound") from None

    def list_node_files(self, pool_id: str, node_id: str) -> tuple[NodeFile, ...]:
        with self._call("list_node_files"):
            self._pool(pool_id)
            return (NodeFile(f"startup/{node_id}", is_directory=True),)

    def read_node_file(self, pool_id: str, node_id: str, path: str, offset: int, length: int) -> bytes:
        with self._call("read_node_file"):
            self._pool(pool_id)
            raise NotFound("No such file", f"{path} at {offset}+{length} on {node_id}", status=404, code="FileNotFound")

    def close(self) -> None:
        """Nothing to close."""


def _references(spec: TaskSpec) -> Iterator[SignedReference]:
    """Everything of a task that needs a signature."""
    yield from (resource.source for resource in spec.resource_files)
    yield from (output.container for output in spec.output_files)
    yield from (item.value for item in spec.environment if isinstance(item.value, SignedReference))


def _time(moment_s: float) -> str:
    return time_of(round(moment_s * 10_000_000))


def _option(command_line: str, name: str) -> str:
    script = shlex.split(command_line)[2]
    return next(word.removeprefix(name) for word in shlex.split(script) if word.startswith(name))


def result_of(content: bytes) -> bytes:
    """What a fake task makes of its input."""
    return b"result of " + content


def implements_ports(
    clock: FakeClock, batch: FakeBatch, storage: FakeStorage
) -> tuple[ClockPort, BatchPort, StoragePort]:
    """Accepted by mypy only while the fakes are what the ports ask for."""
    return clock, batch, storage
