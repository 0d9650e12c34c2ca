"""Logs for the user interface: bytes of a task's or a node's output, from the node while it lives, else as stored."""

from __future__ import annotations

from collections.abc import Callable

from tui.core.errors import Conflict, NotFound
from tui.core.plan import RunPlan
from tui.core.ports import BatchPort, StoragePort
from tui.core.records import BlobRecord, NodeFile
from tui.ui.services import LogChunk, LogSource
from tui.ui.task_file import TaskFile

_LOOKS_AT_BLOB = 2
"""A stored log that is replaced between the look at it and the read is looked at once more."""


class ServiceLogReader:
    """`LogReader` over an account's two services."""

    def __init__(self, batch: BatchPort, storage: StoragePort, plan: RunPlan) -> None:
        self._batch = batch
        self._storage = storage
        self._plan = plan

    def read(self, source: LogSource, offset: int | None, limit_bytes: int, *, unless_version: str = "") -> LogChunk:
        """At most `limit_bytes` from `offset`, or the last ones without it; none where it is `unless_version`.

        Raises NotFound while there is no log.
        """
        asked = _Asked(offset, limit_bytes, unless_version)
        if source.owner == "start task":
            return self._of_start_task(source, asked)
        try:
            return self._of_task(source, asked)
        except (NotFound, Conflict):  # the task has no node yet, or no longer
            if isinstance(source, TaskFile):
                raise  # only the output is stored
            return self._stored(source, asked)

    def _of_task(self, source: LogSource, asked: _Asked) -> LogChunk:
        job_id, path = self._plan.job_id, source.file_name
        found = self._batch.find_task_file(job_id, source.id, path)
        return asked.of_node(
            found, lambda start, length: self._batch.read_task_file(job_id, source.id, path, start, length)
        )

    def _stored(self, source: LogSource, asked: _Asked) -> LogChunk:
        container, name = self._plan.output_container, self._plan.log_name(source.id, source.file_name)
        for looks_left in reversed(range(_LOOKS_AT_BLOB)):
            blob = self._storage.get_blob(container, name)
            if blob is None:
                break
            try:
                return self._of_blob(container, name, blob, asked)
            except Conflict:
                if not looks_left:
                    raise
        raise NotFound("No output yet", f"{source.id} has written no {source.file_name} that could be read")

    def _of_blob(self, container: str, name: str, blob: BlobRecord, asked: _Asked) -> LogChunk:
        def read(start: int, length: int) -> bytes:
            return self._storage.read_blob(container, name, start, length, blob.etag)

        return asked.chunk(blob.size_bytes, "output container", blob.etag, read)

    def _of_start_task(self, source: LogSource, asked: _Asked) -> LogChunk:
        pool_id, path = self._plan.pool.id, f"startup/{source.file_name}"
        files = {file.name: file for file in self._batch.list_node_files(pool_id, source.id)}
        if path not in files:
            raise NotFound("No output yet", f"the start task of {source.id} has written no {source.file_name}")
        return asked.of_node(
            files[path], lambda start, length: self._batch.read_node_file(pool_id, source.id, path, start, length)
        )


class _Asked:
    """A range of a log whose size is not known yet."""

    def __init__(self, offset: int | None, limit_bytes: int, unless_version: str) -> None:
        self._offset = offset
        self._limit_bytes = limit_bytes
        self._unless_version = unless_version

    def of_node(self, file: NodeFile, read: Callable[[int, int], bytes]) -> LogChunk:
        """Its time is told in whole seconds: only with its size it tells a version."""
        version = "" if file.last_modified_s is None else f"{file.size_bytes} {file.last_modified_s}"
        return self.chunk(file.size_bytes, "node", version, read)

    def chunk(self, size_bytes: int, origin: str, version: str, read: Callable[[int, int], bytes]) -> LogChunk:
        """A log that has shrunk is read from its beginning."""
        start = max(0, size_bytes - self._limit_bytes) if self._offset is None else self._offset
        if start > size_bytes:
            start = 0
        length = min(self._limit_bytes, size_bytes - start)
        is_wanted = length and not (version and version == self._unless_version)
        return LogChunk(read(start, length) if is_wanted else b"", start, size_bytes, origin, version)
