"""Where downloads are gathered until they are whole: a hidden folder of the run in the destination.

What an attempt does with small files is its own and goes with it. A large file is kept across attempts, with a record
of the parts that are there and the MD5 of each: a part counts only if the file still has exactly those bytes, so that
neither a torn write nor another version of the blob, which has another ETag, can end up in the result. A worker left
behind by another attempt writes the same bytes to the same place, or finds the file gone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tui.core.records import BlobRecord
from tui.engine.local_files import local_error
from tui.engine.transfers import Span

_KEPT = "kept"
_RECORD = re.compile(r"(\d{1,5}) ([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Scratch:
    """The folders of one attempt, on the destination's file system."""

    attempt: Path
    """Gone when the attempt ends."""
    kept: Path
    """Gone when an attempt ends well."""

    def partial(self, container: str, blob: BlobRecord, number: int, *, is_large: bool) -> Partial:
        """Where `blob`, the attempt's file of this number, is gathered; a large one comes in more than one part."""
        if not is_large or not blob.etag:
            return Partial(self.attempt / f"{number}", blob.size_bytes, None)
        identity = "\0".join([container, blob.name, blob.etag, str(blob.size_bytes)])
        path = self.kept / hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return Partial(path, blob.size_bytes, path.with_suffix(".parts"))


@contextmanager
def scratch_folder(destination: Path, owner: str) -> Iterator[Scratch]:
    """The folders of an attempt; what is only an ended attempt's own goes first.

    `owner` names the run, of which only one attempt is under way at a time.
    """
    parent = destination / f".{owner}.partial"
    with local_error(parent, "written"):
        _clear(parent)
        kept = parent / _KEPT
        kept.mkdir(parents=True, exist_ok=True)
        scratch = Scratch(Path(tempfile.mkdtemp(dir=parent)), kept)
    try:
        yield scratch
    except BaseException:
        shutil.rmtree(scratch.attempt, ignore_errors=True)
        for folder in (kept, parent):
            with suppress(OSError):  # it stays while a large file is in it
                folder.rmdir()
        raise
    shutil.rmtree(parent, ignore_errors=True)


def _clear(parent: Path) -> None:
    """Leaves nothing in `parent` but the folder of what is kept."""
    if not parent.is_dir() or parent.is_symlink():
        parent.unlink(missing_ok=True)
        return
    for entry in parent.iterdir():
        is_folder = entry.is_dir() and not entry.is_symlink()
        if entry.name == _KEPT and is_folder:
            continue
        if is_folder:
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


class Partial:
    """One file while it is gathered, part by part, by several workers."""

    def __init__(self, path: Path, size_bytes: int, record: Path | None) -> None:
        self.path = path
        self._size_bytes = size_bytes
        self._record = record
        self._lock = threading.Lock()
        self._claimed: dict[int, str] = {}
        """The MD5 of each part that an earlier attempt says is there."""

    def open(self) -> None:
        """Makes the file, or finds what of it is there; once, before any part."""
        with _opened(self.path, os.O_CREAT | (os.O_TRUNC if self._record is None else 0)) as file:
            os.ftruncate(file, self._size_bytes)
        if self._record is not None:
            self._claimed = _claims(self._record)

    def has(self, span: Span) -> bool:
        """Whether an earlier attempt left this part, to the byte."""
        md5 = self._claimed.get(span.index)
        if md5 is None:
            return False
        with self.path.open("rb") as file:
            file.seek(span.offset)
            return _md5(file.read(span.length)) == md5

    def write(self, span: Span, content: bytes) -> None:
        """Puts a part into its place, and takes down that it is there."""
        with _opened(self.path) as file:
            offset, left = span.offset, memoryview(content)
            while left:
                written = os.pwrite(file, left, offset)
                offset, left = offset + written, left[written:]
        if self._record is not None:
            line = f"{span.index} {_md5(content)}\n".encode()
            with self._lock, _opened(self._record, os.O_CREAT | os.O_APPEND) as file:
                os.write(file, line)

    def discard(self) -> None:
        """Forgets all of it: the next attempt begins afresh."""
        self.path.unlink(missing_ok=True)
        self.forget_record()

    def forget_record(self) -> None:
        """Once the file has its name, or none."""
        if self._record is not None:
            self._record.unlink(missing_ok=True)


def _claims(record: Path) -> dict[int, str]:
    """What can be read of a record; a torn line is no claim."""
    try:
        lines = record.read_text("ascii", "replace").splitlines()
    except FileNotFoundError:
        return {}
    return {int(found[1]): found[2] for line in lines if (found := _RECORD.fullmatch(line))}


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class _opened:  # noqa: N801  # reads as a verb, like `open`
    """A file descriptor for writing, closed at the end; a symbolic link in the file's place is refused."""

    def __init__(self, path: Path, flags: int = 0) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o666)

    def __enter__(self) -> int:
        return self._file

    def __exit__(self, *_: object) -> None:
        os.close(self._file)
