"""The selected task: its output as it grows, or its facts.

Output is read by byte range, only what is new and what a person scrolls or searches to; what comes back for a task
that is no longer selected is dropped. It follows the end until a person scrolls away from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from tui.core.errors import BatchTuiError, NotFound
from tui.core.units import duration_text, size_text
from tui.ui import log_words
from tui.ui.log_pages import Edits, LogPages, Step
from tui.ui.services import Clock, LogReader, LogSource, RunBlocking
from tui.ui.text import safe, toned
from tui.ui.widgets.log_view import LogView, Wanted

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
        self._pages: LogPages | None = None
        self._polled: LogPages | None = None
        self._doing: Wanted | Literal["search", ""] = ""
        self._trouble = ""
        self._search_words = ""
        self._is_growing = True
        self._is_waiting = False
        self._is_whole = False
        self._restarts = 0
        self._read_s: float | None = None
        self._settling: Timer | None = None
        self._log = LogView()
        self._search = Input(placeholder="text in the log; n and N go on", id="search", compact=True)
        self._words = Static("", id="panel-words")

    def compose(self) -> ComposeResult:
        yield self._words
        yield self._log

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
            self._pages = LogPages(self._reader, source, self._run_blocking, lambda: self._log.line_looked_at)
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
        pages = self._pages
        if pages is None or self._is_waiting or self._is_whole or self._polled is pages:
            return
        self._polled = pages
        self.run_worker(self._poll(pages, self._is_growing), group="log", exit_on_error=False)

    def focus_log(self) -> None:
        """Its keys scroll, search and wrap from now on."""
        self._log.focus()

    def show_age(self) -> None:
        """How old what is shown is, for once a second; or how a search goes."""
        pages = self._pages
        if pages is None or self._read_s is None:
            return
        size = size_text(pages.size_bytes)
        if shown := log_words.shown_words(pages):
            size = f"{shown} of {size}"
        if self._search_words:
            words = self._search_words
        elif self._is_whole:
            words = f"complete · {size} · from the {pages.origin}"
        else:
            again = "end follows" if shown else "end follows again"
            follows = "follows" if pages.is_following and self._log.is_vertical_scroll_end else again
            words = f"{follows} · {size} · {duration_text(self._clock.now_s() - self._read_s)} ago"
        self.border_subtitle = Content(safe(words))

    def action_search(self) -> None:
        if self._source is not None:
            if not self._search.is_attached:
                self.mount(self._search)  # most logs are never searched
            self.add_class("-searching")
            self._search.focus()

    def action_close_search(self) -> None:
        """Stops a search under way; else back to the log, with nothing marked in it."""
        if self._doing == "search":
            self.workers.cancel_group(self, "page")
            return
        self.remove_class("-searching")
        self._search.value = ""
        self._log.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return action != "close_search" or self.has_class("-searching") or self._doing == "search"

    @on(Input.Changed, "#search")
    def _on_searched(self, message: Input.Changed) -> None:
        message.stop()
        if self._doing == "search":
            self.workers.cancel_group(self, "page")
        places = self._log.search(message.value)
        pages = self._pages
        self._say_of_search(log_words.found_words(places, pages) if message.value and pages is not None else "")

    @on(Input.Submitted, "#search")
    def _on_search_ended(self, message: Input.Submitted) -> None:
        message.stop()
        self._log.focus()
        pages = self._pages
        if pages is not None and message.value and not self._log.places:
            self._seek(pages, -1 if pages.before_bytes else 1)

    @on(LogView.NoneFurther)
    def _on_none_further(self, message: LogView.NoneFurther) -> None:
        message.stop()
        if self._pages is not None:
            self._seek(self._pages, message.step)

    @on(LogView.Reached)
    def _on_reached(self, message: LogView.Reached) -> None:
        message.stop()
        pages, wanted = self._pages, message.wanted
        if pages is None or self._doing in (wanted, "search"):
            return
        self._begin(wanted)
        self.run_worker(self._turn(pages, wanted), group="page", exclusive=True, exit_on_error=False)

    # Reading

    def _leave_log(self) -> None:
        self.workers.cancel_group(self, "page")
        self._source = self._pages = self._read_s = None
        self._is_whole, self._restarts = False, 0
        self._doing = self._trouble = self._search_words = ""
        if self._settling is not None:
            self._settling.stop()
            self._settling = None

    async def _poll(self, pages: LogPages, was_growing: bool) -> None:
        is_at_end, end = self._log.is_vertical_scroll_end, pages.window.end
        try:
            edits = await pages.follow(is_last=not was_growing, is_at_end=is_at_end)
        except NotFound:
            self._tell(pages, "No output: there is no such file." if not was_growing else "No output yet.")
        except BatchTuiError as error:
            self._tell(pages, f"{error} {error.hint}".strip())
        else:
            self._take(pages, edits, follow=pages.is_following and self._log.is_vertical_scroll_end)
            if pages is self._pages:
                self._is_whole = not was_growing and not pages.has_more
                self._read_s = self._clock.now_s()
                self._show_whether_empty(pages)
                self.show_age()
        finally:
            if self._polled is pages:
                self._polled = None
        if pages is self._pages and pages.has_more and pages.window.end != end:
            self.poll()

    async def _turn(self, pages: LogPages, wanted: Wanted) -> None:
        """Reads where a person went to."""
        trouble, is_last = "", not self._is_growing
        try:
            if wanted == "earlier":
                edits = await pages.earlier()
            elif wanted == "later":
                edits = await pages.later(is_last=is_last)
            elif wanted == "beginning":
                edits = await pages.to_beginning()
            else:
                edits = await pages.to_end(is_last=is_last)
            self._take(pages, edits, follow=wanted == "end")
            if wanted == "beginning" and pages is self._pages:
                self._log.go_to_line(0)
            self._tell_found(pages)
        except BatchTuiError as error:
            trouble = f"not read: {error}"
        finally:
            self._end(pages, wanted, trouble)

    def _seek(self, pages: LogPages, step: Step) -> None:
        self._begin("search")
        self.run_worker(
            self._sought(pages, self._search.value, step), group="page", exclusive=True, exit_on_error=False
        )

    async def _sought(self, pages: LogPages, needle: str, step: Step) -> None:
        """Searches beyond what is read."""
        words = log_words.stopped_words(step)
        try:
            sought = await pages.seek(
                needle, step, lambda done, whole: self._say_of_search(log_words.searching_words(done, whole, step))
            )
            self._take(pages, sought.edits, follow=False)
            words = log_words.sought_words(sought, step)
            if sought.line is not None and pages is self._pages:
                self._log.find_in_line(sought.line, step)
                words = log_words.found_words(len(self._log.places), pages)
        except BatchTuiError as error:
            words = f"not searched: {error}"
        finally:
            if self._end(pages, "search") and self._search.value == needle:
                self._say_of_search(words)

    def _tell_found(self, pages: LogPages) -> None:
        """How many places there are now that something else is read; only what is being searched is told of."""
        if self._search_words and pages is self._pages:
            self._search_words = log_words.found_words(len(self._log.places), pages)

    def _begin(self, doing: Wanted | Literal["search"]) -> None:
        self._doing, self._trouble = doing, ""
        self._show_edges()

    def _end(self, pages: LogPages, done: Wanted | Literal["search"], trouble: str = "") -> bool:
        """Whether it was what is being done still."""
        is_current = pages is self._pages and self._doing == done
        if is_current:
            self._doing, self._trouble = "", trouble
            self._show_edges()
            self.show_age()
        return is_current

    def _take(self, pages: LogPages, edits: Edits, *, follow: bool) -> None:
        if pages is not self._pages:
            return
        if pages.restarts > self._restarts:
            self.notify("The log began anew: it is read from its end again.", timeout=4)
        self._restarts = pages.restarts
        if edits:
            self._log.apply(edits, follow=follow)
        self._show_edges()

    # What is shown

    def _show_edges(self) -> None:
        pages, doing = self._pages, self._doing
        if pages is not None:
            self._log.show_edges(
                log_words.above_words(pages, is_reading=doing in ("earlier", "beginning"), trouble=self._trouble),
                log_words.below_words(pages, is_reading=doing in ("later", "end"), trouble=self._trouble),
            )

    def _show_whether_empty(self, pages: LogPages) -> None:
        if pages.window.end:
            self._say(Content(""), is_alone=False)
        else:
            self._say(toned("Empty." if self._is_whole else "Nothing written yet.", "muted"), is_alone=True)

    def _say_of_search(self, words: str) -> None:
        self._search_words = words
        self.show_age()

    def _tell(self, pages: LogPages, words: str) -> None:
        if pages is self._pages:
            self._read_s = self._clock.now_s()
            self._say(toned(safe(words), "muted"), is_alone=not pages.has_begun)

    def _say(self, words: Content, *, is_alone: bool) -> None:
        self._words.update(words)
        self._words.set_class(not words, "-hidden")
        self._log.set_class(is_alone, "-hidden")
