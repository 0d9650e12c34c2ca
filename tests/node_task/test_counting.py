"""Counting: whatever the size of the pieces, the words are those of the whole text."""

from __future__ import annotations

import io
import string
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_task.top_words import CHUNK_BYTES, Utf8Text, count_words, tokens

# Few letters, so that words repeat; every kind of white space and punctuation, characters of one to four bytes.
DENSE_TEXT = st.text(alphabet="aB\u00e9\u6f6e\U0001f30a '.-#\n\r\t\x1c\x85\u00a0\u2003\u3000\ufeff", max_size=60)
BYTES = st.one_of(
    DENSE_TEXT.map(str.encode),
    st.text(max_size=40).map(str.encode),
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"ab", b" ", b"\xef\xbb\xbf", b"\xef\xbb", b"\xf0\x9f\x8c", b"\xff", b"\xc3\xa9"])).map(
        b"".join
    ),
)


def naive_words(data: bytes) -> list[str]:
    text = data.decode("utf-8-sig", errors="replace")
    return [word for word in (raw.strip(string.punctuation) for raw in text.split()) if word]


@given(BYTES, st.integers(min_value=1, max_value=9))
def test_chunks_of_any_size_count_as_the_whole(data: bytes, chunk_bytes: int) -> None:
    text = Utf8Text(io.BytesIO(data), chunk_bytes)
    counts = count_words(text)
    words = naive_words(data)
    assert counts == Counter(words)
    assert list(counts) == list(dict.fromkeys(words)), "first seen first"
    assert text.invalid_bytes == len(data) - len(data.decode("utf-8", errors="ignore").encode())


@given(st.lists(DENSE_TEXT, max_size=8))
def test_tokens_are_those_of_split(texts: list[str]) -> None:
    assert list(tokens(texts)) == "".join(texts).split()


@given(st.lists(st.sampled_from("abcdef"), max_size=40), st.integers(min_value=1, max_value=7))
def test_ties_go_to_the_first_seen(words: list[str], word_limit: int) -> None:
    counts = count_words([" ".join(words)])
    by_rank = sorted(set(words), key=lambda word: (-words.count(word), words.index(word)))
    assert [word for word, _ in counts.most_common(word_limit)] == by_rank[:word_limit]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" \n\t ", {}),
        ("-- ... '' #", {}),
        ("Tide tide TIDE", {"Tide": 1, "tide": 1, "TIDE": 1}),
        ("it's o'clock 'quoted' (so) e.g.", {"it's": 1, "o'clock": 1, "quoted": 1, "so": 1, "e.g": 1}),
        ("\u201ccurly\u201d \u2026", {"\u201ccurly\u201d": 1, "\u2026": 1}),
        ("one\u2003two\u3000three\x85four", {"one": 1, "two": 1, "three": 1, "four": 1}),
    ],
)
def test_what_a_word_is(text: str, expected: dict[str, int]) -> None:
    assert count_words([text]) == expected


class EndlessLine(io.RawIOBase):
    """`size_bytes` of one line, made as it is read."""

    def __init__(self, size_bytes: int) -> None:
        self.left = size_bytes
        self.largest_read = 0

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0
        self.largest_read = max(self.largest_read, size)
        chunk = (b"w" * 999 + b" ") * (size // 1000 + 1)
        taken = min(size, self.left)
        self.left -= taken
        return chunk[:taken]


def test_memory_does_not_grow_with_the_file() -> None:
    line = EndlessLine(64 * CHUNK_BYTES)
    tracemalloc.start()
    try:
        counts = count_words(Utf8Text(line))  # type: ignore[arg-type]  # only `read` is asked of it
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts["w" * 999] > 60_000
    assert line.largest_read == CHUNK_BYTES
    assert peak_bytes < 8 * CHUNK_BYTES
