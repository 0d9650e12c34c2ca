"""What the inputs step reads: folders of this machine and a container; nothing of how it looks.

Both are read by threads of others; what they find arrives as one message a batch. Each has a selection of its own, so
that looking at the other loses nothing, and only the one that is looked at is read on.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.message import Message
from textual.timer import Timer

from tui.core.errors import AccessRefused
from tui.core.glob_filter import GlobFilter
from tui.core.input_listing import ListingBatch
from tui.core.workloads import Workload
from tui.ui import access_words
from tui.ui.input_services import InputServices
from tui.ui.screens.access import Refusal, regain_access
from tui.ui.screens.new_run.inputs_source import BlobSource, FileSource, InputSource
from tui.ui.screens.new_run.step import StepPane
from tui.ui.services import AppServices

_PACE_S = 1.0
"""Of the rest of the screen while files are still being found."""


class InputsReading(StepPane):
    """Keeps both sources and reads the one that is looked at; a subclass shows it."""

    @dataclass
    class Found(Message):
        """A reader has found something more."""

        source: InputSource
        number: int
        batch: ListingBatch

    def __init__(self, services: AppServices, inputs: InputServices, *, classes: str) -> None:
        super().__init__(id="inputs", classes=classes)
        self._services, self._inputs = services, inputs
        self._files = FileSource(inputs, self._post)
        self._blobs = BlobSource(inputs, self._post)
        self._workload: Workload | None = None
        """None until a draft has been shown: nothing is read before."""
        self._came_from = ""
        """The folder that was left upwards: the cursor goes there once it is shown."""
        self._telling: Timer | None = None

    @property
    def _is_blobs(self) -> bool:
        """Whether the container is looked at, not this machine."""
        raise NotImplementedError

    def _show(self) -> None:
        """Paints all that is known now."""
        raise NotImplementedError

    def _show_found(self) -> None:
        """Paints what may be otherwise after a batch of the source that is looked at."""
        raise NotImplementedError

    def _show_status(self) -> None:
        """Paints how far it is read, and how much is chosen."""
        raise NotImplementedError

    def action_read_again(self) -> None:
        """Reads what is looked at from its start."""
        raise NotImplementedError

    @property
    def _source(self) -> InputSource:
        return self._blobs if self._is_blobs else self._files

    def on_unmount(self) -> None:
        self._files.stop()
        self._blobs.stop()

    def _read_on(self) -> None:
        """Reads what nobody has read yet, while there is somebody to see it."""
        if not self.is_attached or not self.display or self._workload is None:
            return
        if self._source.read_on():
            self._show()

    def _post(self, source: InputSource, number: int, batch: ListingBatch) -> None:
        if self.is_attached:
            self.post_message(self.Found(source, number, batch))

    @on(Found)
    def _on_found(self, message: Found) -> None:
        message.stop()
        source = message.source
        if not source.take(message.number, message.batch):
            return
        if source is self._source:
            self._go_where_we_came_from()
            self._show_found()
        if isinstance(message.batch.error, AccessRefused) and source is self._source:
            self.run_worker(self._regain(message.batch.error), group="access", exclusive=True)
        if message.batch.is_over:
            source.read_s = self._services.clock.now_s()
            self._tell()
            self._read_on()
        elif self._telling is None:
            self._telling = self.set_timer(_PACE_S, self._tell)

    async def _regain(self, refused: AccessRefused) -> None:
        """Reads the container from its start once access is back."""
        if await regain_access(self.screen, self._services, Refusal(refused, access_words.NOTHING_CHANGED)):
            self.action_read_again()

    def _go_where_we_came_from(self) -> None:
        rows = self._files.selection.rows
        folder = self._files.selection.tree.folder_at(self._came_from) if self._came_from else None
        if folder is not None and (position := rows.position_of(folder)) is not None:
            self._came_from = ""
            rows.move_to(position)

    def _tell(self) -> None:
        """What is chosen may have changed: the screen takes it over."""
        if self._telling is not None:
            self._telling.stop()
        self._telling = None
        self._show_status()
        self.post_message(self.Changed(self))

    def _filter(self, asked: GlobFilter, *, shows_hidden: bool) -> None:
        """Both trees follow the filter; only files can be hidden."""
        for source in (self._files, self._blobs):
            tree = source.selection.tree
            hidden = source is self._blobs or shows_hidden
            if (asked, hidden) != (tree.filter, tree.shows_hidden):
                source.selection.let_through(asked, shows_hidden=hidden)
