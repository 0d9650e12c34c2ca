"""Lines for a terminal: broken at spaces alone, labels kept clear, commands and paths whole."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios

from tui.console.line_wrap import wrapped
from tui.console.safe_text import Output

WIDTH = 40


def test_what_fits_stays_as_it_is() -> None:
    line = "  Elapsed  " + "x" * (WIDTH - 11)
    assert wrapped(line, WIDTH) == [line]


def test_words_are_never_broken_and_none_is_lost() -> None:
    line = "the sandbox runs the commands of tasks as root, and it is no security boundary"
    lines = wrapped(line, WIDTH)
    assert lines == ["the sandbox runs the commands of tasks", "as root, and it is no security boundary"]


def test_what_follows_a_label_stays_right_of_it() -> None:
    lines = wrapped("  Outputs  4 files, 1.0 KB, in /srv/results/top-words", WIDTH)
    assert lines == ["  Outputs  4 files, 1.0 KB, in", "           /srv/results/top-words"]


def test_every_label_of_a_transcript_line_counts() -> None:
    width = 60
    lines = wrapped("13:03:40  monitor   topword-00001 failed with exit code 3 (a long name.txt)", width)
    assert lines == ["13:03:40  monitor   topword-00001 failed with exit code 3 (a", " " * 20 + "long name.txt)"]


def test_a_command_is_whole_where_it_fits_a_line() -> None:
    lines = wrapped("  the run goes on: `batch-tui runs resume RUN` fetches it", WIDTH)
    assert lines == ["  the run goes on:", "    `batch-tui runs resume RUN` fetches", "    it"]
    assert wrapped("say `one two three four`", 12) == ["say `one two", "three four`"]


def test_a_word_wider_than_the_terminal_is_left_where_it_is() -> None:
    path = "/" + "p" * WIDTH
    assert wrapped(f"  log      {path} and more", WIDTH) == [f"  log      {path}", "           and more"]


def test_wide_letters_take_two_columns() -> None:
    assert wrapped("港港港港 港港港港", 10) == ["港港港港", "港港港港"]


def test_a_terminal_is_given_lines_it_need_not_break_and_a_pipe_is_not() -> None:
    line = " ".join(["word"] * 40)
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8") as stream:
        Output(stream).line(line)
    with open(reader, encoding="utf-8") as stream:
        assert stream.read() == line + "\n"
    controller, terminal = pty.openpty()
    with open(terminal, "w", encoding="utf-8") as stream:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
        Output(stream).line(line)
        told = os.read(controller, 4096).decode()
    os.close(controller)
    assert max(len(row) for row in told.split("\r\n")) <= WIDTH
    assert told.split() == line.split()
