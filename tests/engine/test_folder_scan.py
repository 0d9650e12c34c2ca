"""Reading real folders: everything once, nearest first, whatever the names, the links and the rights."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tui.core.input_listing import ListedFile, Listing, ListingBatch, ScanRequest
from tui.core.input_selection import InputSelection
from tui.engine import folder_scan
from tui.engine.folder_scan import complete_folder, read_folder, scan


def scanned(
    root: Path, *, enters_hidden: bool = False, batch_entries: int = 1_000, limit: int = 1_000_000
) -> list[ListingBatch]:
    batches: list[ListingBatch] = []
    request = ScanRequest((str(root),), enters_hidden)
    scan(request, batches.append, threading.Event(), batch_entries=batch_entries, limit_entries=limit)
    return batches


def listings(batches: list[ListingBatch]) -> list[Listing]:
    return [listing for batch in batches for listing in batch.listings]


def test_hundreds_of_files_arrive_in_batches_and_are_all_chosen(tmp_path: Path) -> None:
    for number in range(4):
        folder = tmp_path / f"folder{number}"
        folder.mkdir()
        for file in range(100):
            os.close(os.open(folder / f"f{file}.txt", os.O_CREAT | os.O_WRONLY))
    batches = scanned(tmp_path, batch_entries=100)
    assert len(batches) >= 4
    assert max(sum(len(listing.files) for listing in batch.listings) for batch in batches) <= 100
    assert [batch.is_over for batch in batches] == [False] * (len(batches) - 1) + [True]
    selection = InputSelection(str(tmp_path))
    for batch in batches:
        selection.take(batch)
    selection.mark_all()
    assert len(selection.files) == 400
    assert len(set(selection.files)) == 400
    assert selection.tree.unread_folders() == ()


def test_a_large_folder_comes_in_sorted_pieces(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for number in range(12):
        (tmp_path / f"f{number}").touch()
    pieces = list(read_folder(str(tmp_path), piece_entries=5))
    assert [piece.is_complete for piece in pieces] == [False, False, True]
    assert pieces[0].folders == ("sub",)
    assert [file.name for piece in pieces for file in piece.files] == [f"f{number}" for number in range(12)]
    empty = tmp_path / "sub"
    assert [(piece.files, piece.is_complete) for piece in read_folder(str(empty))] == [((), True)]


def test_folders_are_told_before_what_is_in_them_and_nearest_first(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "z").mkdir()
    found = [os.path.relpath(listing.path, tmp_path) for listing in listings(scanned(tmp_path))]
    assert found == [".", "a", "z", "a/b", "a/b/c"]


def test_links_are_told_and_never_followed(tmp_path: Path) -> None:
    target = tmp_path / "real.txt"
    target.write_text("four")
    (tmp_path / "again.txt").symlink_to(target)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (found,) = listings(scanned(tmp_path))
    files = {file.name: file for file in found.files}
    assert files["again.txt"] == ListedFile("again.txt", 4)
    assert "link to a folder" in files["loop"].trouble
    assert files["nowhere"].trouble == files["self"].trouble == "a link that leads nowhere"
    assert found.folders == ()


def test_odd_names_stay_what_they_are_on_disk(tmp_path: Path) -> None:
    names = [b"two\nlines", b"\x1b[31mred", b"bytes\xff\xfe", b"  spaces ", "größe".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    (found,) = listings(scanned(tmp_path))
    assert {os.fsencode(file.name) for file in found.files} == set(names)
    assert all(os.path.exists(os.path.join(found.path, file.name)) for file in found.files)


def test_a_deep_path_is_read(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*(["x" * 60] * 6))
    deep.mkdir(parents=True)
    (deep / "at-the-end.txt").write_text("here")
    found = listings(scanned(tmp_path))[-1]
    assert len(found.path) > 300
    assert found.files == (ListedFile("at-the-end.txt", 4),)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o000)
    (tmp_path / "secret.txt").touch(mode=0o000)
    top, closed = listings(scanned(tmp_path))
    assert top.files == (ListedFile("secret.txt", 0, "permission denied"),)
    assert closed.trouble == "permission denied"


def test_what_is_not_a_folder_and_what_is_gone_have_reasons(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    assert [listing.trouble for listing in read_folder(str(tmp_path / "gone"))] == ["no such folder"]
    assert [listing.trouble for listing in read_folder(str(tmp_path / "file"))] == ["not a folder"]
    assert [listing.trouble for listing in read_folder("/nul\0l")] == ["no such folder"]
    (found,) = read_folder(str(tmp_path))
    assert [file.trouble for file in found.files] == ["", "not a regular file"]
    assert folder_scan.reason_of(PermissionError(13, "no")) == "permission denied"


def test_hidden_folders_are_told_and_read_only_when_wanted(tmp_path: Path) -> None:
    (tmp_path / ".git" / "objects").mkdir(parents=True)
    assert [listing.folders for listing in listings(scanned(tmp_path))] == [(".git",)]
    assert len(listings(scanned(tmp_path, enters_hidden=True))) == 3


def test_a_scan_ends_at_its_limit_and_says_so(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}" / "f").touch()
    batches = scanned(tmp_path, limit=8)
    assert batches[-1].is_over
    assert batches[-1].is_cut_short
    assert len(listings(batches)) < 6
    assert not scanned(tmp_path)[-1].is_cut_short


def test_nothing_is_told_after_the_stop(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"d{number}").mkdir()
    stop = threading.Event()
    batches: list[ListingBatch] = []

    def publish(batch: ListingBatch) -> None:
        batches.append(batch)
        stop.set()

    scan(ScanRequest((str(tmp_path),)), publish, stop, batch_entries=5)
    assert len(batches) == 1


def test_a_scan_runs_on_a_thread_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    told, thread_names = threading.Event(), []

    def publish(batch: ListingBatch) -> None:
        thread_names.append(threading.current_thread().name)
        if batch.is_over:
            told.set()

    folder_scan.start_scan(ScanRequest((str(tmp_path),)), publish)
    assert told.wait(10)
    assert set(thread_names) == {"folder scan"}


def test_a_folder_is_completed_as_typed(tmp_path: Path, own_home: Path) -> None:
    for name in ("videos", "views", ".config"):
        (tmp_path / name).mkdir()
    (tmp_path / "visible.txt").touch()
    (own_home / "Films").mkdir()
    here = str(tmp_path)
    assert complete_folder("vi", here) == "videos/"
    assert complete_folder(f"{here}/vie", "/") == f"{here}/views/"
    assert complete_folder("", here) == "videos/"
    assert complete_folder("visible", here) is None
    assert complete_folder(".c", here) == ".config/"
    assert complete_folder("~/Fi", here) == "~/Films/"
    assert complete_folder("nothing/here", here) is None
