"""What the store keeps, as plain values: containers, blobs, and the segments a blob's content is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    name: str
    etag: int
    modified_s: int
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file in the content folder, complete and never changed again."""

    content_id: str
    size_bytes: int
    md5: bytes
    """The digest, 16 bytes."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a blob; a block that was committed, or the whole blob when `block_id` is empty."""

    content_id: str
    size_bytes: int
    block_id: str = ""
    """Base64, as the client gave it."""


@dataclass(frozen=True, slots=True)
class BlobRecord:
    """A committed block blob. Its content is its segments, one after the other."""

    container: str
    name: str
    etag: int
    created_s: int
    modified_s: int
    size_bytes: int
    md5: str
    """Base64, empty when the service knows none (a block list committed without one)."""
    properties: Mapping[str, str]
    """The stored content headers by lower-case name, `content-type` among them."""
    metadata: Mapping[str, str]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class BlobContent:
    """What a write puts in place of a blob."""

    segments: tuple[Segment, ...]
    md5: str
    properties: Mapping[str, str]
    metadata: Mapping[str, str]

    @property
    def size_bytes(self) -> int:
        return sum(segment.size_bytes for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Usage:
    """How much the store holds."""

    containers: int
    blobs: int
    size_bytes: int
    """Of committed blobs."""
