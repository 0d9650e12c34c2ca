"""Own files: whole or not at all, for their owner only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tui.core.errors import LocalError
from tui.gateways.folders import made, read_whole, write_whole


def test_every_folder_made_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = made(tmp_path / "a" / "b")
    assert [stat.S_IMODE(part.stat().st_mode) for part in (folder, folder.parent)] == [0o700, 0o700]
    assert made(folder) == folder


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert read_whole(path) == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["file"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(LocalError, match="writing"):
        write_whole(tmp_path / "target", b"content")
    assert os.listdir(tmp_path) == ["target"]


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(LocalError, match="making the folder"):
            made(folder)
    with pytest.raises(LocalError, match="reading"):
        read_whole(tmp_path / "file" / "below")


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_whole(tmp_path / "none") is None
