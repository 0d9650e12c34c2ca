"""Uploads and downloads: parallel, whole or absent, resumed, verified, and nothing overwritten unasked."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fakes import FakeClock, FakeStorage, Faults
from tui.core.download_choice import ConflictPolicy
from tui.core.errors import BatchTuiError, InputError, Interrupted, LocalError, ServiceFault, Unreachable
from tui.engine import transfers
from tui.engine.downloads import Download, check_destination, download_all
from tui.engine.local_files import local_error, translated
from tui.engine.parallel import in_parallel
from tui.engine.partials import scratch_folder
from tui.engine.retrying import Retrier
from tui.engine.transfers import PartDone, spans
from tui.engine.uploads import Upload, look_at, upload_all

PART = 4_096
"""What most files here are cut by: what is done with parts does not depend on their size."""
LARGE = PART * 2 + 1_234
"""Three parts, the last one short."""


class Bench:
    """One container, a folder, and transfers between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.part_bytes = PART
        self.clock = FakeClock()
        self.faults = Faults()
        self.storage = FakeStorage(self.clock, self.faults)
        self.storage.create_container("box", {})
        self.stop = threading.Event()
        self.retry = Retrier(self.clock, self.stop, lambda _: None, 60.0)

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def upload(self, *uploads: Upload) -> list[PartDone]:
        """Outcomes that complete a file; raises the first error."""
        there = {("box", blob.name): blob for blob in self.storage.list_blobs("box")}
        outcomes = upload_all(self.storage, self.retry, self.stop, uploads, there, self.part_bytes)
        return list(_completed((outcome.result, outcome.error) for outcome in outcomes))

    def download(self, *names: str, policy: ConflictPolicy = "rename") -> list[PartDone]:
        there = {blob.name: blob for blob in self.storage.list_blobs("box")}
        wanted = [Download("box", there[name], self.folder / "out" / name) for name in names]
        with scratch_folder(self.folder / "out", "run") as scratch:
            outcomes = download_all(self.storage, self.retry, self.stop, wanted, scratch, policy, self.part_bytes)
            return list(_completed((outcome.result, outcome.error) for outcome in outcomes))

    def out(self) -> dict[str, bytes]:
        folder = self.folder / "out"
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def store(self, name: str, content: bytes) -> None:
        self.storage.store("box", name, content, hashlib.md5(content).digest())


def _completed(outcomes: Iterator[tuple[PartDone | None, BatchTuiError | None]]) -> Iterator[PartDone]:
    for done, error in outcomes:
        if error is not None:
            raise error
        if done is not None and done.completes_file:
            yield done


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _noise(size_bytes: int, seed: int = 1) -> bytes:
    block = hashlib.sha256(str(seed).encode()).digest() * 32
    return (block * (size_bytes // len(block) + 1))[:size_bytes]


@pytest.mark.parametrize(
    ("size", "part_bytes"),
    [
        *((size, PART) for size in (0, 1, PART - 1, PART, PART + 1, LARGE)),
        (transfers.PART_BYTES + 1, transfers.PART_BYTES),
    ],
)
def test_there_and_back(bench: Bench, size: int, part_bytes: int) -> None:
    bench.part_bytes = part_bytes
    content = _noise(size)
    (up,) = bench.upload(look_at("box", "deep/a.bin", bench.file("a.bin", content)))
    (down,) = bench.download("deep/a.bin")
    assert bench.out() == {"deep/a.bin": content}
    assert up.md5 == down.md5 == hashlib.md5(content).digest()
    assert bench.faults.calls["put_block"] == (-(-size // part_bytes) if size > part_bytes else 0)


def test_spans_cover_a_file_without_gaps() -> None:
    for size in (0, 1, transfers.PART_BYTES, transfers.PART_BYTES * 2 + 1_234, 10**12):
        found = list(spans(size))
        assert len(found) <= transfers.MAXIMUM_PARTS
        end = 0
        for index, span in enumerate(found):
            assert (span.index, span.offset) == (index, end)
            end += span.length
        assert end == size


def test_many_small_files(bench: Bench) -> None:
    uploads = [look_at("box", f"{index}.txt", bench.file(f"{index}", b"%d" % index)) for index in range(200)]
    assert len(bench.upload(*uploads)) == 200
    bench.download(*(upload.blob for upload in uploads))
    assert bench.out() == {f"{index}.txt": b"%d" % index for index in range(200)}


@pytest.mark.parametrize("size", [10, LARGE])
def test_what_is_there_is_not_sent_again(bench: Bench, size: int) -> None:
    upload = look_at("box", "a", bench.file("a", _noise(size)))
    bench.upload(upload)
    bench.faults.calls.clear()
    (done,) = bench.upload(upload)
    assert done.was_there
    assert not bench.faults.calls.keys() & {"put_blob", "put_block", "commit_blocks"}


@pytest.mark.parametrize("size", [10, LARGE])
def test_a_changed_file_is_sent_again(bench: Bench, size: int) -> None:
    bench.upload(look_at("box", "a", bench.file("a", _noise(size, 1))))
    (done,) = bench.upload(look_at("box", "a", bench.file("a", _noise(size, 2))))
    assert not done.was_there
    assert bench.storage.contents("box")["a"] == _noise(size, 2)


def test_an_upload_is_resumed_inside_a_file(bench: Bench) -> None:
    upload = look_at("box", "a", bench.file("a", os.urandom(LARGE)))
    bench.faults.fail("commit_blocks", LocalError("cut off"))
    with pytest.raises(LocalError):
        bench.upload(upload)
    assert bench.storage.contents("box") == {}
    bench.faults.heal()
    bench.faults.calls.clear()
    bench.upload(upload)
    assert bench.faults.calls["put_block"] == 0
    assert bench.storage.contents("box")["a"] == upload.path.read_bytes()


def test_blocks_of_another_version_are_not_used(bench: Bench) -> None:
    bench.faults.fail("commit_blocks", LocalError("cut off"))
    with pytest.raises(LocalError):
        bench.upload(look_at("box", "a", bench.file("a", os.urandom(LARGE))))
    content = os.urandom(LARGE)
    bench.upload(look_at("box", "a", bench.file("a", content)))
    assert bench.storage.contents("box")["a"] == content


@pytest.mark.parametrize("operation", ["put_blob", "put_block", "commit_blocks", "list_staged_blocks", "read_blob"])
@pytest.mark.parametrize("after", [False, True])
def test_one_fault_is_survived(bench: Bench, operation: str, after: bool) -> None:
    files = {"small": os.urandom(100), "large": os.urandom(LARGE)}
    bench.faults.fail(operation, Unreachable("cut off"), after=after)
    bench.upload(*(look_at("box", name, bench.file(name, content)) for name, content in files.items()))
    bench.download("small", "large")
    assert bench.out() == files


def test_a_file_that_changes_while_it_is_read_is_said(bench: Bench) -> None:
    path = bench.file("a", os.urandom(LARGE))
    upload = look_at("box", "a", path)

    def shorten(operation: str) -> None:
        if operation == "list_staged_blocks":
            path.write_bytes(b"short")

    bench.faults.before_call = shorten
    with pytest.raises(LocalError, match="changed while it was read"):
        bench.upload(upload)
    assert bench.storage.contents("box") == {}


def test_a_file_rewritten_at_its_size_while_it_is_read_is_said(bench: Bench) -> None:
    path = bench.file("a", os.urandom(LARGE))
    upload = look_at("box", "a", path)
    os.utime(path, ns=(0, upload.modified_ns + 1))
    with pytest.raises(LocalError, match="changed while it was read"):
        bench.upload(upload)
    assert bench.storage.contents("box") == {}


def test_a_damaged_answer_is_asked_for_again(bench: Bench) -> None:
    bench.store("a", b"right")
    damaged = bench.storage.containers["box"].blobs["a"]

    def damage(operation: str) -> None:
        if operation == "read_blob":
            damaged.content = b"wrong" if bench.faults.calls[operation] == 1 else b"right"

    bench.faults.before_call = damage
    bench.download("a")
    assert bench.faults.calls["read_blob"] == 2
    assert bench.out() == {"a": b"right"}


def test_a_damaged_large_download_leaves_nothing(bench: Bench) -> None:
    bench.storage.store("box", "a", _noise(LARGE), b"0123456789abcdef")
    with pytest.raises(ServiceFault, match="damaged"):
        bench.download("a")
    assert bench.out() == {}


def test_what_lies_there_is_not_fetched_again(bench: Bench) -> None:
    bench.store("a", b"content")
    bench.download("a")
    bench.faults.calls.clear()
    (done,) = bench.download("a")
    assert done.was_there
    assert bench.faults.calls["read_blob"] == 0


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("rename", {"a.txt": b"mine", "a~2.txt": b"theirs"}),
        ("skip", {"a.txt": b"mine"}),
        ("overwrite", {"a.txt": b"theirs"}),
        ("newer", {"a.txt": b"theirs"}),
    ],
)
@pytest.mark.parametrize("has_md5", [True, False])
def test_a_different_file_in_the_way(
    bench: Bench, policy: ConflictPolicy, expected: dict[str, bytes], has_md5: bool
) -> None:
    os.utime(bench.file("out/a.txt", b"mine"), (1.0, 1.0))
    bench.storage.store("box", "a.txt", b"theirs", hashlib.md5(b"theirs").digest() if has_md5 else None)
    for _ in range(3):
        bench.download("a.txt", policy=policy)
        assert bench.out() == expected


def test_a_newer_file_of_ours_is_kept(bench: Bench) -> None:
    path = bench.file("out/a.txt", b"mine")
    bench.store("a.txt", b"theirs")
    later = bench.clock.now_s() + 60
    os.utime(path, (later, later))
    (done,) = bench.download("a.txt", policy="newer")
    assert (bench.out(), done.was_there) == ({"a.txt": b"mine"}, True)


def test_a_folder_in_a_files_place_is_left(bench: Bench) -> None:
    (bench.folder / "out" / "a").mkdir(parents=True)
    bench.store("a", b"theirs")
    bench.download("a", policy="overwrite")
    assert bench.out() == {"a~2": b"theirs"}


def test_a_file_in_a_folders_place_is_said(bench: Bench) -> None:
    bench.file("out/a", b"mine")
    bench.store("a/b", b"theirs")
    with pytest.raises(LocalError, match="file is in the way"):
        bench.download("a/b")


def test_a_planted_link_is_not_followed(bench: Bench) -> None:
    victim = bench.file("victim", b"precious")
    bench.store("a", b"theirs")
    (bench.folder / "out").mkdir()
    (bench.folder / "out" / "a").symlink_to(victim)
    bench.download("a")
    assert victim.read_bytes() == b"precious"
    assert (bench.folder / "out" / "a~2").read_bytes() == b"theirs"


def test_what_a_killed_attempt_left_is_removed(bench: Bench) -> None:
    bench.file("out/.run.partial/old/0", b"half")
    bench.store("a", b"whole")
    bench.download("a")
    assert bench.out() == {"a": b"whole"}


def test_a_name_of_the_longest_kind_fits(bench: Bench) -> None:
    name = "n" * 251 + ".txt"
    bench.store(name, b"content")
    bench.download(name)
    assert bench.out() == {name: b"content"}


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda _: None, InputError),
        (lambda path: path.mkdir(), InputError),
        (lambda path: os.mkfifo(path), InputError),
        (lambda path: path.symlink_to(path), LocalError),
    ],
    ids=["missing", "folder", "pipe", "loop"],
)
def test_what_cannot_be_uploaded_is_named(tmp_path: Path, make: object, error: type[BatchTuiError]) -> None:
    path = tmp_path / "odd name"
    assert callable(make)
    make(path)
    with pytest.raises(error, match="odd name"):
        look_at("box", "a", path)


def test_a_name_with_a_nul_is_bad_input() -> None:
    with pytest.raises(InputError, match="cannot be used"):
        look_at("box", "a", Path("a\0b"))


@pytest.mark.parametrize(
    ("problem", "title"),
    [
        (PermissionError(13, "no"), "Permission denied"),
        (OSError(28, "full"), "The disk is full"),
        (OSError(30, "ro"), "A read-only file system"),
        (NotADirectoryError(20, "no"), "A file is in the way"),
        (OSError(5, "Input/output error"), "The file system refuses"),
    ],
)
def test_what_the_system_refuses_is_named(problem: OSError, title: str) -> None:
    with pytest.raises(LocalError, match="/some/file") as caught, local_error("/some/file", "written"):
        raise problem
    assert caught.value.title == title == translated(problem, "/some/file", "written").title


def test_a_destination_may_be_new_but_not_a_file(tmp_path: Path) -> None:
    check_destination(tmp_path / "new" / "folder")
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="is not a folder"):
            check_destination(path)


def test_no_more_workers_than_items() -> None:
    names: set[str] = set()

    def note(_: int) -> None:
        names.add(threading.current_thread().name)

    list(in_parallel(range(2), note, workers=24, name="t", stop=threading.Event()))
    assert len(names) <= 2


def test_work_runs_in_parallel() -> None:
    """Each item waits for all the others to have begun: one worker alone would wait for ever."""
    together = threading.Barrier(8, timeout=10)
    outcomes = in_parallel(range(8), lambda _: together.wait(), workers=8, name="t", stop=threading.Event())
    assert sorted(outcome.result for outcome in outcomes if outcome.result is not None) == list(range(8))


def test_a_stop_leaves_a_hanging_call_behind() -> None:
    stop, release = threading.Event(), threading.Event()

    def hang(_: int) -> bool:
        stop.set()
        return release.wait(30)

    with pytest.raises(Interrupted):
        list(in_parallel(range(4), hang, workers=2, name="t", stop=stop))
    release.set()


def test_a_defect_in_a_worker_reaches_the_consumer() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_parallel([0], lambda item: 1 // item, workers=2, name="t", stop=threading.Event()))


def test_items_are_drawn_only_as_workers_become_free() -> None:
    drawn: list[int] = []
    enough, stop = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        for item in range(1_000):
            drawn.append(item)
            yield item

    outcomes = in_parallel(items(), lambda item: item == 0 or enough.wait(30), workers=3, name="t", stop=stop)
    next(outcomes)
    assert len(drawn) <= 4
    stop.set()
    enough.set()
    with pytest.raises(Interrupted):
        list(outcomes)
