"""A machine of its own for the hunt: a sandbox whose keys are the secrets, an account that has them, and whole runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.process import PROGRAM, Finished, called
from tests.cli.texts import write_texts
from tests.leaks.marks import Marks, leaks_in_files, marks_of
from tests.support.sandbox import RunningSandbox, sandbox_at

ACCOUNT = "work"
_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class Hunt:
    sandbox: RunningSandbox
    root: Path
    """Holds everything the program may write to: home, state, outputs, temporary files."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_STATE_HOME": str(self.root / "state"),
            "XDG_CONFIG_HOME": str(self.root / "config"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
        }

    @property
    def folder(self) -> Path:
        return self.root / "work"

    def call(self, *arguments: str, pasted: str = "") -> Finished:
        return called(*arguments, folder=self.folder, environment=self.environment, pasted=pasted)

    def process(self, *arguments: str) -> Finished:
        """A process without the keys in its environment: the account is the saved one."""
        finished = subprocess.run(
            [*PROGRAM, *arguments], cwd=self.folder, env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_LIMIT_S,
        )  # fmt: skip
        return Finished(finished.returncode, finished.stdout, finished.stderr)

    def marks(self) -> Marks:
        return marks_of(self.sandbox)

    def leaks(self, *shown: str | bytes) -> list[str]:
        """Everything found in what was shown and in every file but the credential store and the sandbox's own."""
        marks = self.marks()
        found = [f"shown: {name}" for text in shown for name in marks.hits(_bytes(text))]
        spared = (self.sandbox.state_dir, self.root / "config" / "batch-tui" / "keys.json")
        return found + leaks_in_files(marks, [self.root], spared)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def exports(environment: Mapping[str, str]) -> str:
    """What a person pastes to set the account up."""
    return "".join(f"{name}={value}\n" for name, value in environment.items())


@contextmanager
def hunt_at(root: Path) -> Iterator[Hunt]:
    """The machine, its account saved and current, three texts in its working directory."""
    with sandbox_at(root / "state" / "batch-tui" / "sandbox", allow_faults=True) as sandbox:
        hunt = Hunt(sandbox, root)
        for name in ("home", "tmp", "work"):
            (root / name).mkdir()
        write_texts(hunt.folder, ["a.txt", "b c.txt"])
        added = hunt.call("accounts", "add", ACCOUNT, pasted=exports(sandbox.environment))
        assert added.code == 0, added.stderr
        yield hunt
