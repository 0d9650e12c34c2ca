"""The secrets of a run, in every form they could leave in, and the search for them.

A mark counts as found where any stretch of it stands: a line that is cut or wrapped hides nothing.
"""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

from tests.support.sandbox import RunningSandbox

STRETCH = 20
"""Characters; no innocent text shares so many with a key."""

_SIGNATURE = re.compile(rb"sig=([A-Za-z0-9%+/=]{40,200})")
_TASK_VARIABLE = b"AZ_BATCH_TASK_ID="
SAMPLE_EVERY_S = 0.01


def forms(secret: str) -> frozenset[str]:
    """`secret` as it stands in URLs, JSON, headers and base64."""
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
    return frozenset(
        plain
        | {quote(text, safe="") for text in plain}
        | {base64.b64encode(text.encode()).decode() for text in plain}
        | {base64.urlsafe_b64encode(text.encode()).decode() for text in plain}
    )


def _stretches(secret: str) -> frozenset[bytes]:
    return frozenset(
        text[start : start + STRETCH].encode()
        for text in forms(secret)
        for start in range(0, max(1, len(text) - STRETCH + 1), 4)
    )


@dataclass(frozen=True, slots=True)
class Marks:
    """The secrets to look for, by what they are."""

    secrets: dict[str, str]
    _searched: dict[str, frozenset[bytes]] = field(default_factory=dict)

    def hits(self, content: bytes) -> list[str]:
        """What of the secrets stands in `content`."""
        for name, secret in self.secrets.items():
            if name not in self._searched:
                self._searched[name] = _stretches(secret)
        return [name for name in self.secrets if _has_any(self._searched[name], content)]

    def keys_alone(self) -> Marks:
        return Marks({name: secret for name, secret in self.secrets.items() if not name.startswith("signature")})


def _has_any(stretches: frozenset[bytes], content: bytes) -> bool:
    # A stretch lies on every fourth character of the secret: wherever one of STRETCH + 3 begins, one of these is whole.
    return any(stretch in content for stretch in stretches)


def marks_of(sandbox: RunningSandbox) -> Marks:
    """Both keys, and every signature that the sandbox has ever been shown or has stored."""
    secrets = {"batch key": sandbox.batch_key, "storage key": sandbox.storage_key}
    for number, signature in enumerate(sorted(_signatures(sandbox.state_dir))):
        secrets[f"signature {number}"] = signature
    return Marks(secrets)


def _signatures(state_dir: Path) -> set[str]:
    found = set()
    for path in files_below(state_dir):
        for match in _SIGNATURE.finditer(path.read_bytes()):
            signature = unquote(match.group(1).decode("ascii"))
            if len(signature) >= 44:
                found.add(signature[:44])
    return found


def files_below(folder: Path) -> Iterator[Path]:
    """Regular files; what goes while it is looked for is left out."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path


def leaks_in_files(marks: Marks, folders: Sequence[Path], spared: Sequence[Path]) -> list[str]:
    """`file: secret` for each file below `folders`, its name too, that has a mark; `spared` is where keys belong."""
    contents = {
        path: path.read_bytes() + b"\n" + os.fsencode(path)
        for folder in folders
        for path in files_below(folder)
        if not any(path.is_relative_to(one) for one in spared)
    }
    if not marks.hits(b"\n".join(contents.values())):  # all at once, which is much quicker
        return []
    return [f"{path}: {name}" for path, content in contents.items() for name in marks.hits(content)]


_CLIPBOARD = re.compile(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")


def copied(shown: bytes) -> bytes:
    """All that a program told a terminal to put into the clipboard."""
    return b"\n".join(base64.b64decode(content) for content in _CLIPBOARD.findall(shown))


def plain(shown: bytes) -> bytes:
    """What a terminal was shown, without colours and moves of the cursor: no secret is broken by them."""
    return _SEQUENCE.sub(b"", shown)


@dataclass(slots=True)
class SeenProcesses:
    """What `/proc` showed while it was watched."""

    arguments: set[bytes] = field(default_factory=set)
    environments: set[bytes] = field(default_factory=set)
    _settled: frozenset[str] | None = None
    """What ran before the watch began: no program of ours that could still become another one."""

    def leaks(self, marks: Marks) -> list[str]:
        """A task's environment holds its signatures, by design; keys are in none."""
        environments = tuple(self.environments)  # another thread goes on looking
        of_tasks = b"\n".join(one for one in environments if _TASK_VARIABLE in one)
        others = b"\n".join(one for one in environments if _TASK_VARIABLE not in one)
        return [
            *(f"arguments: {name}" for name in marks.hits(b"\n".join(tuple(self.arguments)))),
            *(f"environment: {name}" for name in marks.hits(others)),
            *(f"environment of a task: {name}" for name in marks.keys_alone().hits(of_tasks)),
        ]

    def look(self) -> None:
        there = frozenset(name for name in os.listdir("/proc") if name.isdecimal())
        for pid in there - (self._settled or frozenset((str(os.getpid()),))):
            for name, seen in (("cmdline", self.arguments), ("environ", self.environments)):
                try:
                    seen.add(Path("/proc", pid, name).read_bytes())
                except OSError:  # it has ended, or is not ours to read
                    continue
        if self._settled is None:
            self._settled = there


@contextmanager
def watched_processes(every_s: float = SAMPLE_EVERY_S) -> Iterator[SeenProcesses]:
    """Looks at every process of this machine, over and over, for as long as the context lasts."""
    seen, stop = SeenProcesses(), threading.Event()

    def watch() -> None:
        while not stop.wait(every_s):
            seen.look()

    watcher = threading.Thread(target=watch, name="watcher")
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()
