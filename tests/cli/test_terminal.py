"""The program on a terminal of its own: what a person sees, and that the terminal is given back as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Machine
from tests.cli.process import PROGRAM
from tests.cli.texts import outputs_below, write_texts

pytestmark = pytest.mark.slow

_LIMIT_S = 60.0
_ALTERNATE_SCREEN, _NORMAL_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
_HIDE_CURSOR, _SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"


def _take_terminal() -> None:
    """In the child: its stdin is the terminal that controls it, so that Ctrl+C reaches it as a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A pseudo-terminal of 120×40 with the program in it."""

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, 120))
        self.shown = b""
        self._process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=folder,
            env={**os.environ, **environment, "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def wait_for(self, text: bytes, count: int = 1) -> None:
        until = time.monotonic() + _LIMIT_S
        while self.shown.count(text) < count:
            assert time.monotonic() < until, f"{text!r} never came: {self.shown[-2_000:]!r}"
            assert self._read(0.1), f"it ended without {text!r}: {self.shown[-2_000:]!r}"

    def type_until(self, keys: bytes, text: bytes) -> None:
        """Types `keys` again and again: a screen that is still being built takes none."""
        until = time.monotonic() + _LIMIT_S
        while text not in self.shown:
            self.type(keys)
            pause_until = time.monotonic() + 1.0
            while text not in self.shown and time.monotonic() < pause_until:
                assert self._read(0.1), f"it ended without {text!r}: {self.shown[-2_000:]!r}"
            assert time.monotonic() < until, f"{text!r} never came: {self.shown[-2_000:]!r}"

    def exit_code(self) -> int:
        while self._read(1.0):
            pass
        return self._process.wait(_LIMIT_S)

    def exit_code_or_quit(self) -> int:
        """Types `q` now and then until it leaves: what is open takes the first ones."""
        until = time.monotonic() + _LIMIT_S
        while self._read(0.5):
            if self._process.poll() is None and not select.select([self._ours], [], [], 0)[0]:
                self.type(b"q")
            assert time.monotonic() < until, f"it did not leave: {self.shown[-2_000:]!r}"
        return self._process.wait(_LIMIT_S)

    def _read(self, timeout_s: float) -> bool:
        """Whether there may be more to come."""
        has_ended = self._process.poll() is not None  # asked first: its last words may come while nothing is there yet
        if not select.select([self._ours], [], [], timeout_s)[0]:
            return not has_ended
        try:
            piece = os.read(self._ours, 65_536)
        except OSError:  # Linux says so when the other side has closed
            return False
        self.shown += piece
        return bool(piece)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_LIMIT_S)
        os.close(self._ours)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_the_demo_opens_its_review_starts_and_leaves_with_its_summary(
    machine: Machine, tmp_path: Path, terminals: list[Terminal]
) -> None:
    terminal = Terminal(["demo", "--delay", "0"], tmp_path, machine.environment)
    terminals.append(terminal)
    terminal.wait_for(_ALTERNATE_SCREEN)
    terminal.wait_for(b"Nothing has been created yet")
    terminal.type(b"\r")
    terminal.wait_for(b"all 4 tasks succeeded")
    assert terminal.exit_code_or_quit() == 0
    on_the_shell = terminal.shown.rpartition(_NORMAL_SCREEN)[2].decode()
    assert "all 4 tasks succeeded" in on_the_shell
    costs = "nothing costs on the sandbox; on Azure its nodes would, by the hour"
    assert costs in " ".join(on_the_shell.split())
    assert on_the_shell.count("by the hour") == 1, "and nothing else is said to cost"
    assert "batch-tui runs clean top-words-" in on_the_shell
    (folder,) = tmp_path.iterdir()
    assert len(outputs_below(folder)) == 4


def test_a_run_shows_live_lines_and_asks_before_it_deletes(
    machine: Machine, tmp_path: Path, terminals: list[Terminal]
) -> None:
    write_texts(tmp_path, ["a.txt"])
    arguments = ["run", "top-words", "a.txt", "--sandbox", "--nodes", "1", "--delete", "pool"]
    terminal = Terminal(arguments, tmp_path, machine.environment)
    terminals.append(terminal)
    terminal.wait_for(b"[Y/n]")
    terminal.type(b"n\n")
    assert terminal.exit_code() == 0
    assert b"everything is kept" in terminal.shown
    assert _ALTERNATE_SCREEN not in terminal.shown
    assert terminal.shown.rfind(_SHOW_CURSOR) > terminal.shown.rfind(_HIDE_CURSOR) >= 0


def test_ctrl_c_stops_watching_with_the_cursor_shown(
    machine: Machine, tmp_path: Path, terminals: list[Terminal]
) -> None:
    write_texts(tmp_path, ["a.txt"])
    arguments = ["run", "top-words", "a.txt", "--sandbox", "--nodes", "1", "--delay", "30"]
    terminal = Terminal(arguments, tmp_path, machine.environment)
    terminals.append(terminal)
    terminal.wait_for(b"  tasks ")
    terminal.type(b"\x03")
    assert terminal.exit_code() == 130
    assert b"the run goes on by itself" in terminal.shown
    assert terminal.shown.rfind(_SHOW_CURSOR) > terminal.shown.rfind(_HIDE_CURSOR) >= 0
    assert b"Traceback" not in terminal.shown


def test_an_account_is_asked_for_with_its_keys_unseen(
    own_home: Path, tmp_path: Path, terminals: list[Terminal]
) -> None:
    key = b"YmF0Y2gga2V5IGJhdGNoIGtleSBiYXRjaCBrZXkh"
    terminal = Terminal(["accounts", "add"], tmp_path, {})
    terminals.append(terminal)
    for question, nth, answer in (
        (b"batch.azure.com: ", 1, b"http://plain.example.org"),
        (b"batch.azure.com: ", 2, b"mybatch.westeurope.batch.azure.com"),
        (b"Batch account name [mybatch]: ", 1, b""),
        (b"Batch key (not shown): ", 1, b"no key"),
        (b"Batch key (not shown): ", 2, key),
        (b"Storage account name: ", 1, b"mystore"),
        (b"Storage key (not shown): ", 1, key),
        (b"Azure's own): ", 1, b""),
        (b"ame of this account [mybatch]: ", 1, b"work"),
    ):
        terminal.wait_for(question, nth)
        terminal.type(answer + b"\n")
    assert terminal.exit_code() == 0
    assert b"plain http to plain.example.org" in terminal.shown
    assert b"it is not base64" in terminal.shown
    assert b"Account work is set up and the current one" in terminal.shown
    assert key not in terminal.shown
    assert b"no key" not in terminal.shown
    assert next(own_home.rglob("keys.json")).read_bytes().count(key) == 2
