"""Files into containers: parallel, verified by the service through MD5, resumed inside a file, skipped where there.

A block's id holds the digest of its content, so that a block staged by an earlier attempt is used again only if it is
the same; a blob appears whole or not at all, for blocks are invisible until they are committed.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.core.errors import InputError, LocalError
from tui.core.ports import StopSignal, StoragePort
from tui.core.records import BlobRecord
from tui.engine.local_files import local_error, md5_of
from tui.engine.parallel import Outcome, in_parallel
from tui.engine.retrying import Retrier
from tui.engine.transfers import PART_BYTES, TRANSFER_WORKERS, Countdown, PartDone, Span, spans


@dataclass(frozen=True, slots=True)
class Upload:
    """One file and the blob it becomes; size and time of change as they were when it was looked at."""

    container: str
    blob: str
    path: Path
    size_bytes: int
    modified_ns: int


def look_at(container: str, blob: str, path: Path) -> Upload:
    """The upload of `path`; InputError or LocalError names a file that is not there, no file or not ours to read."""
    with local_error(path, "read"):
        status = path.stat()
        if path.is_dir():
            raise IsADirectoryError
    if not path.is_file():
        raise InputError("Not a file", f"{path} is a device, pipe or socket")
    return Upload(container, blob, path, status.st_size, status.st_mtime_ns)


Existing = Mapping[tuple[str, str], BlobRecord]
"""Blobs that are there already, by container and name."""


@dataclass(frozen=True, slots=True)
class UploadPart:
    """One request of an upload, as the outcome names it."""

    upload: Upload
    send: Callable[[], PartDone]


def upload_all(
    storage: StoragePort,
    retry: Retrier,
    stop: StopSignal,
    uploads: Sequence[Upload],
    existing: Existing,
    part_bytes: int = PART_BYTES,
) -> Iterator[Outcome[UploadPart, PartDone]]:
    """Carries `uploads`; one outcome a part, in the order they end."""
    parts = _parts(storage, retry, uploads, existing, part_bytes)
    return in_parallel(parts, lambda part: part.send(), workers=TRANSFER_WORKERS, name="upload", stop=stop)


def _parts(
    storage: StoragePort, retry: Retrier, uploads: Iterable[Upload], existing: Existing, part_bytes: int
) -> Iterator[UploadPart]:
    for upload in uploads:
        there = existing.get((upload.container, upload.blob))
        parts = tuple(spans(upload.size_bytes, part_bytes))
        if len(parts) > 1:
            large = _LargeUpload(storage, retry, upload, there, len(parts))
            for span in parts:
                yield UploadPart(upload, lambda large=large, span=span: large.send(span))  # type: ignore[misc]
        else:
            yield UploadPart(upload, lambda upload=upload, there=there: _send_small(storage, retry, upload, there))  # type: ignore[misc]


def _send_small(storage: StoragePort, retry: Retrier, upload: Upload, there: BlobRecord | None) -> PartDone:
    with local_error(upload.path, "read"):
        content = upload.path.read_bytes()
    md5 = _md5(content)
    same = there is not None and there.size_bytes == len(content) and there.content_md5 == md5
    if not same:
        retry(f"uploading {upload.blob}", lambda: storage.put_blob(upload.container, upload.blob, content, md5))
    return PartDone(len(content), completes_file=True, md5=md5, was_there=same)


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


class _LargeUpload:
    """One large file on its way, shared by the workers that carry its blocks."""

    def __init__(
        self, storage: StoragePort, retry: Retrier, upload: Upload, there: BlobRecord | None, parts: int
    ) -> None:
        self._storage = storage
        self._retry = retry
        self._upload = upload
        self._there = there
        self._block_ids = [""] * parts
        self._countdown = Countdown(parts)
        self._begin_lock = threading.Lock()
        self._staged: Mapping[str, int] | None = None
        self._is_there = False

    def send(self, span: Span) -> PartDone:
        """Stages one block; whoever stages the last one commits them all."""
        self._begin()
        if not self._is_there:
            self._stage(span)
        if not self._countdown.is_last():
            return PartDone(span.length, completes_file=False)
        md5 = self._finish()
        return PartDone(span.length, completes_file=True, md5=md5, was_there=self._is_there)

    def _begin(self) -> None:
        """Finds out, once, what of the file is there: all of it, some blocks, or nothing."""
        upload = self._upload
        with self._begin_lock:
            if self._staged is not None:
                return
            there = self._there
            if there is not None and there.size_bytes == upload.size_bytes and there.content_md5:
                with local_error(upload.path, "read"):
                    self._is_there = md5_of(upload.path) == there.content_md5
            self._staged = (
                {}
                if self._is_there
                else self._retry(
                    f"looking for parts of {upload.blob}",
                    lambda: self._storage.list_staged_blocks(upload.container, upload.blob),
                )
            )

    def _stage(self, span: Span) -> None:
        upload = self._upload
        with local_error(upload.path, "read"), upload.path.open("rb") as file:
            file.seek(span.offset)
            content = file.read(span.length)
        if len(content) != span.length:
            raise _changed(upload.path)
        block_id = f"{span.index:06d}-{_md5(content).hex()}"
        self._block_ids[span.index] = block_id
        if (self._staged or {}).get(block_id) != span.length:
            self._retry(
                f"uploading {upload.blob}",
                lambda: self._storage.put_block(upload.container, upload.blob, block_id, content),
            )

    def _finish(self) -> bytes:
        upload = self._upload
        if self._is_there and self._there is not None and self._there.content_md5:
            return self._there.content_md5
        with local_error(upload.path, "read"):
            md5 = md5_of(upload.path)
            status = os.stat(upload.path)
        if (status.st_size, status.st_mtime_ns) != (upload.size_bytes, upload.modified_ns):
            raise _changed(upload.path)
        self._retry(f"completing {upload.blob}", lambda: self._commit(md5))
        return md5

    def _commit(self, md5: bytes) -> None:
        """Repeatable: blocks that an earlier attempt committed, unseen by us, are no longer there to be committed."""
        upload = self._upload
        there = self._storage.get_blob(upload.container, upload.blob)
        if there is None or there.size_bytes != upload.size_bytes or there.content_md5 != md5:
            self._storage.commit_blocks(upload.container, upload.blob, self._block_ids, md5)


def _changed(path: Path) -> LocalError:
    return LocalError("A file changed while it was read", f"{path} was written to during its upload", "run it again")
