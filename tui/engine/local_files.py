"""This machine's files: what the operating system refuses, in words; their digests, and when they are on the disk."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.core.errors import BatchTuiError, InputError, LocalError

_READ_BYTES = 1 << 20

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def local_error(path: Path | str, done: str) -> Iterator[None]:
    """Turns an OSError within into the error that names the file; `done` is what was tried: `read`, `written`."""
    try:
        yield
    except OSError as problem:
        raise translated(problem, path, done) from problem
    except (ValueError, UnicodeError) as problem:
        if isinstance(problem, UnicodeError) or "null" in str(problem):
            raise InputError("A file name that cannot be used", f"{str(path)!r}: {problem}") from problem
        raise


def translated(problem: OSError, path: Path | str, done: str) -> BatchTuiError:
    """The product's own error for `problem`."""
    where = os.fspath(path)
    match problem:
        case FileNotFoundError():
            return InputError("No such file", f"{where} cannot be {done}: it is not there")
        case IsADirectoryError():
            return InputError("A folder, not a file", f"{where} cannot be {done}", "choose the files in it")
        case NotADirectoryError() | FileExistsError():
            return LocalError("A file is in the way", f"{where} cannot be {done}: part of its path is a file")
        case PermissionError():
            return LocalError("Permission denied", f"{where} cannot be {done}", "check the rights of file and folder")
    if problem.errno in _FULL:
        return LocalError("The disk is full", f"{where} cannot be {done}", "make room and resume the run")
    if problem.errno == errno.EROFS:
        return LocalError("A read-only file system", f"{where} cannot be {done}", "choose another folder")
    return LocalError("The file system refuses", f"{where} cannot be {done}: {problem.strerror or problem}")


def md5_of(path: Path) -> bytes:
    """The sixteen bytes of the file's MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
    return digest.digest()


def sync(path: Path) -> None:
    """Puts a file's content on the disk, or, of a folder, the names of what is in it."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
