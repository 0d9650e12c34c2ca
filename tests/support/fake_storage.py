"""Storage in memory, as its port describes it."""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.fake_world import Faults
from tui.core.errors import AlreadyExists, Conflict, NotFound
from tui.core.ports import ClockPort
from tui.core.records import (
    BlobRecord,
    ContainerRecord,
)
from tui.core.redaction import Secret
from tui.core.specs import Permissions


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
