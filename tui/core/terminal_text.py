"""The one neutraliser: text from outside (ids, names, stdout, error texts) made harmless for a terminal.

Every control character, bidirectional override and lone surrogate becomes a visible stand-in; nothing that a terminal
would obey is left. Line breaks and tabs are text, and stay, only where `keep_layout` says so.
"""

from __future__ import annotations

import re

_DANGEROUS = re.compile(
    "["
    "\x00-\x1f\x7f"
    "\x80-\x9f"  # C1: 0x9b alone is CSI on an 8-bit terminal
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks and overrides: they reorder what a person reads
    "\u2028\u2029"
    "\ufeff\ufff9-\ufffb"
    "\ud800-\udfff"
    "]"
)
_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|[PX^_][^\x1b]{0,4096}\x1b\\|[ -/]*[0-~])"
)
_CONTROL_PICTURES = 0x2400
_DELETE_PICTURE = "\u2421"
_REPLACEMENT = "\ufffd"


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    return _DELETE_PICTURE if code == 0x7F else _REPLACEMENT


def neutralise(text: str, *, keep_layout: bool = False) -> str:
    """`text` without anything a terminal obeys; with `keep_layout`, line feeds and tabs stay."""
    if text.isprintable() and text.isascii():
        return text
    if keep_layout:
        return "\n".join(
            "\t".join(_DANGEROUS.sub(_stand_in, cell) for cell in line.split("\t"))
            for line in text.replace("\r\n", "\n").split("\n")
        )
    return _DANGEROUS.sub(_stand_in, text)


def plain_log(text: str) -> str:
    """A program's output as plain lines: colour and cursor sequences dropped, the rest neutralised."""
    return neutralise(_ESCAPE_SEQUENCE.sub("", text), keep_layout=True)
