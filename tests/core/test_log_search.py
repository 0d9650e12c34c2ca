"""A text is found in the lines of a log wherever these were broken, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core.log_cuts import LONGEST_LINE, PART_BYTES, Broken, LogPart, parts_of, pieces
from tui.core.log_search import begins_in, places, spans
from tui.core.log_window import LogWindow

LINES = st.lists(st.text("abAß", max_size=12), min_size=1, max_size=4)


def _starts(line: str, needle: str) -> list[int]:
    return [at for at in range(len(line)) if line.casefold().startswith(needle, at)]


@settings(max_examples=300)
@given(LINES, st.text("ab", min_size=1, max_size=6), st.integers(1, 5))
def test_a_needle_is_where_it_is_in_the_whole_line(lines: list[str], needle: str, length: int) -> None:
    lines = [line.replace("ß", "b") for line in lines]
    rows = [row for line in lines for row in pieces(line, length)]
    expected, marked, first = set[int](), set[tuple[int, int]](), 0
    for line in lines:
        for start in _starts(line, needle):
            expected.add(first + start // length)
            marked |= {(first + at // length, at % length) for at in range(start, start + len(needle))}
        first += len(pieces(line, length))
    assert places(rows, needle) == sorted(expected)
    shown = {
        (row, at) for row in range(len(rows)) for start, stop in spans(rows, row, needle) for at in range(start, stop)
    }
    assert shown <= marked
    assert {row for row, _ in shown} == {row for row, _ in marked}


@settings(max_examples=100)
@given(LINES, st.integers(1, 5))
def test_pieces_are_the_line_and_all_but_the_last_go_on(lines: list[str], length: int) -> None:
    for line in lines:
        found = pieces(line, length)
        assert "".join(found) == line
        assert [isinstance(piece, Broken) for piece in found] == [True] * (len(found) - 1) + [False]
        assert all(len(piece) == length for piece in found[:-1])


def test_a_row_whose_length_changes_with_its_case_is_marked_whole() -> None:
    rows = [Broken("Straße ne"), "edle"]
    assert spans(rows, 0, "needle") == [(0, 9)]
    assert spans(rows, 1, "needle") == [(0, 4)]


def test_nothing_is_nowhere() -> None:
    assert (places(["a", "b"], ""), spans(["a"], 0, "")) == ([], [])


def _whole(content: bytes, step: int) -> list[str]:
    """A window to which the content came piece by piece."""
    window = LogWindow()
    for start in range(0, len(content), step):
        window.append(content[start : start + step])
    return window.lines


def _of_parts(content: bytes) -> list[str]:
    parts: tuple[LogPart, ...] = parts_of(content, 0)
    return [line for part in parts for line in part.lines]


def _shown(content: bytes) -> list[str]:
    window = LogWindow()
    window.show(parts_of(content, 0))
    return window.lines


@pytest.mark.parametrize("laid_out", [partial(_whole, step=5_000), partial(_whole, step=1 << 20), _of_parts, _shown])
def test_it_is_found_across_every_forced_break_of_a_very_long_line(laid_out: Callable[[bytes], list[str]]) -> None:
    plain = b"x" * (2 * PART_BYTES + 5 * LONGEST_LINE)
    *breaks, end = accumulate(map(len, filter(None, laid_out(plain))))
    assert end == len(plain)
    assert len(breaks) >= len(plain) // LONGEST_LINE - 1
    for number, at in enumerate(breaks):
        content = plain[: at - 3] + b"NEEDLE" + plain[at + 3 :]
        assert places(laid_out(content), "needle") == [number], f"the break at {at}"


def test_a_line_that_ends_where_another_would_be_broken_does_not_go_on() -> None:
    content = (b"x" * (LONGEST_LINE - 3) + b"NEE\nDLE\n") * 20
    for lines in (_whole(content, 5_000), _whole(content, len(content)), _of_parts(content)):
        assert places(lines, "needle") == []
    assert begins_in(_whole(content, 5_000), 0, "nee")
