"""The selected task: its output as it grows, or its facts.

Output is read by byte range, one read at a time, and only what is new; what comes back for a task that is no longer
selected is dropped. It follows the end until a person scrolls away from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from tui.core.errors import BatchTuiError, NotFound
from tui.core.log_tail import LogTail
from tui.core.units import duration_text, size_text
from tui.ui.services import Clock, LogChunk, LogReader, LogSource, RunBlocking
from tui.ui.text import safe, toned
from tui.ui.widgets.log_view import LogView

READ_LIMIT_BYTES = 64 * 1024
"""One read; also how much of the end is shown of a log that is longer at first sight."""
_SETTLE_S = 0.15
"""A cursor on its way passes many tasks: reading starts where it rests."""


class TaskPanel(Vertical):
    """Shows one log, or lines of facts; `poll` reads on."""

    DEFAULT_CSS = """
    TaskPanel {
        & > LogView { height: 1fr; }
        & > #search { display: none; height: 1; border: none; }
        &.-searching > #search { display: block; }
        & > #panel-words { height: auto; max-height: 100%; }
        & > .-hidden { display: none; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/", id="log.search", tooltip="Find a text in the log"),
        Binding("escape", "close_search", "Close search", show=False, id="log.close", tooltip="Back to the log"),
    ]

    def __init__(
        self, reader: LogReader, run_blocking: RunBlocking, clock: Clock, *, classes: str | None = None
    ) -> None:
        super().__init__(classes=classes)
        self._reader = reader
        self._run_blocking = run_blocking
        self._clock = clock
        self._source: LogSource | None = None
        self._reading: LogSource | None = None
        self._is_growing = True
        self._is_waiting = False
        self._is_whole = False
        self._has_more = False
        self._read_s: float | None = None
        self._offset: int | None = None
        self._begins_at = 0
        self._origin = ""
        self._tail = LogTail()
        self._settling: Timer | None = None
        self._log = LogView()
        self._search = Input(placeholder="text in the log; n and N go on", id="search", compact=True)
        self._words = Static("", id="panel-words")

    def compose(self) -> ComposeResult:
        yield self._words
        yield self._log
        yield self._search

    # Verbs

    def show_facts(self, title: str, lines: Sequence[Content]) -> None:
        """Facts in place of a log."""
        self._leave_log()
        self.border_title, self.border_subtitle = Content(safe(title)), ""
        self._say(Content("\n").join(list(lines)), is_alone=True)

    def show_log(self, source: LogSource, *, is_growing: bool, waiting: str = "", title: str = "") -> None:
        """The output of `source`, under its stream's name or `title`.

        `waiting` says why there is none yet, and then nothing is read.
        """
        if source != self._source:
            self._leave_log()
            self._source = source
            self._log.clear()
            self.border_title = Content(safe(title or f"{source.stream} · {source.id}"))
            self.border_subtitle = ""
            self._say(toned(waiting or "Reading…", "muted"), is_alone=True)
        if self._is_growing is not is_growing:
            self._is_growing, self._is_whole = is_growing, False
        if self._is_waiting and not waiting:
            self._say(toned("Reading…", "muted"), is_alone=True)
        self._is_waiting = bool(waiting)
        if not waiting and self._read_s is None and self._settling is None:
            self._settling = self.set_timer(_SETTLE_S, self.poll)

    def poll(self) -> None:
        """Reads on, unless a read is under way or there is nothing more to come."""
        source = self._source
        if source is None or self._is_waiting or self._is_whole or self._reading == source:
            return
        self._reading = source
        self.run_worker(self._read(source, self._is_growing), group="log", exit_on_error=False)

    def focus_log(self) -> None:
        """Its keys scroll, search and wrap from now on."""
        self._log.focus()

    def show_age(self) -> None:
        """How old what is shown is, for once a second."""
        if self._source is None or self._read_s is None:
            return
        size = size_text(self._offset or 0)
        if self._begins_at:
            size = f"{self._shown_words} of {size}"
        if self._is_whole:
            words = f"complete · {size} · from the {self._origin}"
        else:
            again = "end follows" if self._begins_at else "end follows again"
            follows = "follows" if self._log.is_vertical_scroll_end else again
            words = f"{follows} · {size} · {duration_text(self._clock.now_s() - self._read_s)} ago"
        self.border_subtitle = Content(safe(words))

    @property
    def _shown_words(self) -> str:
        """What of a log is read whose beginning is not."""
        return f"last {size_text((self._offset or 0) - self._begins_at)}"

    def action_search(self) -> None:
        if self._source is not None:
            self.add_class("-searching")
            self._search.focus()

    def action_close_search(self) -> None:
        """Back to the log, with nothing marked in it."""
        self.remove_class("-searching")
        self._search.value = ""
        self._log.focus()

    @on(Input.Changed, "#search")
    def _on_searched(self, message: Input.Changed) -> None:
        message.stop()
        places = self._log.search(message.value)
        where = f" in the {self._shown_words}" if self._begins_at else ""
        self.border_subtitle = f"{places:,} found{where}" if message.value else ""

    @on(Input.Submitted, "#search")
    def _on_search_ended(self, message: Input.Submitted) -> None:
        message.stop()
        self._log.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return action != "close_search" or self.has_class("-searching")

    # Reading

    def _leave_log(self) -> None:
        self._source = self._offset = self._read_s = None
        self._is_whole = self._has_more = False
        self._begins_at = 0
        self._tail = LogTail()
        if self._settling is not None:
            self._settling.stop()
            self._settling = None

    async def _read(self, source: LogSource, was_growing: bool) -> None:
        try:
            chunk = await self._run_blocking(partial(self._reader.read, source, self._offset, READ_LIMIT_BYTES))
        except NotFound:
            self._tell(source, "No output: there is no such file." if not was_growing else "No output yet.")
        except BatchTuiError as error:
            self._tell(source, f"{error} {error.hint}".strip())
        else:
            if source == self._source:
                self._append(chunk, was_growing)
        finally:
            if self._reading == source:
                self._reading = None
        if source == self._source and self._has_more:
            self.poll()

    def _append(self, chunk: LogChunk, was_growing: bool) -> None:
        if self._offset is None or chunk.offset < self._begins_at:
            self._begins_at = chunk.offset
        is_end = chunk.offset + len(chunk.content) >= chunk.size_bytes
        self._offset = chunk.offset + len(chunk.content)
        self._origin, self._read_s = chunk.origin, self._clock.now_s()
        self._has_more = not is_end and bool(chunk.content)
        self._is_whole = is_end and not was_growing
        text = self._tail.feed(chunk.content, is_last=self._is_whole)
        if text:
            self._log.write(text, scroll_end=self._log.is_vertical_scroll_end)
        if self._offset:
            self._say(Content(""), is_alone=False)
        else:
            self._say(toned("Empty." if self._is_whole else "Nothing written yet.", "muted"), is_alone=True)
        self.show_age()

    def _tell(self, source: LogSource, words: str) -> None:
        if source == self._source:
            self._read_s = self._clock.now_s()
            self._say(toned(safe(words), "muted"), is_alone=self._offset is None)

    def _say(self, words: Content, *, is_alone: bool) -> None:
        self._words.update(words)
        self._words.set_class(not words, "-hidden")
        self._log.set_class(is_alone, "-hidden")
