"""How one of the program's own files is written: whole or not at all, readable by nobody else."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tui.core.errors import LocalError

_OWNER_ONLY_FOLDER = 0o700


def made(folder: Path) -> Path:
    """`folder`, made with what is missing above it; only its owner may enter what is made."""
    missing = [folder, *folder.parents]
    try:
        for part in reversed(missing[: next((i for i, part in enumerate(missing) if part.exists()), len(missing))]):
            part.mkdir(mode=_OWNER_ONLY_FOLDER, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is a file")
    except OSError as error:
        raise refused(error, f"making the folder {folder}") from error
    return folder


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Whoever else holds `folder`, a thread or another process, waits: what was read there is what is replaced."""
    made(folder)
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise refused(error, f"opening the folder {folder}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Replaces `path` by a file of mode 0600 that is on the disk before it has the name."""
    made(path.parent)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = ""
        _sync_folder(path.parent)
    except OSError as error:
        raise refused(error, f"writing {path}") from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def read_whole(path: Path) -> bytes | None:
    """The file's content; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused(error, f"reading {path}") from error


def refused(error: OSError, doing: str) -> LocalError:
    """This machine's refusal in words."""
    reason = (error.strerror or str(error)).lower()
    hint = "Check that the folder is yours and the disk is not full, or set HOME or the XDG variables to another."
    return LocalError("This machine refuses", f"{doing}: {reason}", hint)


def _sync_folder(folder: Path) -> None:
    """Makes the new name durable where the system knows how."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
