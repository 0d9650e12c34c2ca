"""The blob store: containers and blobs that survive a restart and a kill.

A write is visible to readers at once and as a whole: content reaches disk first, then one transaction names it. Content
nothing names any more is removed after that transaction, or by the next start.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .catalogue import Catalogue
from .content import ContentDraft, ContentFolder, ContentStream
from .errors import ErrorCode, ServiceError
from .names import end_of_prefix
from .records import BlobContent, BlobRecord, ContainerRecord, Segment, StoredContent, Usage
from .timestamps import Clock, ticks, utc_now

BlobRule = Callable[[BlobRecord | None], None]
"""Looks at the blob a write is about to replace and raises `ServiceError` when it may not."""


@dataclass(frozen=True, slots=True)
class BlobPage:
    """A part of a listing: blobs and, with a delimiter, the prefixes that stand for many, together by name."""

    entries: tuple[BlobRecord | str, ...]
    next_name: str
    """Where the listing goes on; empty at its end."""


class BlobStore:
    """Everything of one storage account below `root`. Used by one event loop; opened by one process at a time."""

    def __init__(self, root: Path, clock: Clock = utc_now) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        self._clock = clock
        self._catalogue = Catalogue(root / "catalogue.sqlite3")
        self._content = ContentFolder(root / "content")
        self._content.sweep(self._catalogue.content_ids())
        self._etag = self._catalogue.newest_etag()

    def close(self) -> None:
        self._catalogue.close()

    def reset(self) -> None:
        """Forget every container and remove all content."""
        self._catalogue.clear()
        self._content.sweep(())

    def usage(self) -> Usage:
        return self._catalogue.usage()

    # Containers

    def container(self, name: str) -> ContainerRecord:
        record = self._catalogue.container(name)
        if record is None:
            raise ServiceError(ErrorCode.CONTAINER_NOT_FOUND)
        return record

    def list_containers(self, prefix: str, start: str, limit: int) -> tuple[list[ContainerRecord], str]:
        """At most `limit` containers by name, and the name the listing goes on at (empty at its end)."""
        records = self._catalogue.containers(prefix, start, limit + 1)
        return records[:limit], records[limit].name if len(records) > limit else ""

    def create_container(self, name: str, metadata: Mapping[str, str]) -> ContainerRecord:
        if self._catalogue.has_container(name):
            raise ServiceError(ErrorCode.CONTAINER_ALREADY_EXISTS)
        return self._write_container(name, metadata)

    def set_container_metadata(self, name: str, metadata: Mapping[str, str]) -> ContainerRecord:
        self.container(name)
        return self._write_container(name, metadata)

    async def delete_container(self, name: str) -> None:
        self.container(name)
        await self._content.remove(self._catalogue.delete_container(name))

    # Blobs

    def blob(self, container: str, name: str) -> BlobRecord:
        record = self.find_blob(container, name)
        if record is None:
            raise ServiceError(ErrorCode.BLOB_NOT_FOUND)
        return record

    def find_blob(self, container: str, name: str) -> BlobRecord | None:
        """None when the container has no such blob; without the container a `ServiceError`."""
        record = self._catalogue.blob(container, name)
        if record is None and not self._catalogue.has_container(container):
            raise ServiceError(ErrorCode.CONTAINER_NOT_FOUND)
        return record

    def list_blobs(self, container: str, prefix: str, delimiter: str, start: str, limit: int) -> BlobPage:
        """At most `limit` entries from `start` on; what shares a prefix up to the delimiter is one entry."""
        self.container(container)
        entries: list[BlobRecord | str] = []
        position: str | None = start
        while position is not None and len(entries) <= limit:
            wanted = limit + 1 - len(entries)
            batch = self._catalogue.blobs(container, prefix, position, wanted)
            group = ""
            for record in batch:
                group = _group_of(record.name, prefix, delimiter)
                if not group:
                    entries.append(record)
                elif not entries or entries[-1] != group:
                    entries.append(group)
            if len(batch) < wanted:
                break
            position = end_of_prefix(group) if group else batch[-1].name + "\0"
        if len(entries) <= limit:
            return BlobPage(tuple(entries), "")
        following = entries[limit]
        return BlobPage(tuple(entries[:limit]), following if isinstance(following, str) else following.name)

    def draft(self) -> ContentDraft:
        """A new body; what `finish` answers goes into `put_blob` or `stage_block`."""
        return self._content.draft()

    async def discard(self, content: StoredContent) -> None:
        """Drop a finished body that was not used."""
        await self._content.remove((Segment(content.content_id, content.size_bytes),))

    async def put_blob(self, container: str, name: str, content: BlobContent, rule: BlobRule) -> BlobRecord:
        """Create or replace a blob, provided `rule` accepts what is there now."""
        existing = self.find_blob(container, name)
        rule(existing)
        return await self._replace(container, name, existing, content)

    async def commit_blocks(
        self,
        container: str,
        name: str,
        choose: Callable[[Mapping[str, Segment], Mapping[str, Segment]], BlobContent],
        rule: BlobRule,
    ) -> BlobRecord:
        """Make a blob of blocks. `choose` gets the committed and the staged blocks by id and answers the content."""
        existing = self.find_blob(container, name)
        rule(existing)
        committed = {part.block_id: part for part in existing.segments if part.block_id} if existing else {}
        staged = {part.block_id: part for part in self._catalogue.staged_blocks(container, name)}
        return await self._replace(container, name, existing, choose(committed, staged))

    def change_blob(
        self,
        container: str,
        name: str,
        rule: BlobRule,
        *,
        metadata: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        md5: str | None = None,
    ) -> BlobRecord:
        """Replace what is given and keep the content."""
        existing = self.blob(container, name)
        rule(existing)
        modified_s, etag = self._stamp()
        record = replace(
            existing,
            etag=etag,
            modified_s=modified_s,
            metadata=existing.metadata if metadata is None else metadata,
            properties=existing.properties if properties is None else properties,
            md5=existing.md5 if md5 is None else md5,
        )
        with self._catalogue.transaction():
            self._catalogue.write_blob(record)
        return record

    async def delete_blob(self, container: str, name: str, rule: BlobRule) -> None:
        existing = self.blob(container, name)
        rule(existing)
        with self._catalogue.transaction():
            freed = [*existing.segments, *self._catalogue.staged_blocks(container, name)]
            self._catalogue.delete_blob(container, name)
            self._catalogue.delete_staged_blocks(container, name)
        await self._content.remove(freed)

    def read(self, record: BlobRecord, offset: int, length: int) -> bytes:
        """A small part of a blob, read on the spot."""
        return self._content.read(record.segments, offset, length)

    def stream(self, record: BlobRecord, offset: int, length: int) -> ContentStream:
        """Any part of a blob in chunks; it stays as it was when the stream was opened."""
        return self._content.stream(record.segments, offset, length)

    async def read_with_md5(self, record: BlobRecord, offset: int, length: int) -> tuple[bytes, str]:
        """A part of a blob and its base64 digest."""
        with self._content.pinned(record.segments):
            data = await asyncio.to_thread(self._content.read, record.segments, offset, length)
        return data, base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()

    # Blocks

    async def stage_block(self, container: str, name: str, block_id: str, content: StoredContent) -> None:
        """Keep a block for a later `commit_blocks`; one with the same id is replaced."""
        existing = self.find_blob(container, name)
        known = self._catalogue.a_staged_block_id(container, name)
        if known is None and existing is not None and existing.segments:
            known = existing.segments[0].block_id
        if known and len(base64.b64decode(known)) != len(base64.b64decode(block_id)):
            raise ServiceError(ErrorCode.INVALID_BLOB_OR_BLOCK)
        with self._catalogue.transaction():
            replaced = self._catalogue.staged_block(container, name, block_id)
            block = Segment(content.content_id, content.size_bytes, block_id)
            self._catalogue.write_staged_block(container, name, block)
        if replaced is not None:
            await self._content.remove((replaced,))

    def blocks(self, container: str, name: str) -> tuple[BlobRecord | None, list[Segment]]:
        """The committed blob, if any, and the staged blocks; a `ServiceError` when there is neither."""
        existing = self.find_blob(container, name)
        staged = self._catalogue.staged_blocks(container, name)
        if existing is None and not staged:
            raise ServiceError(ErrorCode.BLOB_NOT_FOUND)
        return existing, staged

    async def _replace(
        self, container: str, name: str, existing: BlobRecord | None, content: BlobContent
    ) -> BlobRecord:
        modified_s, etag = self._stamp()
        record = BlobRecord(
            container=container,
            name=name,
            etag=etag,
            created_s=existing.created_s if existing else modified_s,
            modified_s=modified_s,
            size_bytes=content.size_bytes,
            md5=content.md5,
            properties=content.properties,
            metadata=content.metadata,
            segments=content.segments,
        )
        with self._catalogue.transaction():
            staged = self._catalogue.staged_blocks(container, name)
            self._catalogue.write_blob(record)
            if staged:
                self._catalogue.delete_staged_blocks(container, name)
        freed = _without((*(existing.segments if existing else ()), *staged), content.segments)
        if freed:
            await self._content.remove(freed)
        return record

    def _write_container(self, name: str, metadata: Mapping[str, str]) -> ContainerRecord:
        modified_s, etag = self._stamp()
        record = ContainerRecord(name, etag, modified_s, metadata)
        with self._catalogue.transaction():
            self._catalogue.write_container(record)
        return record

    def _stamp(self) -> tuple[int, int]:
        """Now in seconds, and an ETag no write before had."""
        now = self._clock()
        self._etag = max(self._etag + 1, ticks(now))
        return int(now.timestamp()), self._etag


def _group_of(name: str, prefix: str, delimiter: str) -> str:
    """`prefix` up to and with the next delimiter; empty when `name` stands for itself."""
    if not delimiter:
        return ""
    end = name.find(delimiter, len(prefix))
    return "" if end < 0 else name[: end + len(delimiter)]


def _without(segments: Iterable[Segment], kept: Iterable[Segment]) -> list[Segment]:
    kept_ids = {part.content_id for part in kept}
    return [part for part in segments if part.content_id not in kept_ids]
