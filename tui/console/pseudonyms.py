"""Text made fit for strangers: who and where become stand-ins, the same for the same, what happened stays readable.

Secrets are not this module's: what it is given has passed the redactor, and passes it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tui.core.redaction import MASK, redact

_SHORTEST = 3
"""Shorter names occur in innocent words."""

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_UUID = re.compile(r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_HOST_OF_URL = re.compile(r"(?i)(?<=://)(?!127\.|localhost\b|\[::1\])[^\s/\"'<>:?#]+")
_AZURE_HOST = re.compile(r"(?i)\b(?:[a-z0-9-]+\.)+(?:azure|windows|microsoftonline|chinacloudapi|usgovcloudapi)\.\w+\b")
_ADDRESS = re.compile(r"(?<![\d.])(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_QUERY = re.compile(r"(?i)(https?://[^\s?\"']+\?)[^\s\"']+")
_PATH = re.compile(r"(?<=\")/[^\"\n]+(?=\")|(?<=')/[^'\n]+(?=')|(?<![\w~.>:/-])(?:/[^\s/\"'<>|:,;()]+){2,}/?")
_KEY = re.compile(r"[A-Za-z0-9+/_-]{40,}={1,2}|\beyJ[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]+)*")
"""Whatever is shaped like a key or a token, known or not."""


class Pseudonyms:
    """One set of stand-ins; what it has replaced once it replaces alike ever after."""

    def __init__(self, folders: Iterable[tuple[str, str]]) -> None:
        """`folders` are paths to be shown by a word, with what is below them; any other path is somebody's own."""
        self._folders = sorted(((path, word) for path, word in folders if len(path) > 1), key=lambda one: -len(one[0]))
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def add(self, kind: str, *names: str) -> None:
        """From now on each of `names` is shown as `<kind-N>`."""
        for name in names:
            if len(name) >= _SHORTEST:
                self.of(kind, name)

    def of(self, kind: str, name: str) -> str:
        """The stand-in of one name."""
        if name not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[name] = f"<{kind}-{self._counts[kind]}>"
        return self._names[name]

    def __call__(self, text: str) -> str:
        text = _KEY.sub(MASK, _QUERY.sub(rf"\1{MASK}", redact(text)))
        for path, word in self._folders:
            text = text.replace(path, word)
        for name, stand_in in sorted(self._names.items(), key=lambda one: -len(one[0])):
            if name in text:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", stand_in, text)
        for kind, shape in (
            ("mail", _EMAIL),
            ("id", _UUID),
            ("host", _HOST_OF_URL),
            ("host", _AZURE_HOST),
            ("address", _ADDRESS),
            ("path", _PATH),
        ):
            text = shape.sub(self._by_shape(kind), text)
        return redact(text)

    def _by_shape(self, kind: str) -> Callable[[re.Match[str]], str]:
        return lambda match: self.of(kind, match.group())
