"""What uploads and downloads share: how a file is cut into parts and how many parts travel at once.

A part is one request. A small file is one part; a large one is many, spread over all workers like the parts of any
other file, so that one huge file is as fast as many small ones. Memory is bounded by workers × part size.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

PART_BYTES = 8 << 20
"""One request's worth: large enough that its latency vanishes, small enough to be repeated."""

MAXIMUM_PARTS = 50_000
"""The service takes no more blocks in a blob: https://learn.microsoft.com/rest/api/storageservices/put-block-list"""

TRANSFER_WORKERS = 24
"""Requests under way: a small file costs one round trip, and round trips are what parallel transfers hide."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file: `index` of all its parts, and where it lies, in bytes."""

    index: int
    offset: int
    length: int


def spans(size_bytes: int, part_bytes: int = PART_BYTES) -> Iterator[Span]:
    """The parts of a file, without gaps; an empty file is one empty part, and one of very many gets larger parts."""
    length = max(part_bytes, -(-size_bytes // MAXIMUM_PARTS))
    for index, offset in enumerate(range(0, max(size_bytes, 1), length)):
        yield Span(index, offset, min(length, size_bytes - offset))


class Countdown:
    """Tells the worker that finished a file's last part that it was the last."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()

    def is_last(self) -> bool:
        """Counts one part as finished; True for exactly one caller."""
        with self._lock:
            self._left -= 1
            return self._left == 0


@dataclass(frozen=True, slots=True)
class PartDone:
    """One part arrived. The last part of a file says so; its bytes are those this part moved."""

    size_bytes: int
    completes_file: bool
    md5: bytes = b""
    """Of the whole file, where it is complete."""
    was_there: bool = False
    """Whether nothing of the file had to be moved, because the same content was there already."""
    path: str = ""
    """Where a download lies now."""
