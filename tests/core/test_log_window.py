"""A window on a log shows what the log's bytes say, wherever reads cut them, and is never larger than it may be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core.log_cuts import LONGEST_LINE, PART_BYTES, LogPart, first_cut, last_cut, parts_of, safe_cut, shown_lines
from tui.core.log_window import LogEdit, LogWindow

WORDS = st.sampled_from([b"word ", "ß世🙂".encode(), b"\x1b[31m", b"\x1b[0m", b"\t", b"\x07", b"\xff", b"\x00"])
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"])
LINES = st.lists(st.tuples(st.lists(WORDS, max_size=4).map(b"".join), ENDS).map(b"".join), min_size=15, max_size=30)
SEQUENCES = "déjà \x1b[31mred\x1b[0m\r\n世界 \x1b]0;title\x07 end".encode()


def shown(content: bytes) -> list[str]:
    """Of a whole log, with the unfinished line."""
    window = LogWindow()
    window.begin(content, 0)
    return window.lines


def followed(lines: list[str], edit: LogEdit) -> list[str]:
    """What a view that only hears of edits has."""
    lines = [*edit.before, *([] if edit.is_anew else lines)]
    if edit.after:
        lines = [*lines[:-1], *edit.after] if not edit.is_anew else list(edit.after)
    lines = lines[edit.dropped_first :]
    return [*lines[: -edit.dropped_last], ""] if edit.dropped_last else lines


@settings(max_examples=30)
@given(LINES, st.lists(st.integers(200, 600), min_size=1, max_size=5))
def test_read_backwards_in_any_pieces_it_shows_the_same_lines(lines: list[bytes], lengths: list[int]) -> None:
    content = b"".join(lines)
    window, at = LogWindow(), max(0, len(content) - lengths[0])
    window.begin(content[at:], at)
    for turn in range(100):
        if not window.start:
            break
        at = max(0, window.start - lengths[turn % len(lengths)])
        piece = content[at : window.start]
        cut = first_cut(piece) if at else 0
        window.prepend(parts_of(piece[cut:], at + cut))
    assert (window.start, window.end) == (0, len(content))
    assert window.lines == shown(content)


@settings(max_examples=30)
@given(LINES, st.lists(st.integers(1, 2_000), max_size=6))
def test_appended_in_any_pieces_it_shows_the_same_lines(lines: list[bytes], cuts: list[int]) -> None:
    content = b"".join(lines)
    bounds = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    window, view = LogWindow(), [""]
    for start, stop in pairwise(bounds):
        view = followed(view, window.append(content[start:stop]))
    view = followed(view, window.append(b"", is_last=True))
    assert view == window.lines == [*shown_lines(content), ""]


@pytest.mark.parametrize("at", range(1, len(SEQUENCES)))
def test_a_cut_in_a_line_without_end_is_between_characters_and_sequences(at: int) -> None:
    cut = safe_cut(SEQUENCES, at)
    assert at - 12 < cut <= at
    halves = "\n".join(shown_lines(SEQUENCES[:cut])) + "|" + "\n".join(shown_lines(SEQUENCES[cut:]))
    assert halves.replace("|", "") in ("déjà red\n世界  end", "déjà red世界  end")
    assert "\ufffd" not in halves
    assert "31" not in halves


def test_a_line_end_is_not_cut_in_two() -> None:
    assert safe_cut(b"ab\r\ncd", 3) == 2


def test_what_is_held_back_where_a_part_ends_is_not_lost() -> None:
    content = b"word\n" * (PART_BYTES // 5) + b"a\x1b[1\n" + b"word\n" * 20
    assert shown(content) == [*shown_lines(content), ""]


def test_the_last_cut_is_a_line_end_that_is_over() -> None:
    assert last_cut(b"one\ntwo\nthr") == 8
    assert last_cut(b"one\ntwo\r") == 4, "a line feed may follow"
    assert last_cut(b"one\ntwo\n") == 8
    assert last_cut(b"x" * (2 * LONGEST_LINE) + "ß".encode()[:1]) == 2 * LONGEST_LINE


@pytest.mark.parametrize("filler", [b"x", "世".encode(), b"\x00\xff", b"\x1b[0m"])
def test_a_line_of_megabytes_is_broken_and_nothing_of_it_is_lost(filler: bytes) -> None:
    content = filler * (220_000 // len(filler))
    window = LogWindow()
    at = len(content) - 60_001
    window.begin(content[at:], at)
    while window.start:
        at = max(0, window.start - 60_001)
        cut = first_cut(content[at : window.start]) if at else 0
        window.prepend(parts_of(content[at + cut : window.start], at + cut))
    assert "".join(window.lines) == "".join(shown(content))
    assert max(map(len, window.lines)) <= LONGEST_LINE
    assert all(len(part.content) <= PART_BYTES + 2 * LONGEST_LINE for part in parts_of(content, 0))


def test_followed_for_long_it_drops_its_beginning_at_a_line() -> None:
    window, view, fed = LogWindow(limit_bytes=2 * PART_BYTES), [""], 0
    for number in range(12):
        piece = b"".join(b"%08d\n" % (number * 2_000 + line) for line in range(2_000))
        fed += len(piece)
        view = followed(view, window.append(piece))
        view = followed(view, window.shorten(len(window.lines) - 1))
        assert window.end - window.start <= 2 * PART_BYTES + 2 * len(piece)
    assert view == window.lines
    assert (window.end, view[-2:]) == (fed, ["00023999", ""])
    assert window.start == int(view[0]) * 9, "the first line is whole"


def test_read_backwards_for_long_it_drops_its_end_and_goes_on_there() -> None:
    content = b"".join(b"%08d\n" % line for line in range(50_000))
    window, view = LogWindow(limit_bytes=2 * PART_BYTES), [""]
    view = followed(view, window.begin(content[-PART_BYTES:], len(content) - PART_BYTES))
    while window.start:
        at = max(0, window.start - PART_BYTES)
        cut = first_cut(content[at : window.start]) if at else 0
        view = followed(view, window.prepend(parts_of(content[at + cut : window.start], at + cut)))
        view = followed(view, window.shorten(0))
    assert view == window.lines
    assert view[:2] == ["00000000", "00000001"]
    assert 0 < window.end <= 2 * PART_BYTES
    assert content[: window.end].endswith(window.foot)
    view = followed(view, window.append(content[window.end : window.end + 900]))
    assert view[-101:] == [f"{int(view[0]) + number:08}" for number in range(len(view) - 101, len(view) - 1)] + [""]


def test_the_part_that_is_looked_at_is_never_dropped() -> None:
    window = LogWindow(limit_bytes=PART_BYTES)
    content = b"a line of words\n" * 20_000
    window.show(parts_of(content, 0))
    around = 10_000
    edit = window.shorten(around)
    assert 0 < edit.dropped_first <= around
    assert len(window.lines) > around - edit.dropped_first
    assert window.end - window.start < 2 * PART_BYTES + 2 * LONGEST_LINE


def test_of_what_is_too_much_in_one_part_nothing_is_dropped() -> None:
    window = LogWindow(limit_bytes=PART_BYTES)
    lines = [b"\n" * PART_BYTES, b"y" * PART_BYTES + b"\n"]
    window.show(parts_of(b"".join(lines), 0))
    assert window.shorten(PART_BYTES - 10) == LogEdit()
    assert len(window.lines) > PART_BYTES


def test_short_lines_count_too() -> None:
    window = LogWindow(limit_lines=20_000)
    window.show(parts_of(b"\n" * (2 * PART_BYTES), 0))
    window.shorten(0)
    assert len(window.lines) <= PART_BYTES + LONGEST_LINE


def test_parts_follow_each_other() -> None:
    parts: tuple[LogPart, ...] = parts_of(b"some words\r\n" * 15_000, 7)
    assert parts[0].start == 7
    assert all(one.stop == other.start for one, other in pairwise(parts))
    assert {line for part in parts for line in part.lines} == {"some words"}
