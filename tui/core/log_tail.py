"""A growing log as text: bytes as they come, decoded, made harmless, a character or sequence cut in two held back."""

from __future__ import annotations

import codecs
import re

from tui.core.terminal_text import plain_log

_CUT_SEQUENCE = re.compile(r"\x1b[^\x07\x1b]{0,63}\Z")
_WHOLE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_\]][^\x07\x1b]*\x07|[ -/]*[0-Z\\^-~])")


class LogTail:
    """Invariant: what `feed` gave so far is the neutralised text of all bytes fed, less what may still change."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def feed(self, content: bytes, *, is_last: bool = False) -> str:
        """The text to append; a lone carriage return, as progress lines end with, breaks the line."""
        text = self._held + self._decoder.decode(content, final=is_last)
        whole = len(text) if is_last else _whole_length(text)
        text, self._held = text[:whole], text[whole:]
        return plain_log(text.replace("\r\n", "\n").replace("\r", "\n"))


def _whole_length(text: str) -> int:
    """How much of `text` no further byte can change."""
    cut = _CUT_SEQUENCE.search(text)
    if cut is not None and not is_whole_sequence(cut.group()):
        return cut.start()
    return len(text) - text.endswith("\r")


def is_whole_sequence(text: str) -> bool:
    """Whether the terminal sequence `text` begins with ends in it."""
    return _WHOLE_SEQUENCE.match(text) is not None
