"""Logs of several tasks as one."""

from __future__ import annotations

from tui.core.merged_tail import MergedTail


def test_lines_are_whole_and_named_whatever_pieces_they_come_in() -> None:
    merged = MergedTail(["a", "long-name"])
    assert merged.feed("a", b"one\ntw") == "a         │ one\n"
    assert merged.feed("long-name", b"other\n") == "long-name │ other\n"
    assert merged.feed("a", b"o\n\x1b[31mred\x1b[0m") == "a         │ two\n"
    assert merged.feed("a", b"", is_last=True) == "a         │ red\n"
    assert merged.feed("long-name", b"\nlast\n", is_last=True) == "long-name │ \nlong-name │ last\n"
