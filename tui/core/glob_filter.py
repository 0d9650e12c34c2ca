"""Which names a person asks for: patterns such as `*.txt, !draft*`, matched whatever the case.

A pattern without a slash is about one name: an include about the file's, an exclude about the file's or that of any
folder above it. A pattern with a slash is about the path below the root, where `*` stays within a name and `**` does
not. Nothing typed is an error: what is no pattern is a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

_EXCLUDES = "!"
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True)
class GlobFilter:
    """Includes and excludes; without an include every name is asked for."""

    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    text: str = field(default="", compare=False)
    """As typed."""

    @classmethod
    def parse(cls, text: str) -> GlobFilter:
        """`text` is a list with commas; a leading `!` excludes."""
        parts = [part.strip() for part in text.split(",")]
        includes = [part for part in parts if part and not part.startswith(_EXCLUDES)]
        excludes = [part[1:].strip() for part in parts if part.startswith(_EXCLUDES)]
        return cls(tuple(includes), tuple(part for part in excludes if part), text)

    @classmethod
    def of_extensions(cls, extensions: Iterable[str]) -> GlobFilter:
        """Files that end in one of `extensions`, such as `.mp4`."""
        return cls.parse(", ".join(f"*{extension}" for extension in extensions))

    @property
    def is_empty(self) -> bool:
        """Whether everything passes."""
        return not self.includes and not self.excludes

    @cached_property
    def needs_paths(self) -> bool:
        """Whether a file's path below the root matters, beyond its name."""
        return any("/" in pattern.rstrip("/") for pattern in (*self.includes, *self.excludes))

    def accepts_file(self, name: str, path: str) -> bool:
        """Whether a file passes, given that no folder above it is excluded. `path` may be `name` without paths."""
        if self.includes and not (self._included_name.match(name) or self._included_path.match(path)):
            return False
        return not (self._excluded_name.match(name) or self._excluded_path.match(path))

    def excludes_folder(self, name: str, path: str) -> bool:
        """Whether an exclude is about this very folder."""
        return bool(self._excluded_folder_name.match(name) or self._excluded_folder_path.match(path))

    @cached_property
    def _included_name(self) -> re.Pattern[str]:
        return _compiled(pattern for pattern in self.includes if "/" not in pattern)

    @cached_property
    def _included_path(self) -> re.Pattern[str]:
        below = (pattern + "**" if pattern.endswith("/") else pattern for pattern in self.includes)
        return _compiled(pattern for pattern in below if "/" in pattern)

    @cached_property
    def _excluded_name(self) -> re.Pattern[str]:
        return _compiled(pattern for pattern in self.excludes if "/" not in pattern)

    @cached_property
    def _excluded_path(self) -> re.Pattern[str]:
        return _compiled(pattern for pattern in self.excludes if "/" in pattern and not pattern.endswith("/"))

    @cached_property
    def _excluded_folder_name(self) -> re.Pattern[str]:
        return _compiled(pattern.rstrip("/") for pattern in self.excludes if "/" not in pattern.rstrip("/"))

    @cached_property
    def _excluded_folder_path(self) -> re.Pattern[str]:
        return _compiled(pattern.rstrip("/") for pattern in self.excludes if "/" in pattern.rstrip("/"))


def _compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for all of them; it matches nothing where there are none."""
    expressions = [_expression(pattern.lstrip("/")) for pattern in patterns]
    if not expressions:
        return _NEVER
    return re.compile(f"(?:{'|'.join(expressions)})\\Z", re.IGNORECASE | re.DOTALL)


def _expression(pattern: str) -> str:
    parts, position = [], 0
    while position < len(pattern):
        character = pattern[position]
        if pattern.startswith("**/", position):
            parts.append("(?:.*/)?")
            position += 3
            continue
        if pattern.startswith("**", position):
            parts.append(".*")
            position += 2
            continue
        end = pattern.find("]", position + 2) if character == "[" else -1
        if end > 0:
            parts.append(_character_class(pattern[position + 1 : end]))
            position = end + 1
            continue
        parts.append({"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character))
        position += 1
    return "".join(parts)


def _character_class(inside: str) -> str:
    """`[abc]`, `[a-z]`, `[!abc]`; a range that runs backwards is the characters it is written with."""
    is_negated = inside[0] in "!^" and len(inside) > 1
    body = inside[is_negated:]
    parts, position = [], 0
    while position < len(body):
        first, last = body[position], body[position + 2 : position + 3]
        if body[position + 1 : position + 2] == "-" and first <= last:
            parts.append(f"{re.escape(first)}-{re.escape(last)}")
            position += 3
        else:
            parts.append(re.escape(first))
            position += 1
    return f"[^/{''.join(parts)}]" if is_negated else f"[{''.join(parts)}]"
