"""Lines broken where a person would break them, for a terminal that breaks them anywhere.

Only spaces are broken at, so that a path or a command between backticks is copied whole wherever it fits a line.
"""

from __future__ import annotations

import re
import unicodedata

_PIECE = re.compile(r"(\s*)([^\s`]*`[^`]+`[^\s`]*|\S+)")
_WORD = re.compile(r"(\s*)(\S+)")
_COLUMN = re.compile(r"\S {2,}(?=\S)")
_LABEL_SHARE = 3
"""Columns in the first third of a line are labels, which what follows stays to the right of."""


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def wrapped(line: str, width: int) -> list[str]:
    """`line` in lines of at most `width` columns, the later ones indented to its text; longer where one word is."""
    if cells(line) <= width:
        return [line]
    indent = _text_column(line, width)
    lines, current, length = [], "", 0
    for gap, word in _pieces(line, width - indent):
        size = cells(word)
        if current and length + len(gap) + size > width and indent + size <= width:
            lines.append(current)
            current, length = " " * indent + word, indent + size
        else:
            current, length = current + gap + word, length + len(gap) + size
    return [*lines, current]


def _pieces(line: str, room: int) -> list[tuple[str, str]]:
    """Words, each with the gap before it; a command between backticks is one where it fits."""
    pieces: list[tuple[str, str]] = []
    for gap, piece in _PIECE.findall(line):
        if cells(piece) <= room:
            pieces.append((gap, piece))
        else:
            pieces += _WORD.findall(gap + piece)
    return pieces


def _text_column(line: str, width: int) -> int:
    """Where the text begins: after the labels, which two spaces end. Without any, a little further in than an item of
    a list, and at the edge for plain text.
    """
    indent = len(line) - len(line.lstrip(" "))
    column = indent + 2 if indent else 0
    for match in _COLUMN.finditer(line, 0, width):
        if match.end() <= width // _LABEL_SHARE:
            column = max(column, cells(line[: match.end()]))
    return column
