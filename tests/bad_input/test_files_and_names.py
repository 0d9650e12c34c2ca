"""Bad input: files and their names. Odd names are no bad input: they are planned as they are, and shown harmlessly."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.bad_input.table import Place, Prepare, Row, check, file, rows

RUN = ("run", "top-words", "--sandbox", "--plan-only", "--")
CLIPS = ("run", "ffmpeg-mp3", "--sandbox", "--plan-only", "--")


def link(name: str, target: str) -> Prepare:
    return lambda place: (place.folder / name).symlink_to(target)


def fifo(place: Place) -> None:
    os.mkfifo(place.folder / "pipe")


def unix_socket(place: Place) -> None:
    with socket.socket(socket.AF_UNIX) as special:
        here = os.getcwd()
        os.chdir(place.folder)
        special.bind("special")
        os.chdir(here)


def folder(name: str) -> Prepare:
    return lambda place: (place.folder / name).mkdir()


def sparse(place: Place) -> None:
    with (place.folder / "huge.txt").open("wb") as made:
        made.truncate(10 * 1024**4)


REFUSED = rows(
    Row("a file that is missing", (*RUN, "gone.txt"), "'gone.txt' does not exist"),
    Row("an empty name", (*RUN, ""), "'' does not exist"),
    Row("a name of 256 bytes", (*RUN, "x" * 256), "cannot be read"),
    Row("a path of 5,000 bytes", (*RUN, "d/" * 2_500 + "x"), "cannot be read"),
    Row("a NUL in a name", (*RUN, "a\0b"), "cannot be read"),
    Row("a folder", (*RUN, "sub"), ("'sub' is a folder", "FOLDER/*.txt"), prepare=folder("sub")),
    Row("a file taken for a folder", (*RUN, "a.txt/b.txt"), "'a.txt/b.txt' does not exist"),
    Row("a file with a slash behind it", (*RUN, "a.txt/"), "'a.txt/' does not exist"),
    Row("a dangling link", (*RUN, "link"), "'link' does not exist", prepare=link("link", "nowhere")),
    Row("a link to itself", (*RUN, "loop"), "'loop' cannot be read", prepare=link("loop", "loop")),
    Row("a pipe", (*RUN, "pipe"), "'pipe' is not a regular file", prepare=fifo),
    Row("a socket", (*RUN, "special"), "'special' is not a regular file", prepare=unix_socket),
    Row("a device", (*RUN, "/dev/zero"), "'/dev/zero' is not a regular file"),
    Row("a process's own memory", (*RUN, "/proc/self/mem", "gone"), "'gone' does not exist"),
    Row("control sequences in a missing name", (*RUN, "\x1b]0;owned\x07\x9b2J\u202egone"), "does not exist"),
    Row("a line break in a missing name", (*RUN, "two\nlines"), "'two\\nlines' does not exist"),
    Row("a name that is no UTF-8", (*RUN, os.fsdecode(b"gone-\xff")), "does not exist"),
    Row("a thousand missing files", (*RUN, *(f"g{number}" for number in range(1_000))), "and 997 more paths"),
    Row("a text for the clips", (*CLIPS, "a.txt"), "a.txt is not .mp4"),
    Row("a folder without clips", (*CLIPS, "sub"), "'sub' holds no such input", prepare=folder("sub")),
    Row("a glob that the shell left", (*RUN, "*.log"), "'*.log' does not exist"),
    Row("no input at all", RUN, "no input was chosen"),
)

PLANNED = rows(
    Row("an empty file", (*RUN, "e"), ("1 file, 0 B", "--filepath=e "), 0, file("e", b"")),
    Row("a file of ten terabytes", (*RUN, "huge.txt"), "10 TB", 0, sparse),
    Row("a name with a space", (*RUN, "a b"), "'--filepath=a b'", 0, file("a b")),
    Row("quotes", (*RUN, "q'\"q"), """'--filepath=q'"'"'"q'""", 0, file("q'\"q")),
    Row("a substitution", (*RUN, "$(touch pwned)"), "'--filepath=$(touch pwned)'", 0, file("$(touch pwned)")),
    Row("a semicolon", (*RUN, "; rm -rf x"), "'--filepath=; rm -rf x'", 0, file("; rm -rf x")),
    Row("a dash in front", (*RUN, "--words=9"), "--filepath=--words=9", 0, file("--words=9")),
    Row("a line break", (*RUN, "two\nlines"), "--filepath=two%0Alines", 0, file("two\nlines")),
    Row("an escape sequence", (*RUN, "\x1b[31mred"), "'--filepath=%1B[31mred'", 0, file("\x1b[31mred")),
    Row("bytes that are no text", (*RUN, os.fsdecode(b"\xff.txt")), "--filepath=", 0, file(os.fsdecode(b"\xff.txt"))),
    Row("255 bytes", (*RUN, "é" * 127), "1 file", 0, file("é" * 127)),
    Row("a brace", (*RUN, "{input}"), "--filepath={input}", 0, file("{input}")),
    Row("a name that climbs", (*RUN, "sub/../a.txt"), "--filepath=a.txt", 0, folder("sub")),
    Row("the same file twice", (*RUN, "a.txt", "./a.txt"), "1 file", 0),
    Row("names that differ by case", (*RUN, "A.TXT", "a.txt"), "2 files", 0, file("A.TXT")),
    Row("content that is no text", (*RUN, "bin"), "1 file, 4 B", 0, file("bin", b"\0\xff\xfe\x80")),
)


@REFUSED
def test_what_cannot_be_an_input_is_said(row: Row, tmp_path: Path, own_home: Path) -> None:
    check(row, tmp_path, own_home)


@PLANNED
def test_any_name_and_content_is_an_input(row: Row, tmp_path: Path, own_home: Path) -> None:
    check(row, tmp_path, own_home)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_the_right_to_read_it(tmp_path: Path, own_home: Path) -> None:
    def locked(place: Place) -> None:
        file("secret")(place)
        (place.folder / "secret").chmod(0)

    check(Row("no right", (*RUN, "secret"), "'secret' cannot be read", prepare=locked), tmp_path, own_home)
