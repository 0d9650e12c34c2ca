"""`BatchPort` in memory, over the fake cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.support.fake_cluster import FakeCluster, FakeJob, FakePool, FakeTask, service_time
from tui.core.errors import AlreadyExists, Conflict, NotFound, TooLarge
from tui.core.records import (
    FailureInfo,
    ImageInfo,
    JobRecord,
    NodeFile,
    NodePreparation,
    NodeRecord,
    PoolRecord,
    TaskAddResult,
    TaskCounts,
    TaskDetail,
    TaskPage,
    TaskRow,
    TaskState,
)
from tui.core.run_view import count_rows
from tui.core.specs import JobSpec, PoolSpec, SignedReference, Signer, StartTaskSpec, TaskSpec
from tui.engine.task_book import ticks


class FakeBatch(FakeCluster):
    """`BatchPort` in memory; its tasks run by the clock whenever it is asked anything."""

    @property
    def request_count(self) -> int:
        return sum(self._faults.calls.values())

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

    def create_pool(self, pool: PoolSpec, sign: Signer) -> None:
        with self._call("create_pool"):
            if pool.id in self.pools:
                raise AlreadyExists("The pool exists", pool.id, status=409, code="PoolExists")
            for resource in pool.start_task.resource_files if pool.start_task is not None else ():
                sign(resource.source)
            self.pools[pool.id] = FakePool(pool, self._clock.now_s(), pool.dedicated, pool.spot)

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

    def delete_pool(self, pool_id: str) -> None:
        with self._call("delete_pool"):
            pool = self._pool(pool_id)
            self.deleted.append(f"pool {pool_id}")
            pool.gone_s = pool.gone_s or self._clock.now_s() + self.behaviour.deletion_s

    def list_nodes(self, pool_id: str) -> tuple[NodeRecord, ...]:
        with self._call("list_nodes"):
            return self._nodes(self._pool(pool_id))

    def create_job(self, job: JobSpec, sign: Signer) -> None:
        with self._call("create_job"):
            if job.id in self.jobs:
                raise AlreadyExists("The job exists", job.id, status=409, code="JobExists")
            for resource in job.preparation_task.resource_files if job.preparation_task is not None else ():
                sign(resource.source)
            self.jobs[job.id] = FakeJob(job, self._clock.now_s())

    def list_jobs(self) -> tuple[JobRecord, ...]:
        with self._call("list_jobs"):
            return tuple(self._job_record(job) for job in self.jobs.values())

    def get_job(self, job_id: str) -> JobRecord | None:
        with self._call("get_job"):
            job = self.jobs.get(job_id)
            return None if job is None else self._job_record(job)

    def list_preparations(self, job_id: str) -> tuple[NodePreparation, ...]:
        with self._call("list_preparations"):
            spec = self._job(job_id).spec
            if spec.preparation_task is None or spec.pool_id not in self.pools:
                return ()
            failure = FailureInfo("UserError", "BlobNotFound", "The blob does not exist")
            return tuple(
                NodePreparation(node.id, is_over=True, failure=failure)
                if node.id in self.behaviour.preparation_fails_on
                else NodePreparation(node.id, is_over=True, exit_code=0)
                for node in self._nodes(self.pools[spec.pool_id])
                if node.takes_tasks
            )

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

    def _add_task(self, job: FakeJob, spec: TaskSpec, sign: Signer) -> TaskAddResult:
        if spec.id in self.behaviour.refused_tasks:
            return TaskAddResult(spec.id, self.behaviour.refused_tasks[spec.id], "refused by the fake")
        if spec.id in self.behaviour.busy_tasks:
            self.behaviour.busy_tasks.discard(spec.id)
            return TaskAddResult(spec.id, "ServerBusy", "The server is busy.")
        if spec.id in job.tasks:
            return TaskAddResult(spec.id, "TaskExists", "The specified task already exists.")
        for reference in _references(spec):
            sign(reference)
        job.tasks[spec.id] = FakeTask(spec, TaskRow(spec.id, TaskState.ACTIVE, service_time(self._clock.now_s())))
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

    def get_task(self, job_id: str, task_id: str) -> TaskDetail | None:
        with self._call("get_task"):
            task = self._job(job_id).tasks.get(task_id)
            return None if task is None else TaskDetail(task.row, task.spec.command_line, self._job(job_id).created_s)

    def terminate_task(self, job_id: str, task_id: str) -> bool:
        with self._call("terminate_task"):
            task = self._task(job_id, task_id)
            if task.row.state is TaskState.COMPLETED:
                return False
            failure = FailureInfo("UserError", "TaskEnded", "The task was ended by user request")
            task.row = replace(
                task.row,
                state=TaskState.COMPLETED,
                state_transition_time=service_time(self._clock.now_s()),
                failure=failure,
                succeeded=False,
            )
            return True

    def reactivate_task(self, job_id: str, task_id: str) -> None:
        with self._call("reactivate_task"):
            task = self._task(job_id, task_id)
            task.row = TaskRow(task_id, TaskState.ACTIVE, service_time(self._clock.now_s()))

    def delete_task(self, job_id: str, task_id: str) -> None:
        with self._call("delete_task"):
            self._task(job_id, task_id)
            del self._job(job_id).tasks[task_id]

    def write_log(self, job_id: str, task_id: str, name: str, content: bytes) -> None:
        """Sets a log on the node, without a call."""
        self._task(job_id, task_id).logs[name] = content

    def list_task_files(self, job_id: str, task_id: str) -> tuple[NodeFile, ...]:
        with self._call("list_task_files"):
            logs = self._task(job_id, task_id).logs
            return tuple(NodeFile(name, is_directory=False, size_bytes=len(logs[name])) for name in sorted(logs))

    def find_task_file(self, job_id: str, task_id: str, path: str) -> NodeFile:
        with self._call("find_task_file"):
            size_bytes = len(self._file(job_id, task_id, path))
            return NodeFile(path, is_directory=False, size_bytes=size_bytes, last_modified_s=self._clock.now_s())

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
