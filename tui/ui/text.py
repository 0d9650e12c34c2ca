"""Words on screen with a tone: state is said by glyph and word, and coloured from the theme.

Content made here is never read as markup, and whatever came from outside passes `safe` first.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from tui.core.columns import Tone
from tui.core.redaction import redact
from tui.core.terminal_text import neutralise

_TOKENS: dict[Tone, str] = {
    "": "",
    "muted": "$foreground-muted",
    "running": "$text-accent",
    "success": "$text-success",
    "warning": "$text-warning",
    "error": "$text-error",
}


def toned(text: str, tone: Tone = "", *, is_bold: bool = False) -> Content:
    """`text` as it is, in the colour of what it says."""
    style = " ".join(part for part in ("bold" if is_bold else "", _TOKENS[tone]) if part)
    return Content.styled(text, style) if style else Content(text)


def safe(text: str, *, keep_layout: bool = False) -> str:
    """Text from outside, with nothing left that a terminal obeys, and no secret in it."""
    return neutralise(redact(text), keep_layout=keep_layout)


def joined(parts: Iterable[Content], between: str = "") -> Content:
    return Content(between).join(list(parts))
