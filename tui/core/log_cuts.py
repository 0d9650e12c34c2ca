"""Where the bytes of a log may be cut: at line starts, and in a line too long for that never inside a character, a line
end or a terminal sequence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.core.log_tail import LogTail, is_whole_sequence

LONGEST_LINE = 8_192
"""A line without an end is broken here, so that nothing has to measure or paint megabytes."""
PART_BYTES = 64 << 10
"""A part is at least so long, but for the last one; it is the unit in which a window is shortened."""

_TAB = 8
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\n)")
_LONGEST_SEQUENCE = 64
_LOOK_BACK = 2 * _LONGEST_SEQUENCE
_LEADS = ((0xF0, 4), (0xE0, 3), (0xC0, 2))


class Broken(str):
    """Part of a line that goes on in the next part; a text like any other to whoever does not care."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LogPart:
    """Whole lines of a log, or pieces of a very long one."""

    start: int
    """Of its first byte, in the whole log."""
    content: bytes
    lines: tuple[str, ...]
    """As they are shown."""

    @property
    def stop(self) -> int:
        return self.start + len(self.content)


def safe_cut(content: bytes, at: int) -> int:
    """The last place up to `at` that cuts nothing in two."""
    cut = at
    for lead in range(cut - 1, max(-1, cut - 4), -1):
        length = next((length for first, length in _LEADS if content[lead] >= first), 1)
        if length > cut - lead:
            cut = lead
        if length > 1 or content[lead] < 0x80:
            break
    if content[cut - 1 : cut] == b"\r":
        cut -= 1
    escape = content.rfind(b"\x1b", max(0, cut - _LONGEST_SEQUENCE), cut)
    if escape >= 0 and not is_whole_sequence(content[escape:cut].decode("latin-1")):
        return escape
    return cut


def line_start(content: bytes, begin: int = 0) -> int | None:
    """Where the first line that begins after `begin` does, if that is within the longest line."""
    end = _LINE_END.search(content, begin, begin + LONGEST_LINE + 1)
    return end.end() if end is not None else None


def first_cut(content: bytes) -> int:
    """How much of the beginning of `content`, which was cut anywhere, is left to what comes before it."""
    start = line_start(content)
    return start if start is not None else safe_cut(content, min(_LOOK_BACK, len(content) // 2))


def last_cut(content: bytes) -> int:
    """Where `content`, which was cut anywhere, ends so that what comes after it begins well."""
    tail = max(0, len(content) - LONGEST_LINE)
    whole = len(content) - content.endswith(b"\r")
    ends = [end.end() for end in _LINE_END.finditer(content, tail, whole)]
    return ends[-1] if ends else safe_cut(content, len(content)) or len(content)


def broken(line: str) -> list[str]:
    """`line` as it is shown, in pieces no longer than the longest line; all but the last are `Broken`."""
    if len(line) <= LONGEST_LINE and "\t" not in line:
        return [line]
    return pieces(line.expandtabs(_TAB), LONGEST_LINE)


def pieces(line: str, length: int) -> list[str]:
    """`line` in pieces of so many characters; all but the last are `Broken`."""
    last = max(0, len(line) - 1) // length * length
    return [*(Broken(line[start : start + length]) for start in range(0, last, length)), line[last:]]


def shown_lines(content: bytes) -> tuple[str, ...]:
    """What is shown of bytes that begin and end well; the last line is `Broken` where they end within one."""
    lines = LogTail().feed(content, is_last=True).split("\n")
    if not lines[-1]:
        lines.pop()
    shown = [piece for line in lines for piece in broken(line)]
    if shown and is_within_line(content):
        shown[-1] = Broken(shown[-1])
    return tuple(shown)


def is_within_line(content: bytes) -> bool:
    """Whether what follows `content` goes on with its last line."""
    return not content.endswith((b"\n", b"\r"))


def parts_of(content: bytes, start: int) -> tuple[LogPart, ...]:
    """Bytes that begin and end well, in parts."""
    parts = []
    while content:
        cut = len(content)
        if cut > PART_BYTES + LONGEST_LINE:
            cut = PART_BYTES + first_cut(content[PART_BYTES : PART_BYTES + 2 * LONGEST_LINE])
        parts.append(LogPart(start, content[:cut], shown_lines(content[:cut])))
        content, start = content[cut:], start + cut
    return tuple(parts)
