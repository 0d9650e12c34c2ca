"""The file patterns of output files: `*`, `**`, `?`, `[...]`, `[!...]`, relative to the working directory or absolute.

A wildcard matches no name that starts with a dot unless the pattern spells the dot. Links that lead out of where the
pattern starts are not followed.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_WILDCARDS = frozenset("*?[")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Match:
    """A file a pattern found."""

    path: Path
    name: str
    """Relative to the pattern's part before the first wildcard; the bare file name where it has none."""
    target: Path
    """What is there to read: `path` without its links."""


@dataclass(frozen=True, slots=True)
class FilePattern:
    """A pattern ready to be applied."""

    base: Path
    """The part before the first component with a wildcard."""
    components: tuple[str, ...]
    """The rest; empty when `base` names one file."""

    @classmethod
    def parse(cls, text: str, working_directory: Path, variables: Mapping[str, str]) -> FilePattern:
        """Expand `$NAME` and `${NAME}`, then split; `\\` separates as `/` does."""
        expanded = _VARIABLE.sub(lambda m: variables.get(m[1] or m[2], m[0]), text).replace("\\", "/")
        parts = [part for part in expanded.split("/") if part not in ("", ".")]
        fixed = 0
        while fixed < len(parts) and _WILDCARDS.isdisjoint(parts[fixed]):
            fixed += 1
        start = Path("/") if expanded.startswith("/") else working_directory
        # Without the file system: `wd/link/..` is wd, whatever the link points to.
        base = Path(os.path.normpath(start.joinpath(*parts[:fixed])))
        return cls(base, tuple(_spell_out(parts[fixed:])))

    @property
    def has_wildcard(self) -> bool:
        return bool(self.components)

    def find(self, node_root: Path) -> list[Match]:
        """The regular files it matches now, by name, on the node whose folder has this resolved path."""
        # The node's folder is called by its resolved path: what lies elsewhere for a link in that path is none of it.
        fence = node_root if self.base.is_relative_to(node_root) else Path(os.path.realpath(self.base))
        if not self.components:
            named = {str(self.base): self.base.name}
        else:
            named = {path: os.path.relpath(path, self.base) for path in _walk(str(self.base), self.components)}
        found = [Match(Path(path), named[path], Path(os.path.realpath(path))) for path in sorted(named)]
        return [match for match in found if match.target.is_file() and match.target.is_relative_to(fence)]


def _spell_out(components: list[str]) -> Iterator[str]:
    """`**` stands for directories alone: at the end it means every file below, and `**.txt` is `**/*.txt`."""
    for index, component in enumerate(components):
        if component == "**" and index == len(components) - 1:
            yield from ("**", "*")
        elif component.startswith("**") and component != "**":
            yield from ("**", "*" + component.lstrip("*"))
        else:
            yield component


def _walk(folder: str, components: tuple[str, ...]) -> Iterator[str]:
    component, rest = components[0], components[1:]
    if component == "**":
        yield from _walk(folder, rest)
        for entry in _entries(folder):
            # A link to a directory is not descended into: it may lead back up.
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _walk(entry.path, components)
        return
    matches = re.compile(fnmatch.translate(component)).match
    for entry in _entries(folder):
        if entry.name.startswith(".") and not component.startswith("."):
            continue
        if matches(entry.name):
            if not rest:
                yield entry.path
            elif entry.is_dir():
                yield from _walk(entry.path, rest)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
