"""Reading one log through a window: on at its end, back to its beginning, and on in search of a text.

Invariant: the window holds bytes of one version of the log. What is read at its border must agree with what is there;
where it does not, or the log is shorter than it was, it began anew and is read from its end again. Reading, decoding
and searching happen in the calls given to `run_blocking`; an answer for a window that has moved since is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from tui.core import log_search
from tui.core.log_cuts import PART_BYTES, Broken, LogPart, first_cut, is_within_line, last_cut, parts_of, shown_lines
from tui.core.log_window import SEAM_BYTES, WINDOW_BYTES, LogEdit, LogWindow
from tui.ui.services import LogReader, LogSource, RunBlocking

FIRST_BYTES = 64 << 10
"""How much of the end is read of a log at first sight, and of what is new at a time."""
PAGE_BYTES = 256 << 10
"""How much more is read before or after what is there."""
SEARCH_BYTES = 1 << 20
"""One read of a search; fewer, larger ones take less time on a network."""
SEARCH_LIMIT_BYTES = 64 << 20
"""A search stops here, and goes on from there when asked again."""

Edits = tuple[LogEdit, ...]
Step = Literal[-1, 1]
"""Towards the beginning of the log, or its end."""


@dataclass(frozen=True, slots=True)
class Sought:
    """How a search in what is not in the window went."""

    edits: Edits = ()
    line: int | None = None
    """Of the window after the edits; None where nothing was found."""
    searched_bytes: int = 0
    is_exhausted: bool = False
    """Whether nothing is left to search in that direction."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Parts that follow each other; none where the log is no longer the one that was read."""

    parts: tuple[LogPart, ...]
    size_bytes: int
    origin: str


@dataclass(frozen=True, slots=True)
class _SearchPlace:
    """How far a search has come; it goes on from there while the window stays."""

    needle: str
    step: Step
    window: tuple[int, int]
    at: int
    seam: bytes
    searched_bytes: int = 0


class LogPages:
    """One log; methods raise what the reader does.

    `look_at` tells which line of the window is looked at, None where that is its end.
    """

    def __init__(
        self, reader: LogReader, source: LogSource, run_blocking: RunBlocking, look_at: Callable[[], int | None]
    ) -> None:
        self.window = LogWindow()
        self.size_bytes = 0
        """Of the whole log, as far as is known."""
        self.origin = ""
        self.has_begun = False
        self.is_following = True
        """Whether the window goes on with the log; not where its end is elsewhere."""
        self.restarts = 0
        """How often the log was found to have begun anew."""
        self._reader = reader
        self._source = source
        self._run_blocking = run_blocking
        self._look_at = look_at
        self._version = ""
        self._moves = 0
        self._place: _SearchPlace | None = None

    @property
    def before_bytes(self) -> int:
        """How much there is before the window."""
        return self.window.start

    @property
    def after_bytes(self) -> int:
        """How much there is after it that is not just about to be read."""
        return 0 if self.is_following else max(0, self.size_bytes - self.window.end)

    @property
    def has_more(self) -> bool:
        """Whether following has something to read at once."""
        return self.is_following and self.window.end < self.size_bytes

    # At the end

    async def follow(self, *, is_last: bool, is_at_end: bool) -> Edits:
        """What is new; `is_last` where the log no longer grows, `is_at_end` where its end is what is looked at."""
        if not self.has_begun:
            return await self.to_end(is_last=is_last)
        if not self.is_following:
            return await self._look()
        if is_at_end and self.size_bytes - self.window.end > WINDOW_BYTES // 2:
            return await self.to_end(is_last=is_last)
        return await self._read_after(FIRST_BYTES, is_last=is_last)

    async def to_end(self, *, is_last: bool) -> Edits:
        """The window anew on the log's end, to follow it."""
        moves = self._moves
        chunk = await self._run_blocking(partial(self._reader.read, self._source, None, FIRST_BYTES))
        if moves != self._moves:
            return ()
        self._move(is_following=True)
        self.has_begun = True
        edit = self.window.begin(chunk.content, chunk.offset)
        self._note(chunk.size_bytes, chunk.origin, chunk.version)
        if is_last and not self.has_more:
            return (edit, self.window.append(b"", is_last=True))
        return (edit,)

    async def later(self, *, is_last: bool) -> Edits:
        """What comes after the window; it follows the log again once it has reached its end."""
        return () if self.is_following else await self._read_after(PAGE_BYTES, is_last=is_last)

    async def _read_after(self, length: int, *, is_last: bool = False) -> Edits:
        window, moves, end, seam = self.window, self._moves, self.window.end, self.window.foot
        call = partial(self._reader.read, self._source, end - len(seam), len(seam) + length)
        chunk = await self._run_blocking(partial(call, unless_version=self._version))
        if moves != self._moves or end != window.end:
            return ()
        if self._version and chunk.version == self._version:
            return self._closed(is_last=is_last)
        if chunk.size_bytes < end or not chunk.content.startswith(seam):
            return await self._again()
        edit = window.append(chunk.content[len(seam) :])
        edits = (edit, *self._shorten(self._look_at()))
        self.is_following = self.is_following or window.end >= chunk.size_bytes
        self._note(chunk.size_bytes, chunk.origin, chunk.version)
        return (*edits, *self._closed(is_last=is_last))

    def _closed(self, *, is_last: bool) -> Edits:
        """What was held back in case more came."""
        is_closed = is_last and self.is_following and not self.has_more
        return (self.window.append(b"", is_last=True),) if is_closed else ()

    async def _look(self) -> Edits:
        """How long the log is by now, without reading it."""
        moves = self._moves
        chunk = await self._run_blocking(partial(self._reader.read, self._source, self.window.end, 0))
        if moves != self._moves:
            return ()
        if chunk.size_bytes < self.window.end:
            return await self._again()
        self._note(chunk.size_bytes, chunk.origin, "")
        return ()

    async def _again(self) -> Edits:
        self.restarts += 1
        return await self.to_end(is_last=False)

    # Before

    async def earlier(self) -> Edits:
        """What comes before the window; the end of it is dropped where that is too much, and far away."""
        return await self._read_before(PAGE_BYTES)

    async def to_beginning(self) -> Edits:
        """The log's beginning: put before the window where that is near, in place of it otherwise."""
        start = self.window.start
        if start <= PAGE_BYTES:
            return await self._read_before(start, around=0)
        moves = self._moves
        fetched = await self._run_blocking(partial(_fetch_after, self._reader, self._source, 0, b"", PAGE_BYTES))
        if moves != self._moves:
            return ()
        if not fetched.parts:
            return await self._again()
        return self._show(fetched)

    async def _read_before(self, length: int, around: int | None = None) -> Edits:
        window, moves, start, seam = self.window, self._moves, self.window.start, self.window.head
        if not start:
            return ()
        call = partial(_fetch_before, self._reader, self._source, start, seam, length)
        fetched = await self._run_blocking(call)
        if moves != self._moves or start != window.start:
            return ()
        if not fetched.parts or fetched.size_bytes < window.end:
            return await self._again()
        edit = window.prepend(fetched.parts)
        looked_at = self._look_at()
        if around is None and looked_at is not None:
            around = looked_at + len(edit.before)
        return (edit, *self._shorten(around))

    # Search

    async def seek(self, needle: str, step: Step, report: Callable[[int, int], object]) -> Sought:
        """The nearest line with `needle`, whatever the case, on that side of the window, brought into it.

        `report` is told how many bytes were searched and how many there are; at most SEARCH_LIMIT_BYTES are searched,
        and the same question goes on from there.
        """
        place, begun = self._search_place(needle.casefold(), step), 0
        moves = self._moves
        while (left := place.at if step < 0 else self.size_bytes - place.at) > 0:
            if begun >= SEARCH_LIMIT_BYTES:
                return Sought(searched_bytes=place.searched_bytes)
            report(place.searched_bytes, place.searched_bytes + left)
            fetched, found = await self._run_blocking(partial(_search, self._reader, self._source, place))
            if moves != self._moves:
                return Sought()
            if not fetched.parts:
                return Sought(await self._again())
            if found is not None:
                edits = self._bring(fetched, place, found)
                return Sought(edits, found - sum(edit.dropped_first for edit in edits))
            place, read = _further(place, fetched.parts)
            begun += read
            self._place = place
        return Sought(searched_bytes=place.searched_bytes, is_exhausted=True)

    def _search_place(self, needle: str, step: Step) -> _SearchPlace:
        bounds = (self.window.start, self.window.end)
        place = self._place
        if place is not None and (place.needle, place.step, place.window[step > 0]) == (needle, step, bounds[step > 0]):
            return place
        if step < 0:
            return _SearchPlace(needle, step, bounds, bounds[0], self.window.head)
        return _SearchPlace(needle, step, bounds, bounds[1], self.window.foot)

    def _bring(self, fetched: _Fetched, place: _SearchPlace, found: int) -> Edits:
        """The parts become the first of the window."""
        if place.step < 0 and fetched.parts[-1].stop == self.window.start:
            return (self.window.prepend(fetched.parts), *self._shorten(found))
        return self._show(fetched)

    # The window

    def _show(self, fetched: _Fetched) -> Edits:
        self._move(is_following=False)
        edit = self.window.show(fetched.parts)
        self.is_following = self.window.end >= fetched.size_bytes
        self._note(fetched.size_bytes, fetched.origin, "")
        return (edit,)

    def _shorten(self, around: int | None) -> Edits:
        last = len(self.window.lines) - 1
        edit = self.window.shorten(last if around is None else min(around, last))
        if edit.dropped_last:
            self.is_following, self._version = False, ""
        return (edit,) if edit.dropped_first or edit.dropped_last else ()

    def _move(self, *, is_following: bool) -> None:
        self._moves += 1
        self.is_following = is_following
        self._version, self._place = "", None

    def _note(self, size_bytes: int, origin: str, version: str) -> None:
        self.size_bytes, self.origin = size_bytes, origin
        self._version = version if self.window.end >= size_bytes else ""


def _fetch_before(reader: LogReader, source: LogSource, stop: int, seam: bytes, length: int) -> _Fetched:
    """Up to `length` bytes that end at `stop`, where `seam` follows."""
    start = max(0, stop - length)
    chunk = reader.read(source, start, stop - start + len(seam))
    content = chunk.content[: stop - start]
    if chunk.offset != start or len(content) < stop - start or chunk.content[stop - start :] != seam:
        return _Fetched((), chunk.size_bytes, chunk.origin)
    cut = first_cut(content) if start else 0
    return _Fetched(parts_of(content[cut:], start + cut), chunk.size_bytes, chunk.origin)


def _fetch_after(reader: LogReader, source: LogSource, start: int, seam: bytes, length: int) -> _Fetched:
    """Up to `length` bytes from `start` on, which `seam` comes before."""
    chunk = reader.read(source, start - len(seam), len(seam) + length)
    if chunk.offset != start - len(seam) or not chunk.content.startswith(seam):
        return _Fetched((), chunk.size_bytes, chunk.origin)
    content = chunk.content[len(seam) :]
    if start + len(content) < chunk.size_bytes:
        content = content[: last_cut(content)]
    return _Fetched(parts_of(content, start), chunk.size_bytes, chunk.origin)


def _search(reader: LogReader, source: LogSource, place: _SearchPlace) -> tuple[_Fetched, int | None]:
    """The next piece of a search, and which of its lines is the nearest in which what is sought begins.

    Where that lies across the border of the piece, the piece is longer by what is beyond; in a line that was broken
    there it is found as far as the seam reaches.
    """
    fetch = _fetch_before if place.step < 0 else _fetch_after
    fetched = fetch(reader, source, place.at, place.seam, SEARCH_BYTES)
    lines, needle, edge = _lines(fetched), place.needle, len(place.needle) - 1
    if place.step < 0:
        head = [line[:edge] for line in shown_lines(place.seam)[:1]]
        if lines and log_search.begins_in([lines[-1], *head], 0, needle):
            is_beside = place.at == place.window[0] or needle in lines[-1].casefold()
            return fetched if is_beside else _with_after(reader, source, fetched), len(lines) - 1
        return fetched, next(reversed(log_search.places(lines, needle)), None)
    foot = shown_lines(place.seam)[-1:] if edge and is_within_line(place.seam) else ()
    if foot and lines and log_search.begins_in([Broken(foot[0][-edge:]), *lines], 0, needle):
        before = _fetch_before(reader, source, place.at, fetched.parts[0].content[:SEAM_BYTES], PART_BYTES)
        parts = before.parts and before.parts + fetched.parts
        return replace(fetched, parts=parts), len(_lines(before)) - 1
    return fetched, next(iter(log_search.places(lines, needle)), None)


def _with_after(reader: LogReader, source: LogSource, fetched: _Fetched) -> _Fetched:
    last = fetched.parts[-1]
    after = _fetch_after(reader, source, last.stop, last.content[-SEAM_BYTES:], PART_BYTES)
    return replace(fetched, parts=after.parts and fetched.parts + after.parts)


def _lines(fetched: _Fetched) -> list[str]:
    return [line for part in fetched.parts for line in part.lines]


def _further(place: _SearchPlace, parts: tuple[LogPart, ...]) -> tuple[_SearchPlace, int]:
    """Where a search goes on after `parts`, and how long they were."""
    first, last = parts[0], parts[-1]
    at, seam = (first.start, first.content[:SEAM_BYTES]) if place.step < 0 else (last.stop, last.content[-SEAM_BYTES:])
    searched = last.stop - first.start
    return replace(place, at=at, seam=seam, searched_bytes=place.searched_bytes + searched), searched
