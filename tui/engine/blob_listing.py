"""Reads the names and sizes of a container's blobs for whoever chooses inputs among them, on a daemon thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from tui.core.errors import BatchTuiError
from tui.core.input_listing import ListedFile, Listing, ListingBatch, PublishBatch
from tui.core.ports import StopSignal, StoragePort
from tui.core.records import BlobRecord

BATCH_BLOBS = 1_000
LIMIT_BLOBS = 200_000
"""Beyond this a prefix has to say which are meant."""


OpenStorage = Callable[[], StoragePort]
"""The account's storage; may have to be opened first, which blocks and may be refused."""


def start_listing(open_storage: OpenStorage, container: str, prefix: str, publish: PublishBatch) -> Callable[[], None]:
    """Returns at once, with what stops it; `open_storage` and `publish` are called from another thread."""
    stop = threading.Event()
    work = partial(list_blobs, open_storage, container, prefix, publish, stop)
    threading.Thread(target=work, daemon=True, name="blob listing").start()
    return stop.set


def list_blobs(
    open_storage: OpenStorage,
    container: str,
    prefix: str,
    publish: PublishBatch,
    stop: StopSignal,
    *,
    limit_blobs: int = LIMIT_BLOBS,
) -> None:
    """Tells the blobs whose name begins with `prefix`, folders made of their names; an error is the end."""
    blobs: Iterator[BlobRecord] | None = None
    folders, told = _NameFolders(), 0
    while not stop.is_set():
        try:
            blobs = blobs or open_storage().list_blobs(container, prefix)
            found = list(islice(blobs, BATCH_BLOBS))
        except BatchTuiError as error:
            publish(ListingBatch(is_over=True, error=error))
            return
        told += len(found)
        is_last = len(found) < BATCH_BLOBS
        is_cut_short = not is_last and told >= limit_blobs
        listings = folders.sorted_in(found) + (folders.completed() if is_last or is_cut_short else ())
        if not stop.is_set():
            publish(ListingBatch(listings, is_over=is_last or is_cut_short, is_cut_short=is_cut_short))
        if is_last or is_cut_short:
            return


class _NameFolders:
    """Folders that a container does not have and that its blobs' names speak of."""

    def __init__(self) -> None:
        self._known = {""}

    def sorted_in(self, blobs: Iterable[BlobRecord]) -> tuple[Listing, ...]:
        """What each folder gains by `blobs`, a folder before those in it."""
        folders: dict[str, list[str]] = {"": []}
        files: dict[str, list[ListedFile]] = {"": []}
        for blob in blobs:
            *parts, name = blob.name.split("/")
            prefix = ""
            for part in parts:
                below = f"{prefix}{part}/"
                if below not in self._known:
                    self._known.add(below)
                    folders[prefix].append(part)
                prefix = below
                folders.setdefault(prefix, [])
                files.setdefault(prefix, [])
            files[prefix].append(ListedFile(name, blob.size_bytes))
        return tuple(
            Listing(prefix, tuple(names), tuple(files[prefix]), is_complete=False) for prefix, names in folders.items()
        )

    def completed(self) -> tuple[Listing, ...]:
        return tuple(Listing(prefix) for prefix in self._known)
