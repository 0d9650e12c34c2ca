"""Batch as the engine sees it: `BatchPort` over the REST API.

Every method blocks, raises only errors of `tui.core.errors` and may be called from several threads at once. Deleting
and terminating something that is on its way already is success; of a task it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from tui.core.errors import Conflict, NotFound, RequestRefused
from tui.core.records import (
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
)
from tui.core.specs import JobSpec, PoolSpec, Signer, StartTaskSpec, TaskSpec
from tui.gateways import batch_answers as answers
from tui.gateways.batch_bodies import job_body, pool_body, start_task_body, task_body
from tui.gateways.batch_calls import BatchCalls, path_of
from tui.gateways.errors import answer_errors

PAGE_SIZE = "1000"
"""The service gives no more in one page."""

_TASK_COLUMNS = "id,state,stateTransitionTime,executionInfo,nodeInfo"
"""Never the environment: it holds SAS, and makes up most of a task."""
_NODE_COLUMNS = (
    "id,state,stateTransitionTime,isDedicated,runningTasksCount,runningTaskSlotsCount,totalTasksRun,startTaskInfo"
)

_PREPARATION_COLUMNS = "nodeId,jobPreparationTaskExecutionInfo"

_NO_SUCH_RANGE = 416
_UNDER_WAY = frozenset({"PoolBeingDeleted", "JobBeingDeleted", "JobBeingTerminated", "JobCompleted"})


class BatchGateway:
    """The Batch service of one account."""

    def __init__(self, calls: BatchCalls, endpoint: str) -> None:
        self._calls = calls
        self._endpoint = endpoint

    @property
    def request_count(self) -> int:
        return self._calls.sent

    def close(self) -> None:
        self._calls.close()

    # Account and pools

    def list_images(self) -> tuple[ImageInfo, ...]:
        doing = "listing the supported images"
        with self._reading(doing):
            return tuple(
                answers.image(item)
                for item in self._calls.items(doing, "/supportedimages", {"maxresults": PAGE_SIZE})
                # Images of one's own have no publisher, and no place in the choice of a marketplace image.
                if item.get("imageReference", {}).get("publisher")
            )

    def list_pools(self) -> tuple[PoolRecord, ...]:
        doing = "listing the pools"
        with self._reading(doing):
            return tuple(map(answers.pool, self._calls.items(doing, "/pools", {"maxresults": PAGE_SIZE}, is_poll=True)))

    def get_pool(self, pool_id: str) -> PoolRecord | None:
        item = self._get_or_none(f"reading pool {pool_id}", path_of("pools", pool_id), "PoolNotFound", is_poll=True)
        with self._reading(f"reading pool {pool_id}"):
            return answers.pool(item) if item is not None else None

    def create_pool(self, pool: PoolSpec, sign: Signer) -> None:
        self._calls.change(f"creating pool {pool.id}", "POST", "/pools", pool_body(pool, sign), done=201)

    def resize_pool(self, pool_id: str, dedicated: int, spot: int) -> None:
        body = {"targetDedicatedNodes": dedicated, "targetLowPriorityNodes": spot}
        self._calls.change(f"resizing pool {pool_id}", "POST", path_of("pools", pool_id, "resize"), body, done=202)

    def renew_start_task(self, pool_id: str, start_task: StartTaskSpec, sign: Signer) -> None:
        body = {"startTask": start_task_body(start_task, sign)}
        doing = f"renewing the start task of pool {pool_id}"
        self._calls.change(doing, "PATCH", path_of("pools", pool_id), body, done=200)

    def delete_pool(self, pool_id: str) -> None:
        self._change(f"deleting pool {pool_id}", "DELETE", path_of("pools", pool_id))

    def list_nodes(self, pool_id: str) -> tuple[NodeRecord, ...]:
        doing = f"listing the nodes of pool {pool_id}"
        query = {"maxresults": PAGE_SIZE, "$select": _NODE_COLUMNS}
        with self._reading(doing):
            items = self._calls.items(doing, path_of("pools", pool_id, "nodes"), query, is_poll=True)
            return tuple(map(answers.node, items))

    # Jobs

    def create_job(self, job: JobSpec, sign: Signer) -> None:
        self._calls.change(f"creating job {job.id}", "POST", "/jobs", job_body(job, sign), done=201)

    def list_jobs(self) -> tuple[JobRecord, ...]:
        doing = "listing the jobs"
        with self._reading(doing):
            return tuple(map(answers.job, self._calls.items(doing, "/jobs", {"maxresults": PAGE_SIZE})))

    def get_job(self, job_id: str) -> JobRecord | None:
        item = self._get_or_none(f"reading job {job_id}", path_of("jobs", job_id), "JobNotFound", is_poll=True)
        with self._reading(f"reading job {job_id}"):
            return answers.job(item) if item is not None else None

    def list_preparations(self, job_id: str) -> tuple[NodePreparation, ...]:
        doing = f"asking how nodes were prepared for job {job_id}"
        path = path_of("jobs", job_id, "jobpreparationandreleasetaskstatus")
        query = {"maxresults": PAGE_SIZE, "$select": _PREPARATION_COLUMNS}
        try:
            with self._reading(doing):
                return tuple(map(answers.preparation, self._calls.items(doing, path, query, is_poll=True)))
        except Conflict as error:
            if error.code != "JobPreparationTaskOrReleaseTaskNotSpecified":
                raise
            return ()

    def end_job_when_done(self, job_id: str) -> None:
        body = {"onAllTasksComplete": "terminatejob"}
        self._calls.change(f"letting job {job_id} end with its tasks", "PATCH", path_of("jobs", job_id), body, done=200)

    def terminate_job(self, job_id: str, reason: str) -> None:
        self._change(
            f"terminating job {job_id}", "POST", path_of("jobs", job_id, "terminate"), {"terminateReason": reason}
        )

    def delete_job(self, job_id: str) -> None:
        self._change(f"deleting job {job_id}", "DELETE", path_of("jobs", job_id))

    # Tasks

    def add_tasks(self, job_id: str, tasks: Sequence[TaskSpec], sign: Signer) -> tuple[TaskAddResult, ...]:
        doing = f"adding {len(tasks)} tasks to job {job_id}"
        body = {"value": [task_body(task, sign) for task in tasks]}
        answer = self._calls.call(doing, "POST", path_of("jobs", job_id, "addtaskcollection"), body=body)
        with self._reading(doing):
            results = {item["taskId"]: answers.task_add_result(item) for item in answer.json()["value"]}
            return tuple(results[task.id] for task in tasks)

    def list_tasks(self, job_id: str, changed_since: str | None = None) -> Iterator[TaskPage]:
        doing = f"listing the tasks of job {job_id}"
        query = {"maxresults": PAGE_SIZE, "$select": _TASK_COLUMNS}
        if changed_since is not None:
            query["$filter"] = f"stateTransitionTime ge DateTime'{changed_since}'"
        for page in self._calls.pages(doing, path_of("jobs", job_id, "tasks"), query, is_poll=True):
            with self._reading(doing):
                rows = tuple(map(answers.task_row, page.items))
            yield TaskPage(rows=rows, server_time_s=page.server_time_s, size_bytes=page.size_bytes)

    def count_tasks(self, job_id: str) -> TaskCounts:
        doing = f"counting the tasks of job {job_id}"
        answer = self._calls.call(doing, "GET", path_of("jobs", job_id, "taskcounts"), is_poll=True)
        with self._reading(doing):
            return answers.task_counts(answer.json())

    def get_task(self, job_id: str, task_id: str) -> TaskDetail | None:
        doing = f"reading task {task_id}"
        item = self._get_or_none(doing, path_of("jobs", job_id, "tasks", task_id), "TaskNotFound", "JobNotFound")
        with self._reading(doing):
            return answers.task_detail(item) if item is not None else None

    def terminate_task(self, job_id: str, task_id: str) -> bool:
        path = path_of("jobs", job_id, "tasks", task_id, "terminate")
        try:
            self._calls.change(f"terminating task {task_id}", "POST", path, done=204)
        except Conflict as error:
            if error.code != "TaskCompleted":
                raise
            return False
        return True

    def reactivate_task(self, job_id: str, task_id: str) -> None:
        path = path_of("jobs", job_id, "tasks", task_id, "reactivate")
        self._calls.change(f"reactivating task {task_id}", "POST", path, done=204)

    def delete_task(self, job_id: str, task_id: str) -> None:
        self._calls.change(f"deleting task {task_id}", "DELETE", path_of("jobs", job_id, "tasks", task_id), done=200)

    # Files

    def list_task_files(self, job_id: str, task_id: str) -> tuple[NodeFile, ...]:
        return self._list_files(f"listing the files of task {task_id}", "jobs", job_id, "tasks", task_id)

    def find_task_file(self, job_id: str, task_id: str, path: str) -> NodeFile:
        doing = f"looking at {path} of task {task_id}"
        answer = self._calls.call(doing, "HEAD", path_of("jobs", job_id, "tasks", task_id, "files", path), is_poll=True)
        with self._reading(doing):
            return answers.found_file(path, answer.headers)

    def read_task_file(self, job_id: str, task_id: str, path: str, offset: int, length: int) -> bytes:
        doing = f"reading {path} of task {task_id}"
        return self._read_file(doing, path_of("jobs", job_id, "tasks", task_id, "files", path), offset, length)

    def list_node_files(self, pool_id: str, node_id: str) -> tuple[NodeFile, ...]:
        return self._list_files(f"listing the files of node {node_id}", "pools", pool_id, "nodes", node_id)

    def read_node_file(self, pool_id: str, node_id: str, path: str, offset: int, length: int) -> bytes:
        doing = f"reading {path} of node {node_id}"
        return self._read_file(doing, path_of("pools", pool_id, "nodes", node_id, "files", path), offset, length)

    # Shared by the above

    def _reading(self, doing: str) -> AbstractContextManager[None]:
        return answer_errors("Batch", self._endpoint, doing)

    def _get_or_none(self, doing: str, path: str, *absent: str, is_poll: bool = False) -> dict[str, Any] | None:
        """The resource, or None where the service says by one of these codes that there is none."""
        try:
            answer = self._calls.call(doing, "GET", path, is_poll=is_poll)
        except NotFound as error:
            if error.code in absent:
                return None
            raise
        with self._reading(doing):
            return answer.json()

    def _change(self, doing: str, method: str, path: str, body: Any = None) -> None:
        """A change that takes its time, and is fine where it is under way or done already."""
        try:
            self._calls.change(doing, method, path, body, done=202)
        except Conflict as error:
            if error.code not in _UNDER_WAY:
                raise

    def _list_files(self, doing: str, *segments: str) -> tuple[NodeFile, ...]:
        query = {"maxresults": PAGE_SIZE, "recursive": "true"}
        with self._reading(doing):
            return tuple(map(answers.node_file, self._calls.items(doing, path_of(*segments, "files"), query)))

    def _read_file(self, doing: str, path: str, offset: int, length: int) -> bytes:
        headers = {"ocp-range": f"bytes={offset}-{offset + length - 1}", "Accept": "application/octet-stream"}
        try:
            return self._calls.call(doing, "GET", path, headers=headers).content
        except RequestRefused as error:
            if error.status == _NO_SUCH_RANGE:
                return b""
            raise
