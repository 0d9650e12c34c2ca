"""Text from outside holds nothing a terminal obeys."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.terminal_text import neutralise, plain_log


@given(st.text(alphabet=st.characters()))
def test_nothing_controlling_is_left(text: str) -> None:
    for character in neutralise(text):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(alphabet=st.characters()))
def test_a_log_keeps_lines_and_tabs_and_nothing_else(text: str) -> None:
    for character in plain_log(text):
        assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("näïve 名 😀", "näïve 名 😀"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\nb", "a␊b"),
        ("\x9b31m", "\ufffd31m"),
        ("\x7f", "␡"),
    ],
)
def test_controls_are_shown_not_obeyed(text: str, shown: str) -> None:
    assert neutralise(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("one\r\ntwo", "one\ntwo"),
        ("50%\r100%", "50%␍100%"),
        ("\x1b", "␛"),
    ],
)
def test_a_log_loses_its_colours_only(text: str, shown: str) -> None:
    assert plain_log(text) == shown
