"""Paths of a command line become inputs, or one error that names what is wrong with them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tui.commands.inputs import choose_files
from tui.core.errors import InputError
from tui.core.workloads import FFMPEG_MP3, TOP_WORDS, Workload


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(*paths: str, workload: Workload = TOP_WORDS) -> InputError:
    with pytest.raises(InputError) as caught:
        choose_files(paths, workload)
    assert caught.value.exit_code == 2
    return caught.value


def test_files_keep_their_order_and_become_absolute(folder: Path) -> None:
    (folder / "b.txt").write_text("bb")
    (folder / "a.txt").write_text("")
    chosen = choose_files(["b.txt", "./a.txt"], TOP_WORDS)
    assert [(choice.local_path, choice.size_bytes) for choice in chosen] == [
        (str(folder / "b.txt"), 2),
        (str(folder / "a.txt"), 0),
    ]


def test_a_file_given_twice_is_one_input(folder: Path) -> None:
    (folder / "a.txt").write_text("a")
    (folder / "sub").mkdir()
    chosen = choose_files(["a.txt", "./a.txt", str(folder / "a.txt"), "sub/../a.txt"], TOP_WORDS)
    assert [choice.local_path for choice in chosen] == [str(folder / "a.txt")]


def test_a_link_is_an_input_by_its_own_name(folder: Path) -> None:
    (folder / "b.txt").write_text("b")
    (folder / "a.txt").symlink_to("b.txt")
    chosen = choose_files(["a.txt", "b.txt", "a.txt"], TOP_WORDS)
    assert [choice.local_path for choice in chosen] == [str(folder / "a.txt"), str(folder / "b.txt")]


def test_the_folder_above_a_link_is_the_one_that_holds_what_it_leads_to(folder: Path) -> None:
    (folder / "a.txt").write_text("here")
    (folder / "far" / "below").mkdir(parents=True)
    (folder / "far" / "a.txt").write_text("far away")
    (folder / "link").symlink_to("far/below")
    (chosen,) = choose_files(["link/../a.txt"], TOP_WORDS)
    assert (chosen.local_path, chosen.size_bytes) == (os.path.realpath(folder / "far" / "a.txt"), 8)


def test_links_below_a_folder_count_as_files_and_lead_to_no_other_folder(folder: Path) -> None:
    clips = folder / "clips"
    clips.mkdir()
    (clips / "b.mp4").write_bytes(b"v")
    (clips / "a.mp4").symlink_to("b.mp4")
    (clips / "round").symlink_to(clips)
    chosen = choose_files(["clips", "clips/b.mp4"], FFMPEG_MP3)
    assert [choice.local_path for choice in chosen] == [str(clips / "a.mp4"), str(clips / "b.mp4")]


def test_odd_names_are_names(folder: Path) -> None:
    names = [
        "-n",
        "$(touch pwned)",
        "new\nline",
        "quo'te\"s",
        "ünï.txt",
        "x" * 255,
        os.fsdecode(b"\xff.txt"),
        ".hidden",
    ]
    for name in names:
        (folder / name).write_text("x")
    chosen = choose_files(names, TOP_WORDS)
    assert [choice.local_path for choice in chosen] == [str(folder / name) for name in names]


def test_missing_files_are_named_and_counted(folder: Path) -> None:
    (folder / "a.txt").write_text("a")
    error = refusal("a.txt", *(f"no-{number}" for number in range(7)), "a.txt/below")
    assert error.what == "'no-0', 'no-1', 'no-2' and 5 more paths do not exist"


def test_every_kind_of_trouble_is_in_one_error(folder: Path) -> None:
    (folder / "sub").mkdir()
    with socket.socket(socket.AF_UNIX) as special:
        special.bind("special")
        error = refusal("gone", "sub", "special")
    assert error.what.splitlines() == [
        "'gone' does not exist",
        "'sub' is a folder",
        "'special' is not a regular file",
    ]
    assert "FOLDER/*.txt" in error.hint


def test_a_device_is_refused_unread(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert refusal("pipe", "/dev/null").what == "'pipe', '/dev/null' are not regular files"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(folder: Path) -> None:
    (folder / "a.txt").write_text("a")
    (folder / "a.txt").chmod(0)
    assert refusal("a.txt").what == "'a.txt' cannot be read"


def test_a_link_to_itself_cannot_be_read(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    assert refusal("loop").what == "'loop' cannot be read"


def test_a_folder_gives_its_videos_sorted_and_without_hidden_ones(folder: Path) -> None:
    for name in ("z/1.mp4", "a/2.MP4", "a/.hidden.mp4", ".git/3.mp4", "a/notes.txt", "0.mp4"):
        path = folder / "clips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"v")
    chosen = choose_files(["clips", "clips/a/2.MP4"], FFMPEG_MP3)
    assert [os.path.relpath(choice.local_path or "", folder / "clips") for choice in chosen] == [
        "0.mp4",
        "a/2.MP4",
        "z/1.mp4",
    ]


def test_a_folder_without_videos_says_so(folder: Path) -> None:
    (folder / "clips").mkdir()
    error = refusal("clips", workload=FFMPEG_MP3)
    assert error.what == "'clips' holds no such input"
    assert ".mp4" in error.hint


def test_a_broken_link_below_a_folder_is_named(folder: Path) -> None:
    (folder / "clips").mkdir()
    (folder / "clips" / "gone.mp4").symlink_to("nowhere")
    assert refusal("clips", workload=FFMPEG_MP3).what == "'clips/gone.mp4' does not exist"
