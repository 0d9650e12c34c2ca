"""What is sought in the lines of a log, also where a line too long to be shown as one, or too wide, was broken."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core.log_cuts import Broken


def begins_in(texts: Sequence[str], at: int, needle: str) -> bool:
    """Whether `needle`, folded already, begins in the text at `at`; it may go on in those that go on with its line."""
    text = texts[at].casefold()
    if needle in text:
        return True
    edge = len(needle) - 1
    rest = _rest(texts, at, edge)
    return bool(rest) and needle in text[-edge:] + rest


def places(texts: Sequence[str], needle: str) -> list[int]:
    """Which of `texts` the needle, folded already, begins in."""
    if not needle:
        return []
    return [
        at
        for at, text in enumerate(texts)
        if needle in text.casefold() or (isinstance(text, Broken) and begins_in(texts, at, needle))
    ]


def spans(texts: Sequence[str], at: int, needle: str) -> list[tuple[int, int]]:
    """From where to where the text at `at` is, or is part of, what is sought.

    Where folding the case changes a length, all of the text is, rather than the wrong part.
    """
    text = texts[at]
    folded, edge = text.casefold(), len(needle) - 1
    if edge < 0:
        return []
    before, rest = _before(texts, at, edge), _rest(texts, at, edge)
    whole, found, done = before + folded + rest, list[tuple[int, int]](), 0
    while (place := whole.find(needle, done)) >= 0:
        done = place + len(needle)
        first, last = max(0, place - len(before)), min(len(folded), done - len(before))
        if first < last:
            found.append((first, last))
    return [(0, len(text))] if found and len(folded) != len(text) else found


def _rest(texts: Sequence[str], at: int, length: int) -> str:
    """So much, folded, of what follows in the same line."""
    rest = ""
    while len(rest) < length and isinstance(texts[at], Broken) and at + 1 < len(texts):
        at += 1
        rest += texts[at][:length].casefold()
    return rest[:length]


def _before(texts: Sequence[str], at: int, length: int) -> str:
    """So much, folded, of what comes before in the same line."""
    before = ""
    while len(before) < length and at > 0 and isinstance(texts[at - 1], Broken):
        at -= 1
        before = texts[at][-length:].casefold() + before
    return before[-length:]
