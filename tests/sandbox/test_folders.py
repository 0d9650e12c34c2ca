"""Paths whose steps are links lead nowhere: nothing behind them is read, filled, moved or removed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.sandbox import folders

USES: dict[str, Callable[[Path], object]] = {
    "read": lambda folder: folders.open_file(folder / "file"),
    "write": lambda folder: folders.create_file(folder / "file"),
    "make": lambda folder: folders.make(folder / "new"),
    "make below": lambda folder: folders.make(folder / "new" / "newer"),
    "remove a file": lambda folder: folders.remove(folder / "file"),
    "remove a folder": lambda folder: folders.remove(folder / "sub"),
    "move from": lambda folder: folders.move(folder / "sub", folder.parent / "moved"),
    "move to": lambda folder: folders.move(folder.parent / "own", folder / "moved"),
}


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder of somebody else's."""
    folder = tmp_path / "foreign"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("deep")
    (folder / "file").write_text("foreign")
    return folder


@pytest.fixture
def node(tmp_path: Path) -> Path:
    folder = tmp_path / "node"
    (folder / "own").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("depth", [1, 2])
def test_no_step_may_be_a_link(foreign: Path, node: Path, use: Callable[[Path], object], depth: int) -> None:
    before = tree(foreign)
    (node / "link").symlink_to(foreign if depth == 1 else foreign.parent)
    with pytest.raises(NotADirectoryError):
        use(node / "link" if depth == 1 else node / "link" / "foreign")
    assert tree(foreign) == before
    assert not (node / "moved").exists()


@pytest.mark.parametrize("place", ["link to a folder", "link to a file", "dangling", "pipe", "file"])
def test_what_is_in_a_folders_place_makes_way(foreign: Path, node: Path, place: str) -> None:
    before = tree(foreign)
    put(node / "own" / "wd", place, foreign)
    assert folders.make(node / "own" / "wd")
    assert stat.S_IMODE((node / "own" / "wd").lstat().st_mode) == 0o700
    assert not folders.make(node / "own" / "wd")
    assert tree(foreign) == before


@pytest.mark.parametrize("place", ["link to a folder", "link to a file", "dangling", "pipe", "file"])
def test_whatever_lies_there_is_removed_and_nothing_behind_it(foreign: Path, node: Path, place: str) -> None:
    before = tree(foreign)
    put(node / "own" / "wd", place, foreign)
    folders.remove(node / "own" / "wd")
    put(node / "own" / "wd", place, foreign)
    folders.remove(node / "own")
    assert os.listdir(node) == []
    assert tree(foreign) == before


@pytest.mark.parametrize("place", ["link to a file", "dangling", "pipe", "file", "hard link"])
def test_a_file_is_written_anew_whatever_had_its_name(foreign: Path, node: Path, place: str) -> None:
    before = tree(foreign)
    put(node / "own" / "stdout.txt", place, foreign)
    with open(folders.create_file(node / "own" / "stdout.txt"), "w") as file:
        file.write("new")
    with open(folders.open_file(node / "own" / "stdout.txt")) as file:
        assert file.read() == "new"
    assert tree(foreign) == before


@pytest.mark.parametrize("place", ["link to a folder", "link to a file", "dangling", "pipe"])
def test_only_a_file_is_read(foreign: Path, node: Path, place: str) -> None:
    put(node / "own" / "x", place, foreign)
    with pytest.raises(OSError, match=r"x|regular"):
        folders.open_file(node / "own" / "x")


def test_folders_above_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        assert folders.make(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(mask)
    for folder in ("a", "a/b", "a/b/c"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700


def put(path: Path, place: str, foreign: Path) -> None:
    """Something in a file's or a folder's place."""
    if place == "link to a folder":
        path.symlink_to(foreign)
    elif place == "link to a file":
        path.symlink_to(foreign / "file")
    elif place == "dangling":
        path.symlink_to(foreign / "none")
    elif place == "pipe":
        os.mkfifo(path)
    elif place == "hard link":
        os.link(foreign / "file", path)
    else:
        path.write_text("mine")
