"""The one redactor: what must never reach a log, journal, screen, exception text, clipboard or export.

Known secrets (keys, connection strings) are registered and replaced wherever they occur, in their plain, URL-quoted,
JSON-quoted and base64 forms; signatures (`sig=…`), account keys and authorization headers are recognised by their
shape, and so is whatever else is as long as a signature and written like one: a service may quote it in any sentence.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import quote, quote_plus

MASK = "•••"

_MINIMUM_SECRET_LENGTH = 6
"""Shorter strings occur in innocent text; masking them would only garble it."""

_SHAPES = (
    ("sig=", r"(?i)(?<![a-z0-9])(sig=)[^&\s\"'<>]+"),
    (
        "sig%",  # in a URL that is itself percent-encoded
        r"(?i)(?:(?<![a-z0-9])|(?<=%3f)|(?<=%26)|(?<=%253f)|(?<=%2526))(sig%(?:25)?3d)(?:(?!%(?:25)?26)[^&\s\"'<>])+",
    ),
    ("key=", r"(?i)((?:account|shared)key=)[^;\s\"'<>]+"),
    ("sharedaccesssignature=", r"(?i)(sharedaccesssignature=)[^;\s\"'<>]+"),
    (
        "authorization",
        r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?(?:sharedkey|sharedkeylite|bearer)\s+)[^\s\"',}]+",
    ),
    ("sharedkey", r"(?i)(\bsharedkey\s+)(?:[a-z0-9]+:)?[a-z0-9+/=._-]{16,}"),
    ("bearer", r"(?i)(\bbearer\s+)(?:[a-z0-9]+:)?[a-z0-9+/=._-]{16,}"),
)
"""Each behind what must stand in a text, whatever its case, to be looked for at all: most texts have none of it."""
_CHARACTER, _PADDING = "(?:[A-Za-z0-9+/]|%(?:25)?2[BbFf])", "(?:=|%(?:25)?3[Dd])"
_DIGEST = rf"(?<![A-Za-z0-9+/])(?:{_CHARACTER}{{86}}{_PADDING}{{2}}|{_CHARACTER}{{43}}{_PADDING})(?!=)"
"""Base64 of 32 or of 64 bytes, which an HMAC-SHA256 and an account's key are, plain or percent-encoded. Not of other
lengths: a long path before a `=` is written with the same letters."""
_SHORTEST_DIGEST = 43


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Not before something is redacted: the first frame waits for this module, and compiling is most of its import."""
    return re.compile(pattern)


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that shows itself only to `reveal()`; its repr and its text are the mask."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)


class Redactor:
    """Replaces registered secrets and anything shaped like one."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        """Every form there is; only ever added to."""
        self._forms: tuple[str, ...] = ()
        """The same, the longest first."""

    def register(self, *secrets: Secret | str) -> None:
        """Masks these from now on. Safe to call from several threads: the tuple is replaced, never changed."""
        for secret in secrets:
            value = secret.reveal() if isinstance(secret, Secret) else secret
            if len(value) >= _MINIMUM_SECRET_LENGTH:
                forms = (
                    value,
                    quote(value, safe=""),
                    quote(value),
                    quote_plus(value),
                    json.dumps(value)[1:-1],
                    base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii"),
                )
                self._known.update(dict.fromkeys(forms))
        while len(self._forms) != len(self._known):  # another thread may add its own meanwhile
            self._forms = tuple(sorted(self._known, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """`text` with every secret masked."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        folded = text.casefold()
        for marker, shape in _SHAPES:
            if marker in folded:
                text = _compiled(shape).sub(rf"\1{MASK}", text)
        if any(len(word) > _SHORTEST_DIGEST for word in text.split()):
            text = _compiled(_DIGEST).sub(MASK, text)
        return text


redact = Redactor()
"""The process's redactor: the secrets of an account are registered when its credential is loaded."""
