"""Where inputs come from, and how far it has been read: a selection, and the reader that fills it.

A reader's batches carry the number of their reading: what arrives of an earlier one is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import ClassVar

from tui.core.input_listing import ListingBatch, PublishBatch, ScanRequest
from tui.core.input_selection import InputSelection
from tui.core.planning import FileChoice
from tui.ui.input_services import InputServices, Stop
from tui.ui.screens.new_run.inputs_words import Reading

Deliver = Callable[["InputSource", int, ListingBatch], object]
"""Called on the interface's thread, once a batch, with the number of the reading."""


class InputSource:
    """One selection and the reading of it; only the interface's own thread touches it."""

    noun: ClassVar[str]

    def __init__(self, inputs: InputServices, deliver: Deliver, selection: InputSelection) -> None:
        self._inputs = inputs
        self._deliver = deliver
        self._number = 0
        self._stop: Stop | None = None
        self.selection = selection
        self.reading = Reading()
        self.read_s: float | None = None
        """When the last reading ended, in Unix seconds."""

    @property
    def place(self) -> str:
        """Where it looks, in words; empty while there is nowhere to look."""
        raise NotImplementedError

    def read_on(self) -> bool:
        """Starts to read what nobody has read yet; False where there is nothing to read, or it is under way."""
        raise NotImplementedError

    def read_again(self) -> None:
        """Everything from the start; what is chosen stays chosen."""
        self._forget()
        self.selection.go_to(self.selection.tree.root.path)

    def take(self, number: int, batch: ListingBatch) -> bool:
        """Folds a batch in; False for one of an earlier reading."""
        if number != self._number:
            return False
        self.selection.take(batch)
        found = sum(len(listing.files) for listing in batch.listings)
        self.reading = Reading(
            not batch.is_over, batch.is_cut_short, self.reading.files_read + found, batch.error or self.reading.error
        )
        return True

    def stop(self) -> None:
        if self._stop is not None:
            self._stop()
        self._stop = None
        self.reading = replace(self.reading, is_under_way=False)

    @property
    def _may_read_on(self) -> bool:
        reading = self.reading
        return not (reading.is_under_way or reading.is_cut_short or reading.error)

    def _begin(self, start: Callable[[PublishBatch], Stop]) -> None:
        self.stop()
        self._number += 1
        self.reading = Reading(is_under_way=True, files_read=self.reading.files_read)
        self.selection.resume()
        self._stop = start(self._publisher(self._number))

    def _publisher(self, number: int) -> PublishBatch:
        loop = asyncio.get_running_loop()

        def publish(batch: ListingBatch) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._deliver, self, number, batch)

        return publish

    def _forget(self) -> None:
        """Nothing has been read; what is on its way is not wanted any more."""
        self.read_s = None
        self.stop()
        self._number += 1
        self.reading = Reading()


class FileSource(InputSource):
    """Files of this machine, below one folder."""

    noun: ClassVar[str] = "file"

    def __init__(self, inputs: InputServices, deliver: Deliver) -> None:
        super().__init__(inputs, deliver, InputSelection("/"))

    @property
    def place(self) -> str:
        return self.selection.tree.root.path

    def read_on(self) -> bool:
        unread = self.selection.tree.unread_folders() if self._may_read_on else ()
        if unread:
            self._scan(unread)
        return bool(unread)

    def read_below(self, folder: str) -> None:
        """Reads a folder that lies beyond the reader's limit."""
        if not self.reading.is_under_way:
            self._scan((folder,))

    def _scan(self, folders: tuple[str, ...]) -> None:
        request = ScanRequest(folders, self.selection.tree.shows_hidden)
        self._begin(partial(self._inputs.start_scan, request))

    def start_at(self, folder: str, chosen: Iterable[FileChoice]) -> None:
        """Shows `folder` with what was chosen before, below it or elsewhere."""
        self._forget()
        tree = self.selection.tree
        self.selection = InputSelection(folder, tree.filter, shows_hidden=tree.shows_hidden, chosen=chosen)

    def go_to(self, folder: str) -> None:
        self._forget()
        self.selection.go_to(folder)


class BlobSource(InputSource):
    """Blobs of one container whose names begin with a prefix."""

    noun: ClassVar[str] = "blob"

    def __init__(self, inputs: InputServices, deliver: Deliver) -> None:
        super().__init__(inputs, deliver, InputSelection("", shows_hidden=True))
        self.container = ""
        self.prefix = ""

    @property
    def place(self) -> str:
        return self.container

    def read_on(self) -> bool:
        start = self._inputs.start_blob_listing
        if start is None or not self.container or not self._may_read_on or not self.selection.tree.unread_folders():
            return False
        self._begin(partial(start, self.container, self.prefix))
        return True

    def start_at(self, container: str, chosen: Iterable[FileChoice] = ()) -> None:
        """Another container, with what was chosen of it before."""
        self._forget()
        self.container = container
        self.selection = InputSelection("", self.selection.tree.filter, shows_hidden=True, chosen=chosen)
        self.selection.read_prefix = self.prefix

    def narrow(self, prefix: str) -> None:
        """Reads only what begins with `prefix`."""
        self.prefix = self.selection.read_prefix = prefix
        self.read_again()
