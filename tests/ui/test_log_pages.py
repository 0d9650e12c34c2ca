"""One log through a window: on at its end, back to its beginning, in search; and a log that is another by now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import pytest

from tui.core import log_search
from tui.core.errors import Unreachable
from tui.core.log_window import SEAM_BYTES, WINDOW_BYTES
from tui.ui import log_pages
from tui.ui.log_pages import FIRST_BYTES, PAGE_BYTES, Edits, LogPages, Sought
from tui.ui.services import LogChunk, LogSource

ResultT = TypeVar("ResultT")
SOURCE = LogSource("task", "topword-00000", "stdout")


def numbered(first: int, stop: int) -> bytes:
    """Lines of 64 bytes."""
    return b"".join(b"%09d %s\n" % (number, b"." * 53) for number in range(first, stop))


class FakeLog:
    """A log that can be anything by the next read; `between` happens while a read is under way."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.version = ""
        self.reads: list[tuple[int | None, int]] = []
        self.between: Callable[[], object] | None = None
        self.error: Unreachable | None = None

    def read(self, source: LogSource, offset: int | None, limit_bytes: int, *, unless_version: str = "") -> LogChunk:
        assert source == SOURCE
        if self.error is not None:
            raise self.error
        size = len(self.content)
        start = max(0, size - limit_bytes) if offset is None else offset
        start = start if start <= size else 0
        is_known = self.version and self.version == unless_version
        content = b"" if is_known else self.content[start : start + limit_bytes]
        self.reads.append((offset, len(content)))
        return LogChunk(content, start, size, "node", self.version)


class Reading:
    """A person who looks at a line, or at the end."""

    def __init__(self, content: bytes) -> None:
        self.log = FakeLog(content)
        self.looks_at: int | None = None
        self.pages = LogPages(self.log, SOURCE, self._run_blocking, lambda: self.looks_at)

    async def _run_blocking(self, function: Callable[[], ResultT]) -> ResultT:
        outcome = function()
        if self.log.between is not None:
            happen, self.log.between = self.log.between, None
            happen()
        return outcome

    def follow(self, *, is_last: bool = False) -> Edits:
        return asyncio.run(self.pages.follow(is_last=is_last, is_at_end=self.looks_at is None))

    def do(self, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        async def run() -> ResultT:
            return await call()

        return asyncio.run(run())

    def seek(self, needle: str, step: log_pages.Step = -1) -> Sought:
        return self.do(lambda: self.pages.seek(needle, step, lambda *_: None))

    @property
    def numbers(self) -> range:
        """Lines of the window, which are numbered without a gap."""
        lines = [int(line[:9]) for line in self.pages.window.lines if line]
        assert lines == list(range(lines[0], lines[0] + len(lines)))
        return range(lines[0], lines[0] + len(lines))


def shown_of(content: bytes) -> list[str]:
    reading = Reading(content)
    reading.follow()
    return reading.pages.window.lines


def test_at_first_the_end_is_read_and_then_what_is_new() -> None:
    reading = Reading(numbered(0, 5_000))
    reading.follow()
    assert reading.numbers == range(5_000 - FIRST_BYTES // 64 + 1, 5_000)
    reading.log.content += numbered(5_000, 5_001)
    reading.follow()
    assert reading.numbers.stop == 5_001
    assert reading.log.reads == [(None, FIRST_BYTES), (5_000 * 64 - SEAM_BYTES, SEAM_BYTES + 64)]


def test_where_nothing_changed_nothing_is_read() -> None:
    reading = Reading(numbered(0, 10))
    reading.log.version = "one"
    reading.follow()
    reading.follow()
    assert [read for _, read in reading.log.reads] == [640, 0]
    reading.log.content, reading.log.version = numbered(0, 2_000), "two"
    reading.follow()
    assert reading.pages.has_more, "that version is known, but not read"
    reading.follow()
    assert reading.numbers == range(2_000)


def test_the_part_before_is_put_before_to_the_very_beginning() -> None:
    reading = Reading(numbered(0, 5_300))
    reading.follow()
    reading.looks_at = 0
    before = reading.numbers.start
    (edit,) = reading.do(reading.pages.earlier)
    assert reading.numbers == range(before - len(edit.before), 5_300)
    assert PAGE_BYTES - 128 < 64 * len(edit.before) <= PAGE_BYTES
    assert reading.log.reads[-1] == (before * 64 - PAGE_BYTES, PAGE_BYTES + SEAM_BYTES)
    reading.do(reading.pages.earlier)
    assert (reading.numbers, reading.pages.before_bytes) == (range(5_300), 0)
    assert reading.do(reading.pages.earlier) == ()


def test_a_person_far_up_loses_the_end_and_comes_back_to_it() -> None:
    reading = Reading(numbered(0, 200_000))
    reading.follow()
    reading.looks_at = 0
    while reading.pages.is_following:
        reading.do(reading.pages.earlier)
    for _ in range(2):
        reading.do(reading.pages.earlier)
    window = reading.pages.window
    assert window.end - window.start <= WINDOW_BYTES
    assert reading.pages.after_bytes == 200_000 * 64 - window.end > 0
    kept = reading.numbers
    reading.log.content += numbered(200_000, 200_010)
    reading.follow()
    assert (reading.numbers, reading.log.reads[-1][1]) == (kept, 0), "only its length is asked"
    reading.looks_at = None
    reading.do(lambda: reading.pages.later(is_last=False))
    assert reading.numbers.stop == kept.stop + PAGE_BYTES // 64
    reading.do(lambda: reading.pages.to_end(is_last=False))
    assert (reading.numbers.stop, reading.pages.is_following, reading.pages.after_bytes) == (200_010, True, 0)


def test_reading_on_to_the_end_follows_it_again() -> None:
    reading = Reading(numbered(0, 9_000))
    reading.follow()
    reading.do(reading.pages.to_beginning)
    assert (reading.numbers, reading.pages.is_following) == (range(PAGE_BYTES // 64), False)
    for _ in range(2):
        reading.do(lambda: reading.pages.later(is_last=False))
    assert (reading.numbers, reading.pages.is_following) == (range(9_000), True)
    reading.log.content += numbered(9_000, 9_001)
    reading.follow()
    assert reading.numbers.stop == 9_001


def test_a_beginning_that_is_near_is_put_before_what_is_there() -> None:
    reading = Reading(numbered(0, 3_000))
    reading.follow()
    reading.do(reading.pages.to_beginning)
    assert (reading.numbers, reading.pages.is_following) == (range(3_000), True)


def test_of_a_log_that_ran_away_its_end_is_shown() -> None:
    reading = Reading(numbered(0, 10))
    reading.follow()
    reading.log.content += numbered(10, 50_000)
    reading.follow()
    reading.follow()
    assert reading.numbers == range(50_000 - FIRST_BYTES // 64 + 1, 50_000)


@pytest.mark.parametrize(
    "replaced",
    [numbered(7, 20), numbered(5_000, 12_000), b"", numbered(1, 5_001)],
    ids=["shorter", "longer", "empty", "as long"],
)
@pytest.mark.parametrize("what", ["follow", "earlier", "beginning", "seek"])
def test_a_log_that_began_anew_is_read_from_its_end_again(replaced: bytes, what: str) -> None:
    reading = Reading(numbered(0, 5_000))
    reading.follow()
    reading.log.content = replaced
    if what == "follow":
        reading.follow()
    elif what == "earlier":
        reading.do(reading.pages.earlier)
    elif what == "beginning":
        reading.do(reading.pages.to_beginning)
    else:
        assert reading.seek("000000001").line is None
    assert reading.pages.restarts == 1
    assert reading.pages.window.lines == shown_of(replaced)


def test_what_was_read_for_another_window_is_dropped() -> None:
    reading = Reading(numbered(0, 50_000))
    reading.follow()

    def move() -> None:
        reading.pages.window.begin(numbered(0, 10), 0)
        reading.pages._moves += 1

    for call in (reading.pages.earlier, reading.pages.to_beginning):
        reading.log.between = move
        assert reading.do(call) == ()
        assert reading.numbers == range(10)


def test_trouble_is_the_callers_to_tell_and_changes_nothing() -> None:
    reading = Reading(numbered(0, 5_000))
    reading.follow()
    before, reading.log.error = reading.numbers, Unreachable("away")
    for call in (reading.pages.earlier, reading.pages.to_beginning, lambda: reading.pages.seek("x", -1, print)):
        with pytest.raises(Unreachable):
            reading.do(call)
    reading.log.error = None
    reading.do(reading.pages.earlier)
    assert reading.numbers.start < before.start


# Search


def marked(count: int, marks: Iterable[int]) -> bytes:
    content = bytearray(numbered(0, count))
    for mark in marks:
        content[mark * 64 + 20 : mark * 64 + 26] = b"NEEDLE"
    return bytes(content)


def test_a_search_finds_the_nearest_before_and_brings_it_into_the_window() -> None:
    reading = Reading(marked(60_000, [100, 20_000, 20_001]))
    reading.follow()
    found = []
    for _ in range(2):
        sought = reading.seek("needle")
        assert sought.line is not None
        found.append(int(reading.pages.window.lines[sought.line][:9]))
    assert found == [20_001, 100]
    end = reading.seek("needle")
    assert (end.line, end.is_exhausted) == (None, True)


def test_it_goes_on_after_the_window_too() -> None:
    reading = Reading(marked(60_000, [30_000, 45_000]))
    reading.follow()
    reading.do(reading.pages.to_beginning)
    for expected in (30_000, 45_000):
        sought = reading.seek("Needle", 1)
        assert sought.line is not None
        assert int(reading.pages.window.lines[sought.line][:9]) == expected
    assert reading.seek("Needle", 1).is_exhausted


def test_what_is_found_just_before_the_window_extends_it() -> None:
    reading = Reading(marked(6_000, [4_000]))
    reading.follow()
    sought = reading.seek("needle")
    assert (sought.line, reading.numbers, reading.pages.is_following) == (4_000, range(6_000), True)


def test_one_search_is_bounded_and_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_pages, "SEARCH_LIMIT_BYTES", 1_000_000)
    reading = Reading(marked(60_000, [10]))
    reading.follow()
    before, told = reading.numbers, []
    sought = reading.do(lambda: reading.pages.seek("needle", -1, lambda done, whole: told.append((done, whole))))
    assert (sought.line, sought.is_exhausted, reading.numbers) == (None, False, before)
    assert told == [(0, before.start * 64)]
    assert (1 << 20) - 64 <= sought.searched_bytes <= 1 << 20
    while (sought := reading.seek("needle")).line is None:
        assert not sought.is_exhausted
    assert int(reading.pages.window.lines[sought.line][:9]) == 10
    reads = [offset for offset, length in reading.log.reads if length > PAGE_BYTES and offset is not None]
    assert reads == sorted(reads, reverse=True), "nothing is searched twice"
    assert len(reads) == 4


def test_a_needle_on_the_border_of_two_reads_is_found() -> None:
    reading = Reading(b"")
    border = 60_000 * 64 - FIRST_BYTES + 64 - (1 << 20)
    for shift in (-3, 0, 3):
        content = bytearray(numbered(0, 60_000))
        content[border + shift - 3 : border + shift + 3] = b"NEEDLE"
        reading = Reading(bytes(content))
        reading.follow()
        assert reading.seek("needle").line is not None


@pytest.mark.parametrize("step", [-1, 1])
@pytest.mark.parametrize("shift", [-5, -3, -1])
def test_in_a_line_of_megabytes_a_needle_on_any_border_is_found(step: log_pages.Step, shift: int) -> None:
    plain = Reading(b"x" * (4 << 20))
    plain.follow()
    if step > 0:
        plain.do(plain.pages.to_beginning)
    plain.seek("needle", step)
    reads = [(offset or 0, length) for offset, length in plain.log.reads if length > PAGE_BYTES + SEAM_BYTES]
    borders = [offset + (length - SEAM_BYTES if step < 0 else SEAM_BYTES) for offset, length in reads]
    assert len(borders) > 2
    for border in borders:
        content = bytearray(plain.log.content)
        content[border + shift : border + shift + 6] = b"NEEDLE"
        reading = Reading(bytes(content))
        reading.follow()
        if step > 0:
            reading.do(reading.pages.to_beginning)
        sought = reading.seek("needle", step)
        assert sought.line is not None
        assert log_search.begins_in(reading.pages.window.lines, sought.line, "needle")
