"""A window on a log: a contiguous range of its bytes as lines, moved by putting parts before it or after it.

Invariant: `lines` is the harmless text of the bytes from `start` to `end`, less what may still change at the end; the
last line is the unfinished one, empty where the bytes end with a line end. `shorten` keeps memory bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tui.core.log_cuts import (
    LONGEST_LINE,
    PART_BYTES,
    Broken,
    LogPart,
    broken,
    first_cut,
    is_within_line,
    line_start,
    safe_cut,
)
from tui.core.log_tail import LogTail

WINDOW_BYTES = 2 << 20
WINDOW_LINES = 50_000
"""Whichever comes first: lines cost memory, too, however short."""
SEAM_BYTES = 256
"""So much at the border is read again with what is beyond it: a log that was replaced does not agree."""
_LOOK_BACK = 64


@dataclass(frozen=True, slots=True)
class LogEdit:
    """What became of the lines, one after the other in the order of the fields."""

    is_anew: bool = False
    """Nothing of what was there is there any more."""
    before: Sequence[str] = ()
    """Put before the first line."""
    after: Sequence[str] = ()
    """In the place of the last line, which was unfinished."""
    dropped_first: int = 0
    dropped_last: int = 0
    """An empty unfinished line takes their place."""


@dataclass(slots=True)
class _Held:
    """Bytes of the window and how many of its lines begin in them."""

    content: bytearray = field(default_factory=bytearray)
    lines: int = 1


class LogWindow:
    """Lines of one log; knows nothing of where they are read."""

    def __init__(self, limit_bytes: int = WINDOW_BYTES, limit_lines: int = WINDOW_LINES) -> None:
        self._limit_bytes = limit_bytes
        self._limit_lines = limit_lines
        self._empty(0)

    def _empty(self, offset: int) -> None:
        self.start = self.end = offset
        self.lines = [""]
        self._parts = [_Held()]
        self._tail = LogTail()

    @property
    def head(self) -> bytes:
        """What is read again with what comes before."""
        return bytes(self._parts[0].content[:SEAM_BYTES])

    @property
    def foot(self) -> bytes:
        """What is read again with what comes after."""
        return bytes(b"".join(part.content[-SEAM_BYTES:] for part in self._parts[-2:])[-SEAM_BYTES:])

    def begin(self, content: bytes, offset: int) -> LogEdit:
        """Anew with bytes that were cut anywhere at their beginning, unless that is the log's."""
        cut = first_cut(content) if offset else 0
        self._empty(offset + cut)
        self.append(content[cut:])
        return LogEdit(is_anew=True, after=tuple(self.lines))

    def show(self, parts: Sequence[LogPart]) -> LogEdit:
        """Anew with `parts`, which follow each other."""
        *others, last = parts
        self._empty(last.start)
        self.append(last.content)
        if others:
            self.prepend(others)
        return LogEdit(is_anew=True, after=tuple(self.lines))

    def prepend(self, parts: Sequence[LogPart]) -> LogEdit:
        """`parts` follow each other and end where the window begins."""
        lines = [line for part in parts for line in part.lines]
        self.lines[:0] = lines
        self._parts[:0] = [_Held(bytearray(part.content), len(part.lines)) for part in parts]
        self.start = parts[0].start
        return LogEdit(before=lines)

    def append(self, content: bytes, *, is_last: bool = False) -> LogEdit:
        """`content` follows what is there; `is_last` where no more will come."""
        unchanged = len(self.lines) - 1
        while (cut := self._cut(content)) is not None:
            self._feed(content[:cut], is_last=True)
            if self.lines[-1]:
                if is_within_line(bytes(self._parts[-1].content[-1:])):
                    self.lines[-1] = Broken(self.lines[-1])
                self.lines.append("")
            else:
                self._parts[-1].lines -= 1
            self._parts.append(_Held())
            self._tail = LogTail()
            content = content[cut:]
        self._feed(content, is_last=is_last)
        return LogEdit(after=self.lines[unchanged:])

    def shorten(self, around: int) -> LogEdit:
        """Drops what is too much, at whichever end is farther from line `around`, and never that line's part."""
        first, last = 0, len(self._parts)
        above, below = around, len(self.lines) - around
        while last - first > 1 and self._is_too_much(first, last):
            if above >= below:
                above -= self._parts[first].lines
                if above < 0:
                    break
                first += 1
            else:
                below -= self._parts[last - 1].lines
                if below <= 0:
                    break
                last -= 1
        dropped_first, dropped_last = self._parts[:first], self._parts[last:]
        del self._parts[last:], self._parts[:first]
        lines_first, lines_last = (sum(part.lines for part in dropped) for dropped in (dropped_first, dropped_last))
        self.start += sum(len(part.content) for part in dropped_first)
        del self.lines[:lines_first]
        if dropped_last:
            self.end -= sum(len(part.content) for part in dropped_last)
            self.lines[len(self.lines) - lines_last :] = [""]
            self._parts.append(_Held())
            self._tail = LogTail()
        return LogEdit(dropped_first=lines_first, dropped_last=lines_last)

    def _is_too_much(self, first: int, last: int) -> bool:
        parts = self._parts[first:last]
        return (
            sum(len(part.content) for part in parts) > self._limit_bytes
            or sum(part.lines for part in parts) > self._limit_lines
        )

    def _cut(self, content: bytes) -> int | None:
        """Where in `content` the last part is long enough, if it is."""
        held = self._parts[-1].content
        full = max(0, PART_BYTES - len(held))
        if full >= len(content):
            return None
        start = line_start(content, full)
        if start is not None and start < len(content):
            return start
        if len(held) + len(content) <= PART_BYTES + LONGEST_LINE:
            return None
        before = bytes(held[-_LOOK_BACK:])
        cut = safe_cut(before + content, len(before) + len(content)) - len(before)
        return cut if cut > 0 else None

    def _feed(self, content: bytes, *, is_last: bool) -> None:
        part, count = self._parts[-1], len(self.lines)
        part.content += content
        self.end += len(content)
        added = self._tail.feed(content, is_last=is_last).split("\n")
        added[0] = self.lines.pop() + added[0]
        self.lines += [piece for line in added for piece in broken(line)]
        part.lines += len(self.lines) - count
