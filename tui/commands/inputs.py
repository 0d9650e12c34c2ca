"""From the paths of a command line to the inputs of a run, or to one error that says everything wrong with them.

Nothing is created and nothing leaves this machine here; every file is known to be a readable regular file afterwards.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tui.core.errors import InputError
from tui.core.planning import FileChoice
from tui.core.units import count_text
from tui.core.workloads import Workload

_NAMED = 3
"""Of each kind of trouble so many paths are named, the rest is counted."""

_KINDS = (
    ("missing", "does not exist", "do not exist"),
    ("folder", "is a folder", "are folders"),
    ("special", "is not a regular file", "are not regular files"),
    ("unreadable", "cannot be read", "cannot be read"),
    ("barren", "holds no such input", "hold no such input"),
)


@dataclass(slots=True)
class _Trouble:
    paths: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, path: str) -> None:
        self.paths.setdefault(kind, []).append(path)


def choose_files(paths: Sequence[str], workload: Workload) -> tuple[FileChoice, ...]:
    """The files in the order given, folders replaced by what is below them, each once.

    A link is an input by its own name, also where what it leads to is another one.
    """
    trouble = _Trouble()
    chosen: dict[str, FileChoice] = {}
    for path in paths:
        for file in _files_at(path, workload, trouble):
            size_bytes = _readable_size(file, trouble)
            if size_bytes is not None:
                name = _absolute(file)
                chosen.setdefault(name, FileChoice(size_bytes, name))
    if trouble.paths:
        raise _refusal(trouble, workload)
    return tuple(chosen.values())


def _files_at(path: str, workload: Workload, trouble: _Trouble) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
    elif not workload.input_extensions:
        trouble.add("folder", path)
    else:
        found = False
        for file in _files_below(path, workload.input_extensions, trouble):
            found = True
            yield file
        if not found and path not in trouble.paths.get("unreadable", ()):
            trouble.add("barren", path)


def _files_below(folder: str, extensions: tuple[str, ...], trouble: _Trouble) -> Iterator[str]:
    """In the order of their names, hidden ones left out, links to folders not followed."""
    for parent, folders, files in os.walk(folder, onerror=lambda error: trouble.add("unreadable", str(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.lower().endswith(extensions):
                yield os.path.join(parent, name)


def _absolute(path: str) -> str:
    """The path of a file as it was named; only what `..` leads to past a link is looked up, for text cannot tell."""
    folder, name = os.path.split(path)
    whole = os.path.realpath(folder) if os.pardir in folder.split(os.sep) else os.path.abspath(folder)
    return os.path.join(whole, name)


def _readable_size(path: str, trouble: _Trouble) -> int | None:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            trouble.add("special", path)
            return None
        with open(path, "rb"):
            return status.st_size
    except (FileNotFoundError, NotADirectoryError):
        trouble.add("missing", path)
    except (OSError, ValueError):  # a NUL is in no path
        trouble.add("unreadable", path)
    return None


def _refusal(trouble: _Trouble, workload: Workload) -> InputError:
    lines = [
        f"{_listed(trouble.paths[kind])} {singular if len(trouble.paths[kind]) == 1 else plural}"
        for kind, singular, plural in _KINDS
        if kind in trouble.paths
    ]
    return InputError("These inputs cannot be used", "\n".join(lines), _hint(trouble, workload))


def _listed(paths: Sequence[str]) -> str:
    named = ", ".join(repr(path) for path in paths[:_NAMED])
    more = len(paths) - _NAMED
    return f"{named} and {count_text(more, 'more path')}" if more > 0 else named


def _hint(trouble: _Trouble, workload: Workload) -> str:
    if "folder" in trouble.paths:
        return f"{workload.name} takes files; name them, as in FOLDER/*.txt"
    if "barren" in trouble.paths:
        return f"{workload.name} takes {' and '.join(workload.input_extensions)} files"
    return "nothing was created; correct the paths and run it again"
