"""Logs by byte range: from the node while it has them, as stored afterwards."""

from __future__ import annotations

import hashlib

import pytest

from tests.cli.canned import plan
from tests.support.fakes import FakeBatch, FakeClock, FakeStorage, Faults
from tui.commands.log_reading import ServiceLogReader
from tui.core.errors import NotFound
from tui.core.records import BlobRecord
from tui.ui.services import LogSource
from tui.ui.task_file import TaskFile

LOG = b"0123456789"
TASK = LogSource("task", "topword-00000", "stdout")


class NodeWithLog(FakeBatch):
    """A node that still has the log of its task and of its start task."""

    def _file(self, job_id: str, task_id: str, path: str) -> bytes:
        assert (job_id, task_id, path) == (plan().job_id, "topword-00000", "stdout.txt")
        return LOG


@pytest.fixture
def storage() -> FakeStorage:
    stored = FakeStorage(FakeClock(), Faults())
    stored.create_container(plan().output_container, {})
    return stored


def reader(storage: FakeStorage, *, on_node: bool) -> ServiceLogReader:
    kind = NodeWithLog if on_node else FakeBatch
    return ServiceLogReader(kind(FakeClock(), storage, Faults()), storage, plan())


def put_log(storage: FakeStorage) -> None:
    name = plan().log_name("topword-00000", "stdout.txt")
    storage.put_blob(plan().output_container, name, LOG, hashlib.md5(LOG, usedforsecurity=False).digest())


@pytest.mark.parametrize(("on_node", "origin"), [(True, "node"), (False, "output container")])
@pytest.mark.parametrize(
    ("offset", "limit", "content", "start"),
    [
        (None, 4, b"6789", 6),
        (None, 100, LOG, 0),
        (0, 4, b"0123", 0),
        (8, 4, b"89", 8),
        (10, 4, b"", 10),
        (99, 4, b"0123", 0),
    ],
)
def test_a_range_of_a_log(
    storage: FakeStorage, on_node: bool, origin: str, offset: int | None, limit: int, content: bytes, start: int
) -> None:
    if not on_node:
        put_log(storage)
    chunk = reader(storage, on_node=on_node).read(TASK, offset, limit)
    assert (chunk.content, chunk.offset, chunk.size_bytes, chunk.origin) == (content, start, len(LOG), origin)


@pytest.mark.parametrize("on_node", [True, False])
def test_what_is_known_already_is_not_read(storage: FakeStorage, on_node: bool) -> None:
    if not on_node:
        put_log(storage)
    read = reader(storage, on_node=on_node).read
    version = read(TASK, 0, 100).version
    again = read(TASK, 0, 100, unless_version=version)
    assert (again.content, again.version, again.size_bytes) == (b"", version, len(LOG))
    assert read(TASK, 0, 100, unless_version="another").content == LOG


class ReplacedStorage(FakeStorage):
    """A log that is replaced once it was looked at."""

    def get_blob(self, container: str, blob: str) -> BlobRecord | None:
        found = super().get_blob(container, blob)
        if found is not None and found.size_bytes == len(LOG):
            self.store(container, blob, b"another")
        return found


def test_a_stored_log_is_read_in_one_version() -> None:
    storage = ReplacedStorage(FakeClock(), Faults())
    storage.create_container(plan().output_container, {})
    put_log(storage)
    chunk = reader(storage, on_node=False).read(TASK, 0, 100)
    assert (chunk.content, chunk.size_bytes) == (b"another", 7)


def test_a_log_that_is_nowhere_is_not_found(storage: FakeStorage) -> None:
    with pytest.raises(NotFound, match="No output yet"):
        reader(storage, on_node=False).read(TASK, None, 10)


def test_a_file_is_on_the_node_only(storage: FakeStorage) -> None:
    put_log(storage)
    file = TaskFile("task", "topword-00000", "stdout", "stdout.txt")
    assert reader(storage, on_node=True).read(file, None, 100).content == LOG
    with pytest.raises(NotFound):
        reader(storage, on_node=False).read(file, None, 100)
