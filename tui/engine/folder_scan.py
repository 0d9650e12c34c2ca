"""Reads folders of this machine for whoever chooses inputs: nearest first, in batches, on a daemon thread of its own.

A link to a folder is told and never followed, so that a scan ends whatever the links are. What cannot be read is told
with its reason and stops nothing. A file system that hangs holds up its thread alone: nobody waits for it.
"""

from __future__ import annotations

import heapq
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from tui.core.columns import natural_key
from tui.core.input_listing import ListedFile, Listing, ListingBatch, PublishBatch, ScanRequest
from tui.core.ports import StopSignal

ItemT = TypeVar("ItemT")

BATCH_ENTRIES = 1_000
"""What the interface folds in a few milliseconds."""
BATCH_S = 0.1
"""A person sees that something happens; a slow disk does not wait for a full batch."""
BREATH_S = 0.01
"""Rest after each batch: the interface folds it without both of them waiting for Python's one lock."""
_RUN_ENTRIES = 5_000
LIMIT_ENTRIES = 200_000
"""Beyond this a person has opened the wrong folder; what is left is read where it is opened."""


def start_scan(request: ScanRequest, publish: PublishBatch) -> Callable[[], None]:
    """Returns at once, with what stops it; `publish` is called from another thread."""
    stop = threading.Event()
    threading.Thread(target=scan, args=(request, publish, stop), daemon=True, name="folder scan").start()
    return stop.set


def scan(
    request: ScanRequest,
    publish: PublishBatch,
    stop: StopSignal,
    *,
    batch_entries: int = BATCH_ENTRIES,
    limit_entries: int = LIMIT_ENTRIES,
) -> None:
    """Reads until everything is told, the limit is reached or `stop` is set, after which nothing more is told."""
    outlet = _Outlet(publish, stop, batch_entries)
    waiting = deque(dict.fromkeys(request.folders))
    while waiting and outlet.told < limit_entries and not stop.is_set():
        folder = waiting.popleft()
        for listing in read_folder(folder, batch_entries):
            if stop.is_set():
                return
            outlet.add(listing)
            waiting.extend(
                os.path.join(folder, name)
                for name in listing.folders
                if request.enters_hidden or not name.startswith(".")
            )
    outlet.end(is_cut_short=bool(waiting))


class _Outlet:
    """Gathers listings until they are worth a batch."""

    def __init__(self, publish: PublishBatch, stop: StopSignal, batch_entries: int) -> None:
        self._publish = publish
        self._stop = stop
        self._batch_entries = batch_entries
        self._gathered: list[Listing] = []
        self._entries = 0
        self._since_s = time.monotonic()
        self.told = 0

    def add(self, listing: Listing) -> None:
        entries = 1 + len(listing.folders) + len(listing.files)
        self._gathered.append(listing)
        self._entries += entries
        self.told += entries
        if self._entries >= self._batch_entries or time.monotonic() - self._since_s >= BATCH_S:
            self._publish(ListingBatch(tuple(self._gathered)))
            self._stop.wait(BREATH_S)
            self._gathered, self._entries, self._since_s = [], 0, time.monotonic()

    def end(self, *, is_cut_short: bool) -> None:
        if not self._stop.is_set():
            self._publish(ListingBatch(tuple(self._gathered), is_over=True, is_cut_short=is_cut_short))


def read_folder(folder: str, piece_entries: int = BATCH_ENTRIES) -> Iterator[Listing]:
    """One folder in sorted pieces; a folder that cannot be read is one piece with the reason."""
    folders: list[str] = []
    files: list[ListedFile] = []
    trouble = ""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if _is_folder(entry):
                    folders.append(entry.name)
                else:
                    files.append(_listed(entry))
    except OSError as problem:
        trouble = reason_of(problem)
    except ValueError:  # a null character in a path that a person pasted
        trouble = "no such folder"
    folders = _sorted(folders, natural_key)
    files = _sorted(files, lambda file: natural_key(file.name))
    yield from _pieces(folder, folders, files, trouble, piece_entries)


def _sorted(items: list[ItemT], key: Callable[[ItemT], tuple[str | int, ...]]) -> list[ItemT]:
    """`items` sorted in short runs that are merged: one long sort would hold every other thread up until it ends."""
    runs = (sorted(items[start : start + _RUN_ENTRIES], key=key) for start in range(0, len(items), _RUN_ENTRIES))
    return list(heapq.merge(*runs, key=key))


def _pieces(
    folder: str, folders: Sequence[str], files: Sequence[ListedFile], trouble: str, size: int
) -> Iterator[Listing]:
    total = len(folders) + len(files)
    for start in range(0, max(total, 1), size):
        end = start + size
        first, last = max(0, start - len(folders)), max(0, end - len(folders))
        yield Listing(
            folder,
            tuple(folders[start:end]),
            tuple(files[first:last]),
            is_complete=end >= total,
            trouble=trouble if end >= total else "",
        )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _listed(entry: os.DirEntry[str]) -> ListedFile:
    try:
        status = entry.stat()
    except OSError as problem:
        return ListedFile(entry.name, trouble=_reason_of_file(entry, problem))
    trouble = ""
    if stat.S_ISDIR(status.st_mode):
        trouble = "a link to a folder; open it by its path"
    elif not stat.S_ISREG(status.st_mode):
        trouble = "not a regular file"
    elif not os.access(entry.path, os.R_OK):
        trouble = "permission denied"
    return ListedFile(entry.name, 0 if trouble else status.st_size, trouble)


def _reason_of_file(entry: os.DirEntry[str], problem: OSError) -> str:
    if os.path.islink(entry.path):
        return "a link that leads nowhere"
    return "gone" if isinstance(problem, FileNotFoundError) else reason_of(problem)


def reason_of(problem: OSError) -> str:
    """Why the system refuses a folder, in words."""
    match problem:
        case PermissionError():
            return "permission denied"
        case FileNotFoundError():
            return "no such folder"
        case NotADirectoryError():
            return "not a folder"
    return (problem.strerror or type(problem).__name__).lower()


def complete_folder(typed: str, working_folder: str) -> str | None:
    """`typed` with the rest of the first folder that begins so; None where there is none. Blocks."""
    path = os.path.join(working_folder, os.path.expanduser(typed))
    above, beginning = os.path.split(path)
    for name in sorted(_folder_names(above), key=natural_key):
        if name.startswith(beginning) and (beginning or not name.startswith(".")) and name != beginning:
            return f"{typed}{name[len(beginning) :]}{os.sep}"
    return None


def _folder_names(folder: str) -> Iterable[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir()]
    except (OSError, ValueError):
        return ()
