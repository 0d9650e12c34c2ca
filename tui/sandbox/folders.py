"""The folders tasks write in, which the sandbox reads, fills and removes without being led out of them by a link.

A task may put a link, a pipe or anything else in the place of whatever lies on its node, its own folder and the node's
included. So a path is gone step by step from the root of the file system, and no step may be a link: what the sandbox
calls by a path is there, or the path leads nowhere (OSError). Paths are those of folders whose own path was resolved
when the sandbox started.

Standard library only: the node's agent process starts with it.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ON_THE_WAY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Where the system has it, folders that may be passed but not listed are passed."""
_PRIVATE = 0o700


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of a folder by an absolute path."""
    *above, last = folder.parts
    current = os.open(above[0] if above else last, _ON_THE_WAY if above else _FOLDER)
    try:
        for step, flags in (*((step, _ON_THE_WAY) for step in above[1:]), *([(last, _FOLDER)] if above else [])):
            inner = os.open(step, flags, dir_fd=current)
            os.close(current)
            current = inner
        yield current
    finally:
        os.close(current)


def make(folder: Path) -> bool:
    """Make a folder, and those above it that are missing, for their owner alone. What is in its place and is no folder,
    a link above all, makes way for it. Tells whether it is new."""
    try:
        return _make(folder)
    except FileNotFoundError:
        make(folder.parent)
        return _make(folder)


def _make(folder: Path) -> bool:
    with opened(folder.parent) as parent:
        try:
            os.mkdir(folder.name, _PRIVATE, dir_fd=parent)
        except FileExistsError:
            if stat.S_ISDIR(os.stat(folder.name, dir_fd=parent, follow_symlinks=False).st_mode):
                return False
            os.unlink(folder.name, dir_fd=parent)
            os.mkdir(folder.name, _PRIVATE, dir_fd=parent)
        return True


def remove(path: Path) -> None:
    """Delete what is there as far as it can be deleted: of a folder all it holds, of a link the link."""
    with opened(path.parent) as parent:
        if stat.S_ISDIR(os.stat(path.name, dir_fd=parent, follow_symlinks=False).st_mode):
            shutil.rmtree(path.name, ignore_errors=True, dir_fd=parent)
        else:
            os.unlink(path.name, dir_fd=parent)


def move(source: Path, target: Path) -> None:
    """Give what is there another name; a link stays the link it is."""
    with opened(source.parent) as old, opened(target.parent) as new:
        os.rename(source.name, target.name, src_dir_fd=old, dst_dir_fd=new)


def open_file(path: Path) -> int:
    """A descriptor for reading, of a regular file and nothing else."""
    with opened(path.parent) as parent:
        # Nobody need be at the other end of a pipe.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path.name, flags, dir_fd=parent)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", str(path))


def create_file(path: Path, mode: int = 0o644) -> int:
    """A descriptor for writing, of a new file; what had its name keeps what it holds, under another name or none."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with opened(path.parent) as parent:
        try:
            return os.open(path.name, flags, mode, dir_fd=parent)
        except FileExistsError:
            os.unlink(path.name, dir_fd=parent)
            return os.open(path.name, flags, mode, dir_fd=parent)
