"""A growing log reads the same however it is cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui.core.log_tail import LogTail
from tui.core.terminal_text import plain_log

PIECES = st.sampled_from(
    [
        b"word",
        "ß世🙂".encode(),
        b"\n",
        b"\r\n",
        b"\r",
        b"\x1b[31m",
        b"\x1b[0m",
        b"\x1b]0;t\x07",
        b"\t",
        b"\x07",
        b"\xff",
    ]
)


@given(st.lists(PIECES, max_size=20), st.lists(st.integers(0, 60), max_size=6))
def test_any_cut_gives_the_text_of_the_whole(pieces: list[bytes], cuts: list[int]) -> None:
    content = b"".join(pieces)
    bounds = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    tail = LogTail()
    parts = [tail.feed(content[start:stop]) for start, stop in pairwise(bounds)]
    text = "".join(parts) + tail.feed(b"", is_last=True)
    whole = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    assert text == plain_log(whole)


def test_no_more_is_held_back_than_may_still_change() -> None:
    tail = LogTail()
    assert tail.feed(b"10 %\r") == "10 %"
    assert tail.feed(b"20 %") == "\n20 %"
    assert tail.feed(b" done \x1b[1") == " done "
    assert tail.feed(b"mbold") == "bold"
    assert tail.feed(b"\x1b" + b"[" + b"9" * 100) == "9" * 100
