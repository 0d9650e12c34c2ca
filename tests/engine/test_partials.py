"""A large download that ended early is gone on with inside the file, and only with bytes that are proved right."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.fakes import FakeClock, FakeStorage, Faults
from tui.core.errors import AccessRefused, ServiceFault
from tui.core.records import BlobRecord
from tui.engine.downloads import Download, download_all
from tui.engine.partials import scratch_folder
from tui.engine.retrying import Retrier

PART = 4_096
PARTS = 5
SIZE = PART * (PARTS - 1) + 1_234


def _content(version: int) -> bytes:
    """No two parts are alike."""
    digests = [hashlib.sha256(b"%d %d" % (version, index)).digest() for index in range(PARTS)]
    return b"".join(digest * (PART // 32) for digest in digests)[:SIZE]


CONTENT = _content(1)


@dataclass
class Bench:
    """A container with one large blob, and a folder it is downloaded to."""

    folder: Path
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.storage = FakeStorage(FakeClock(), self.faults)
        self.storage.create_container("box", {})
        self.store(CONTENT)

    def store(self, content: bytes, md5: bytes | None = None) -> None:
        self.storage.store("box", "big.bin", content, md5 or hashlib.md5(content).digest())

    def blob(self) -> BlobRecord:
        (blob,) = self.storage.list_blobs("box")
        return blob

    def download(self) -> None:
        """Every part is tried; then the first error is raised."""
        stop = threading.Event()
        retry = Retrier(FakeClock(), stop, lambda _: None, 0.0)
        wanted = [Download("box", self.blob(), self.folder / "big.bin")]
        with scratch_folder(self.folder, "run") as scratch:
            outcomes = list(download_all(self.storage, retry, stop, wanted, scratch, part_bytes=PART))
            for outcome in outcomes:
                if outcome.error is not None:
                    raise outcome.error
        assert sum(outcome.result.size_bytes for outcome in outcomes if outcome.result is not None) == SIZE

    def takes(self) -> int:
        """How many parts the next attempt fetches; it must end well and leave the file alone."""
        before = self.faults.calls["read_blob"]
        self.download()
        assert (self.folder / "big.bin").read_bytes() == self.storage.contents("box")["big.bin"]
        assert [path.name for path in self.folder.iterdir()] == ["big.bin"]
        return self.faults.calls["read_blob"] - before

    def kept(self, suffix: str) -> Path:
        (path,) = [path for path in (self.folder / ".run.partial" / "kept").iterdir() if path.suffix == suffix]
        return path


@pytest.fixture
def cut_short(tmp_path: Path) -> Bench:
    """All parts but one arrived before the attempt ended."""
    bench = Bench(tmp_path / "out")
    no_right = AccessRefused("Storage refuses access", "no right", code="AuthorizationPermissionMismatch")
    bench.faults.fail("read_blob", no_right, occurrence=3)
    with pytest.raises(AccessRefused):
        bench.download()
    assert bench.faults.calls["read_blob"] == PARTS
    assert [path.name for path in bench.folder.iterdir()] == [".run.partial"]
    return bench


def test_only_what_is_missing_is_fetched(cut_short: Bench) -> None:
    assert cut_short.takes() == 1


def test_a_part_whose_bytes_changed_is_fetched_again(cut_short: Bench) -> None:
    claimed = int(cut_short.kept(".parts").read_text().split()[0])
    with cut_short.kept("").open("r+b") as file:
        file.seek(claimed * PART + 10)
        file.write(b"torn")
    assert cut_short.takes() == 2


def test_every_part_is_judged_by_its_own_bytes(cut_short: Bench) -> None:
    cut_short.kept("").write_bytes(b"")
    assert cut_short.takes() == PARTS


@pytest.mark.parametrize(
    "record", [b"", b"0 0123", b"\xff\xfe\x00", b"99999 " + b"0" * 32 + b"\n", b"0 " + b"0" * 32 + b"\n" * 9]
)
def test_a_record_that_was_cut_or_damaged_proves_nothing(cut_short: Bench, record: bytes) -> None:
    cut_short.kept(".parts").write_bytes(record)
    assert cut_short.takes() == PARTS


def test_another_version_of_the_blob_begins_afresh(cut_short: Bench) -> None:
    cut_short.store(_content(2))
    assert cut_short.takes() == PARTS


def test_a_planted_link_is_not_written_through(cut_short: Bench, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    partial = cut_short.kept("")
    partial.unlink()
    partial.symlink_to(victim)
    with pytest.raises(Exception, match="file system refuses"):
        cut_short.download()
    assert victim.read_bytes() == b"precious"


def test_a_whole_that_is_damaged_is_not_gone_on_with(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "out")
    bench.store(CONTENT, b"0123456789abcdef")
    for attempt in (1, 2):
        with pytest.raises(ServiceFault, match="damaged"):
            bench.download()
        assert bench.faults.calls["read_blob"] == attempt * PARTS
        assert list(bench.folder.rglob("*")) == []


def test_small_files_of_an_ended_attempt_go(tmp_path: Path) -> None:
    folder = tmp_path / "out"

    def end_early() -> None:
        with scratch_folder(folder, "run") as scratch:
            (scratch.attempt / "0").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        end_early()
    assert list(folder.rglob("*")) == []


def test_a_link_in_the_place_of_the_folder_is_replaced(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"kept")
    folder.mkdir()
    (folder / ".run.partial").symlink_to(elsewhere)
    with scratch_folder(folder, "run"):
        pass
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
