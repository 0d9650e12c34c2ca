"""Content on disk: one file for each uploaded body, named by a random id and never changed once complete.

A file counts only when the catalogue names it; whatever a crash leaves behind is removed by the next `sweep`. Names of
blobs never reach the file system.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .records import Segment, StoredContent

INLINE_BYTES = 256 * 1024
"""Up to here a read or write is done on the event loop: it costs less than handing it to a thread."""
CHUNK_BYTES = 1024 * 1024
"""What a large transfer holds in memory at a time."""


class ContentFolder:
    """The files, and which of them an answer under way still reads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._prefix = f"{folder}{os.sep}"
        self._readers: Counter[str] = Counter()
        self._doomed: set[str] = set()

    def path(self, content_id: str) -> str:
        return self._prefix + content_id

    def draft(self) -> ContentDraft:
        return ContentDraft(self)

    def read(self, segments: Sequence[Segment], offset: int, length: int) -> bytes:
        """`length` bytes from `offset` of the segments put together, in one go."""
        pieces = []
        for content_id, start, size_bytes in spans(segments, offset, length):
            descriptor = os.open(self.path(content_id), os.O_RDONLY)
            try:
                pieces.append(_read_at(descriptor, start, size_bytes))
            finally:
                os.close(descriptor)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def stream(self, segments: Sequence[Segment], offset: int, length: int) -> ContentStream:
        """The same as `read` in chunks; the files stay until the stream is closed."""
        return ContentStream(self, list(spans(segments, offset, length)))

    @contextmanager
    def pinned(self, segments: Iterable[Segment]) -> Iterator[None]:
        """The segments' files stay for as long as the context lasts."""
        content_ids = [segment.content_id for segment in segments]
        self.pin(content_ids)
        try:
            yield
        finally:
            self.unpin(content_ids)

    def pin(self, content_ids: Iterable[str]) -> None:
        self._readers.update(content_ids)

    def unpin(self, content_ids: Iterable[str]) -> None:
        for content_id in content_ids:
            self._readers[content_id] -= 1
            if not self._readers[content_id]:
                del self._readers[content_id]
                if content_id in self._doomed:
                    self._doomed.discard(content_id)
                    self._unlink((content_id,))

    async def remove(self, segments: Collection[Segment]) -> None:
        """Remove files nothing refers to any more; one being read goes when its last reader has ended."""
        free = []
        size_bytes = 0
        for segment in segments:
            if segment.content_id in self._readers:
                self._doomed.add(segment.content_id)
            else:
                free.append(segment.content_id)
                size_bytes += segment.size_bytes
        if len(free) > 8 or size_bytes > 64 * CHUNK_BYTES:
            await asyncio.to_thread(self._unlink, free)
        else:
            self._unlink(free)

    def sweep(self, referenced: Collection[str]) -> int:
        """Remove every file the catalogue does not name; answers how many."""
        strays = [entry.name for entry in os.scandir(self._folder) if entry.name not in referenced]
        self._unlink(strays)
        return len(strays)

    def _unlink(self, content_ids: Iterable[str]) -> None:
        for content_id in content_ids:
            with suppress(FileNotFoundError):
                os.unlink(self.path(content_id))


class ContentDraft:
    """A body on its way to disk, hashed as it comes. Either `finish` or `discard` ends it."""

    def __init__(self, folder: ContentFolder) -> None:
        self._folder = folder
        self._content_id = secrets.token_hex(16)
        self._digest = hashlib.md5(usedforsecurity=False)
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._size_bytes = 0
        self._descriptor = -1

    async def write(self, chunk: bytes) -> None:
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        if self._pending_bytes >= CHUNK_BYTES:
            await asyncio.to_thread(self._flush)

    async def finish(self) -> StoredContent:
        if self._pending_bytes > INLINE_BYTES:
            await asyncio.to_thread(self._flush)
        else:
            self._flush()
        self._close()
        return StoredContent(self._content_id, self._size_bytes, self._digest.digest())

    def discard(self) -> None:
        if self._descriptor >= 0:
            self._close()
            os.unlink(self._folder.path(self._content_id))

    def _flush(self) -> None:
        data = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        if self._descriptor < 0:
            path = self._folder.path(self._content_id)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._digest.update(data)
        self._size_bytes += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1


class ContentStream:
    """Content in chunks, read off the event loop. `close` must be called, read to the end or not."""

    def __init__(self, folder: ContentFolder, parts: list[tuple[str, int, int]]) -> None:
        self._folder = folder
        self._parts = parts
        self._content_ids = [content_id for content_id, _, _ in parts]
        folder.pin(self._content_ids)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        for content_id, start, size_bytes in self._parts:
            descriptor = os.open(self._folder.path(content_id), os.O_RDONLY)
            try:
                position, end = start, start + size_bytes
                while position < end:
                    wanted = min(CHUNK_BYTES, end - position)
                    yield await asyncio.to_thread(_read_at, descriptor, position, wanted)
                    position += wanted
            finally:
                os.close(descriptor)

    def close(self) -> None:
        self._folder.unpin(self._content_ids)
        self._content_ids = []


def spans(segments: Sequence[Segment], offset: int, length: int) -> Iterable[tuple[str, int, int]]:
    """The (content id, start, size) triples that make up `length` bytes from `offset`."""
    for segment in segments:
        if length <= 0:
            return
        if offset >= segment.size_bytes:
            offset -= segment.size_bytes
            continue
        size_bytes = min(length, segment.size_bytes - offset)
        yield segment.content_id, offset, size_bytes
        length -= size_bytes
        offset = 0


def _read_at(descriptor: int, position: int, size_bytes: int) -> bytes:
    data = os.pread(descriptor, size_bytes, position)
    if len(data) < size_bytes:
        pieces = [data]
        missing = size_bytes - len(data)
        while missing:
            piece = os.pread(descriptor, missing, position + size_bytes - missing)
            if not piece:
                raise EOFError("stored content is shorter than the catalogue says")
            pieces.append(piece)
            missing -= len(piece)
        data = b"".join(pieces)
    return data
