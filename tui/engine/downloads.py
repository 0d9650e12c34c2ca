"""Blobs into files: parallel, verified by length and MD5, whole or absent, nothing overwritten unasked.

Where a different file is in the way, the policy decides; the default puts the download beside it under a numbered
name. A file that already has the blob's content, under its own or a numbered name, is not fetched again. Parts are
gathered in a hidden folder, where a large file is gone on with after an attempt that ended early.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tui.core.download_choice import ConflictPolicy
from tui.core.errors import InputError, LocalError, ServiceFault
from tui.core.paths import shorten
from tui.core.ports import StopSignal, StoragePort
from tui.core.records import BlobRecord
from tui.engine.local_files import local_error, md5_of, sync
from tui.engine.parallel import Outcome, in_parallel
from tui.engine.partials import Partial, Scratch
from tui.engine.retrying import Retrier
from tui.engine.transfers import PART_BYTES, TRANSFER_WORKERS, Countdown, PartDone, Span, spans

_MAXIMUM_NUMBER = 10_000


@dataclass(frozen=True, slots=True)
class Download:
    """One blob and the file it becomes; `path` is below the destination."""

    container: str
    blob: BlobRecord
    path: Path
    policy: ConflictPolicy | None = None
    """Of this file alone; the download's own without it."""


@dataclass(frozen=True, slots=True)
class DownloadPart:
    """One request of a download, as the outcome names it."""

    download: Download
    fetch: Callable[[], PartDone]


def check_destination(destination: Path) -> None:
    """InputError where the destination cannot be a folder because it, or a part of its path, is a file."""
    for folder in (destination, *destination.parents):
        if folder.is_dir():
            return
        if os.path.lexists(folder):
            raise InputError("The output folder is a file", f"{folder} is not a folder", "choose another with --output")


def download_all(
    storage: StoragePort,
    retry: Retrier,
    stop: StopSignal,
    downloads: Sequence[Download],
    scratch: Scratch,
    policy: ConflictPolicy = "rename",
    part_bytes: int = PART_BYTES,
    *,
    is_durable: bool = False,
) -> Iterator[Outcome[DownloadPart, PartDone]]:
    """Fetches `downloads`; one outcome a part, in the order they end.

    Where it must be `is_durable`, a file counts only once it is on the disk: the blobs may be deleted then.
    """
    parts = _parts(storage, retry, downloads, scratch, policy, part_bytes, is_durable)
    return in_parallel(parts, lambda part: part.fetch(), workers=TRANSFER_WORKERS, name="download", stop=stop)


def _parts(
    storage: StoragePort,
    retry: Retrier,
    downloads: Iterable[Download],
    scratch: Scratch,
    policy: ConflictPolicy,
    part_bytes: int,
    is_durable: bool,
) -> Iterator[DownloadPart]:
    for number, download in enumerate(downloads):
        parts = tuple(spans(download.blob.size_bytes, part_bytes))
        partial = scratch.partial(download.container, download.blob, number, is_large=len(parts) > 1)
        fetching = _Fetching(storage, retry, download, partial, download.policy or policy, len(parts), is_durable)
        for span in parts:
            yield DownloadPart(download, lambda fetching=fetching, span=span: fetching.fetch(span))  # type: ignore[misc]


class _Fetching:
    """One blob on its way, shared by the workers that fetch its parts."""

    def __init__(
        self,
        storage: StoragePort,
        retry: Retrier,
        download: Download,
        partial: Partial,
        policy: ConflictPolicy,
        parts: int,
        is_durable: bool,
    ) -> None:
        self._storage = storage
        self._retry = retry
        self._download = download
        self._is_durable = is_durable
        self._policy = policy
        self._is_large = parts > 1
        self._countdown = Countdown(parts)
        self._begin_lock = threading.Lock()
        self._has_begun = False
        self._kept: Path | None = None
        """The file that makes fetching needless."""
        self._partial = partial

    def fetch(self, span: Span) -> PartDone:
        """Fetches one part; whoever fetches the last one verifies the file and gives it its name."""
        self._begin()
        if self._kept is None and span.length:
            self._fetch(span)
        if not self._countdown.is_last():
            return PartDone(span.length, completes_file=False)
        if self._kept is not None:
            with local_error(self._kept, "written"):
                self._settle(self._kept)
            md5 = self._download.blob.content_md5 or b""
            return PartDone(span.length, completes_file=True, md5=md5, was_there=True, path=str(self._kept))
        return self._finish(span)

    def _begin(self) -> None:
        with self._begin_lock:
            if self._has_begun:
                return
            with local_error(self._download.path, "written"):
                self._kept = _file_to_keep(self._download, self._policy)
                if self._kept is None:
                    self._download.path.parent.mkdir(parents=True, exist_ok=True)
                    self._partial.open()
            self._has_begun = True

    def _fetch(self, span: Span) -> None:
        blob, container = self._download.blob, self._download.container

        def read() -> bytes:
            content = self._storage.read_blob(container, blob.name, span.offset, span.length, blob.etag)
            if len(content) != span.length:
                raise ServiceFault("An incomplete answer", f"{len(content)} of {span.length} bytes of {blob.name}")
            if blob.content_md5 and not self._is_large and _md5(content) != blob.content_md5:
                raise ServiceFault("A damaged answer", f"the bytes of {blob.name} do not match its MD5")
            return content

        with local_error(self._partial.path, "read"):
            if self._partial.has(span):
                return
        content = self._retry(f"downloading {blob.name}", read)
        with local_error(self._partial.path, "written"):
            self._partial.write(span, content)

    def _finish(self, span: Span) -> PartDone:
        blob, target = self._download.blob, self._download.path
        with local_error(self._partial.path, "read"):
            md5 = md5_of(self._partial.path)
        if blob.content_md5 and md5 != blob.content_md5:
            self._partial.discard()
            raise ServiceFault("A damaged download", f"{blob.name} does not match its MD5", "download it again")
        with local_error(target, "written"):
            path, was_there = _placed(self._partial.path, target, md5, self._policy)
            self._settle(path)
            self._partial.forget_record()
        return PartDone(span.length, completes_file=True, md5=md5, was_there=was_there, path=str(path))

    def _settle(self, path: Path) -> None:
        """Puts content and name on the disk, where that is asked for."""
        if not self._is_durable:
            return
        sync(path)
        with suppress(OSError):  # not every file system does this with a folder
            sync(path.parent)


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def _file_to_keep(download: Download, policy: ConflictPolicy) -> Path | None:
    """The file that has the blob's content already, or that the policy protects."""
    blob, target = download.blob, download.path
    # A numbered name counts only where this download would take one.
    for path in _names(target) if policy == "rename" else (target,):
        if not os.path.lexists(path):
            break
        if blob.content_md5 and has_content(path, blob.size_bytes, blob.content_md5):
            return path
    if not os.path.lexists(target):
        return None
    if policy == "skip" or (policy == "newer" and target.stat().st_mtime >= blob.last_modified_s):
        return target
    return None


def has_content(path: Path, size_bytes: int, md5: bytes) -> bool:
    """Whether `path` is a file of exactly this content."""
    return path.is_file() and path.stat().st_size == size_bytes and md5_of(path) == md5


def _names(target: Path) -> Iterator[Path]:
    """The file's own name, then numbered ones: `a.txt`, `a~2.txt`, `a~3.txt`."""
    yield target
    stem, extension = posixpath.splitext(target.name)
    for number in range(2, _MAXIMUM_NUMBER):
        yield target.with_name(shorten(f"{stem}~{number}{extension}"))


def _placed(temporary: Path, target: Path, md5: bytes, policy: ConflictPolicy) -> tuple[Path, bool]:
    """Gives the whole file its name; says which, and whether the same content had it already."""
    if policy in ("overwrite", "newer") and not target.is_dir():
        temporary.replace(target)
        return target, False
    size_bytes = temporary.stat().st_size
    for path in _names(target):
        if _took_name(temporary, path):
            return path, False
        if has_content(path, size_bytes, md5):
            temporary.unlink()
            return path, True
    raise LocalError("Too many files of one name", f"{target} and its numbered names are taken")


def _took_name(temporary: Path, path: Path) -> bool:
    """Renames without ever replacing: a hard link fails where the name is taken."""
    try:
        os.link(temporary, path, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: look first, which leaves an instant unguarded
        if os.path.lexists(path):
            return False
        temporary.rename(path)
        return True
    temporary.unlink()
    return True
