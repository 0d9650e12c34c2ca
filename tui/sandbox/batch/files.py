"""Files on nodes: found, listed and read without ever leaving the folder they are asked for in.

A path from outside is taken apart, every step is resolved, and what a link leads out of the folder is not there; nor is
anything below a folder that has itself become a link. Opening follows the same steps by descriptor, so a link put in
place meanwhile leads nowhere either.
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
import re
import stat
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.sandbox import folders
from tui.sandbox.batch.errors import ServiceError

_CHUNK_BYTES = 256 * 1024
_TOP_FOLDERS = ("workitems", "applications", "fsmounts", "shared", "startup", "volatile")
_RANGE = re.compile(r"bytes\s*=\s*([0-9]{1,19})-([0-9]{1,19})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file or folder. `name` is its path below the folder that was asked, with `/`."""

    name: str
    is_directory: bool
    size_bytes: int = 0
    modified_s: float = 0.0
    mode: int = 0

    @property
    def content_type(self) -> str:
        guessed, _ = mimetypes.guess_type(self.name)
        return guessed or ("text/plain" if self.name.endswith((".log", ".txt")) else "application/octet-stream")


def split_path(path: str) -> tuple[str, ...]:
    """The steps of a path from a URL. Raises FileNotFound for what could lead out of a folder or is no path."""
    steps = tuple(step for step in path.replace("\\", "/").split("/") if step)
    if not steps or "\x00" in path or any(step in (".", "..") for step in steps):
        raise ServiceError("FileNotFound")
    return steps


def find(root: Path, path: str) -> tuple[Path, FileEntry]:
    """Where the file is and what it is; links are followed as long as they stay below `root`, a resolved path."""
    steps = split_path(path)
    try:
        target = root.joinpath(*steps).resolve(strict=True)
        if not target.is_relative_to(root):
            raise ServiceError("FileNotFound")
        with folders.opened(target.parent) as parent:
            return target, _entry("/".join(steps), os.stat(target.name, dir_fd=parent, follow_symlinks=False))
    except (OSError, RuntimeError, ValueError):
        raise ServiceError("FileNotFound") from None


def _entry(name: str, found: os.stat_result) -> FileEntry:
    if stat.S_ISDIR(found.st_mode):
        return FileEntry(name, is_directory=True)
    if not stat.S_ISREG(found.st_mode):
        raise ServiceError("FileNotFound")
    return FileEntry(name, False, found.st_size, found.st_mtime, found.st_mode)


def list_folder(root: Path, *, recursive: bool, top_level: tuple[str, ...] | None = None) -> list[FileEntry]:
    """What is below `root`, level by level; `top_level` names the folders shown at the top, in their order.

    Links are left out: what they lead to is listed where it is.
    """
    entries: list[FileEntry] = []
    level = [""]
    while level:
        below: list[str] = []
        for folder in level:
            for entry in _scan(root, folder):
                if not folder and top_level is not None and entry.name not in top_level:
                    continue
                entries.append(entry)
                if entry.is_directory:
                    below.append(entry.name)
        level = below if recursive else []
    if top_level is not None:
        rank = {name: place for place, name in enumerate(top_level)}
        entries.sort(key=lambda entry: rank[entry.name] if entry.name in rank else len(rank))
    return entries


def _scan(root: Path, folder: str) -> Iterator[FileEntry]:
    try:
        with folders.opened(root / folder) as descriptor, os.scandir(descriptor) as found:
            for item in sorted(found, key=lambda item: item.name):
                status = item.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
                    yield _entry(f"{folder}/{item.name}" if folder else item.name, status)
    except OSError:
        return


def list_node(root: Path, *, recursive: bool) -> list[FileEntry]:
    return list_folder(root, recursive=recursive, top_level=_TOP_FOLDERS)


def check_node_path(path: str) -> None:
    """A node shows its documented folders alone; what else the sandbox keeps there is its own."""
    if split_path(path)[0] not in _TOP_FOLDERS:
        raise ServiceError("FileNotFound")


def parse_range(header: str | None, size_bytes: int) -> tuple[int, int]:
    """First byte and count of `ocp-range: bytes=a-b`; the whole file without one. Raises InvalidRange."""
    if not header:
        return 0, size_bytes
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        raise ServiceError("InvalidHeaderValue", [("HeaderName", "ocp-range"), ("HeaderValue", header[:64])])
    start = int(found[1])
    end = min(int(found[2]), size_bytes - 1) if found[2] else size_bytes - 1
    if start >= size_bytes or end < start:
        raise ServiceError("InvalidRange")
    return start, end - start + 1


async def stream(descriptor: int, start: int, count: int) -> AsyncGenerator[bytes, None]:
    """The bytes of a range, read a piece at a time beside the event loop; closes the descriptor."""
    try:
        while count > 0:
            size = min(count, _CHUNK_BYTES)
            if size <= 4096:
                piece = os.pread(descriptor, size, start)
            else:
                piece = await asyncio.to_thread(os.pread, descriptor, size, start)
            if not piece:
                return
            yield piece
            start, count = start + len(piece), count - len(piece)
    finally:
        os.close(descriptor)
