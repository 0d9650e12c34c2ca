"""The table of bad input: what is given, the message and the exit code it must end with, and what holds for every row.

No row may end in a traceback, a crash report, a control sequence or anything made, and every refusal begins with
`Error: ` and stands on stderr alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.process import Finished, called


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row happens."""

    folder: Path
    """The working directory; holds `a.txt`."""
    home: Path

    @property
    def config(self) -> Path:
        return self.home / "config" / "batch-tui"

    @property
    def runs(self) -> Path:
        return self.home / "state" / "batch-tui" / "runs"


Prepare = Callable[[Place], None]


def nothing(_place: Place) -> None:
    """The input is bad by itself."""


def file(name: str, content: bytes | str = b"words and words") -> Prepare:
    """A file in the working directory."""

    def make(place: Place) -> None:
        write(place.folder / name, content)

    return make


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    arguments: Sequence[str]
    words: str | Sequence[str]
    """Must stand in what is printed, in this order of streams: stderr for a refusal, else stdout."""
    code: int = 2
    prepare: Prepare = nothing
    environment: Mapping[str, str] = field(default_factory=dict)
    pasted: str = ""


def rows(*table: Row) -> pytest.MarkDecorator:
    assert len({row.title for row in table}) == len(table)
    return pytest.mark.parametrize("row", table, ids=[row.title.replace(" ", "-") for row in table])


def check(row: Row, folder: Path, home: Path) -> Finished:
    place = Place(folder, home)
    write(folder / "a.txt", "words and words")
    row.prepare(place)
    before = everything_below(folder)
    finished = called(*row.arguments, folder=folder, environment=row.environment, pasted=row.pasted)
    shown = finished.stdout + finished.stderr
    assert finished.code == row.code, shown
    told = finished.stderr if row.code else shown
    words = (row.words,) if isinstance(row.words, str) else row.words
    assert [word for word in words if word not in told] == [], shown
    if row.code == 2:
        assert finished.stderr.startswith("Error: ")
        assert finished.stdout == ""
    assert not finished.has_traceback
    assert not any(mark in shown for mark in "\x1b\x07\x9b\u202e"), shown
    assert list(home.rglob("crash-*")) == []
    assert everything_below(folder) == before
    return finished


def everything_below(folder: Path) -> list[str]:
    found = []
    for parent, folders, files in os.walk(folder):
        found += [os.path.join(parent, name) for name in (*folders, *files)]
    return sorted(found)
