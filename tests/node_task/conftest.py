"""The node script run in this process, in a working directory of its own, against a container on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from node_task import top_words
from tests.node_task.blob_server import SIGNATURE, BlobServer, blob_server


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int
    stdout: str
    stderr: str
    waits_s: list[float]
    """What the script would have slept, in order."""


@dataclass(slots=True)
class Node:
    """A task's working directory and the command run in it; no wait of the script takes time here."""

    directory: Path
    capture: pytest.CaptureFixture[str]
    waits_s: list[float] = field(default_factory=list)

    def run(self, *arguments: str) -> Ended:
        self.waits_s = []
        exit_code = top_words.main(arguments, pause=self.waits_s.append)
        printed = self.capture.readouterr()
        assert SIGNATURE not in printed.out + printed.err
        return Ended(exit_code, printed.out, printed.err, self.waits_s)

    def count(self, name: str, *more: str) -> Ended:
        return self.run(f"--filepath={name}", "--numwords=3", *more)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir())


@pytest.fixture
def blobs() -> Iterator[BlobServer]:
    with blob_server() as server:
        yield server


@pytest.fixture
def node(
    tmp_path: Path, blobs: BlobServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Node:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(top_words.CONTAINER_URL_VARIABLE, blobs.container_url)
    for name in ("NODE", "TASK", "JOB", "POOL"):
        monkeypatch.setenv(f"AZ_BATCH_{name}_ID", f"the-{name.lower()}")
    (tmp_path / "tides.txt").write_text("ebb flood ebb. Ebb, (flood) ebb -- slack\n", encoding="utf-8")
    return Node(tmp_path, capsys)
