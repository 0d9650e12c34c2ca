"""Logs for the user interface: bytes of a task's or a node's output, from the node while it lives, else as stored."""

from __future__ import annotations

from tui.core.errors import Conflict, NotFound
from tui.core.plan import RunPlan
from tui.core.ports import BatchPort, StoragePort
from tui.ui.services import LogChunk, LogSource
from tui.ui.task_file import TaskFile


class ServiceLogReader:
    """`LogReader` over an account's two services."""

    def __init__(self, batch: BatchPort, storage: StoragePort, plan: RunPlan) -> None:
        self._batch = batch
        self._storage = storage
        self._plan = plan

    def read(self, source: LogSource, offset: int | None, limit_bytes: int) -> LogChunk:
        """At most `limit_bytes` from `offset`, or the last ones without it. Raises NotFound while there is none."""
        if source.owner == "start task":
            return self._of_start_task(source, offset, limit_bytes)
        try:
            return self._of_task(source, offset, limit_bytes)
        except (NotFound, Conflict):  # the task has no node yet, or no longer
            if isinstance(source, TaskFile):
                raise  # only the output is stored
            return self._stored(source, offset, limit_bytes)

    def _of_task(self, source: LogSource, offset: int | None, limit_bytes: int) -> LogChunk:
        job_id = self._plan.job_id
        size_bytes = self._batch.task_file_size(job_id, source.id, source.file_name)
        start, length = _range(size_bytes, offset, limit_bytes)
        content = b""
        if length:
            content = self._batch.read_task_file(job_id, source.id, source.file_name, start, length)
        return LogChunk(content, start, size_bytes, "node")

    def _stored(self, source: LogSource, offset: int | None, limit_bytes: int) -> LogChunk:
        container, name = self._plan.output_container, self._plan.log_name(source.id, source.file_name)
        blob = self._storage.get_blob(container, name)
        if blob is None:
            raise NotFound("No output yet", f"{source.id} has written no {source.file_name} that could be read")
        start, length = _range(blob.size_bytes, offset, limit_bytes)
        content = self._storage.read_blob(container, name, start, length) if length else b""
        return LogChunk(content, start, blob.size_bytes, "output container")

    def _of_start_task(self, source: LogSource, offset: int | None, limit_bytes: int) -> LogChunk:
        pool_id, path = self._plan.pool.id, f"startup/{source.file_name}"
        sizes = {file.name: file.size_bytes for file in self._batch.list_node_files(pool_id, source.id)}
        if path not in sizes:
            raise NotFound("No output yet", f"the start task of {source.id} has written no {source.file_name}")
        start, length = _range(sizes[path], offset, limit_bytes)
        content = self._batch.read_node_file(pool_id, source.id, path, start, length) if length else b""
        return LogChunk(content, start, sizes[path], "node")


def _range(size_bytes: int, offset: int | None, limit_bytes: int) -> tuple[int, int]:
    """Where to begin and how much there is to read; a log that has shrunk is read from its beginning."""
    start = max(0, size_bytes - limit_bytes) if offset is None else offset
    if start > size_bytes:
        start = 0
    return start, min(limit_bytes, size_bytes - start)
