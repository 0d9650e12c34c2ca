"""Signals, keys and closed windows on the real program: journal whole, terminal given back, run resumable."""

from __future__ import annotations

import json
import os
import signal
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Machine, Program
from tests.cli.test_terminal import Terminal
from tests.cli.texts import outputs_below, write_texts
from tui.sandbox import control

pytestmark = pytest.mark.slow

_ALTERNATE_SCREEN, _NORMAL_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
_HIDE_CURSOR, _SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
_TASKS_ARE_IN = b"  tasks       done"
_SIGNALS = [signal.SIGTERM, signal.SIGHUP]


class Window(Terminal):
    """A terminal whose program is sent signals, and which can be closed."""

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
        super().__init__(arguments, folder, environment)
        self._is_open = True
        # The program takes a while before it changes anything.
        self._settings_before = termios.tcgetattr(self._ours)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def send_until_it_ends(self, number: signal.Signals) -> int:
        """Sends it again and again, so that each moment of leaving meets one. The exit code."""
        while self._process.poll() is None:
            self._process.send_signal(number)
            self._read(0.001)
        return self.exit_code()

    def hang_up(self) -> int:
        """Closes the window: the system tells the program. Its exit code."""
        os.close(self._ours)
        self._is_open = False
        return self._process.wait(30)

    @property
    def left_behind(self) -> list[str]:
        """What is not as the shell had it: its screen, the cursor shown, keys echoed; nothing where all is."""
        has = {
            "its own screen": self.shown.count(_ALTERNATE_SCREEN) != self.shown.count(_NORMAL_SCREEN),
            "a hidden cursor": self.shown.rfind(_SHOW_CURSOR) < self.shown.rfind(_HIDE_CURSOR),
            "other settings": termios.tcgetattr(self._ours) != self._settings_before,
        }
        return [f"{name}, last shown {self.shown[-600:]!r}" for name, is_so in has.items() if is_so]

    def close(self) -> None:
        if self._is_open:
            super().close()


Open = Callable[..., Window]


@pytest.fixture
def open_window(machine: Machine, tmp_path: Path) -> Iterator[Open]:
    opened: list[Window] = []

    def open_one(*arguments: str) -> Window:
        opened.append(Window(list(arguments), tmp_path, machine.environment))
        return opened[-1]

    yield open_one
    for window in opened:
        window.close()


@pytest.fixture
def run_window(open_window: Open, tmp_path: Path) -> Window:
    """A run on a terminal; its tasks are submitted and wait a while."""
    write_texts(tmp_path, ["a.txt"])
    window = open_window("run", "top-words", "a.txt", "--sandbox", "--nodes", "1", "--delay", "2")
    window.wait_for(_TASKS_ARE_IN)
    return window


@pytest.fixture
def interface(open_window: Open) -> Window:
    """The user interface, painted."""
    window = open_window("demo")
    window.wait_for(_ALTERNATE_SCREEN)
    window.wait_for(b"Quit")
    return window


def _check_goes_on(program: Program, folder: Path) -> None:
    """The journal knows the run, and resuming it ends it."""
    run = json.loads(program("runs", "list", "--json").stdout)[0]
    assert str(run["state"]).startswith("interrupted")
    resumed = program("runs", "resume", run["run"])
    assert resumed.code == 0, resumed.stdout + resumed.stderr
    assert [path.name for path in outputs_below(folder / run["run"])] == ["a_OUTPUT.txt"]


@pytest.mark.parametrize("number", _SIGNALS, ids=lambda number: number.name)
def test_a_signal_stops_the_watching_and_says_so(
    run_window: Window, program: Program, tmp_path: Path, number: signal.Signals
) -> None:
    run_window.send(number)
    assert run_window.exit_code() == 130
    assert b"the run goes on by itself" in run_window.shown
    assert run_window.left_behind == []
    _check_goes_on(program, tmp_path)


def test_a_closed_window_leaves_a_whole_journal(run_window: Window, program: Program, tmp_path: Path) -> None:
    assert run_window.hang_up() == 130
    _check_goes_on(program, tmp_path)


def test_ctrl_c_twice_leaves_at_once_while_a_call_hangs(
    run_window: Window, machine: Machine, program: Program, tmp_path: Path
) -> None:
    """The sandbox is frozen, so that stopping waits for an answer that does not come."""
    sandbox = control.status(machine.sandbox_folder).pid
    assert sandbox is not None
    os.kill(sandbox, signal.SIGSTOP)
    try:
        run_window.type(b"\x03")
        run_window.wait_for(b"press Ctrl+C once more")
        run_window.type(b"\x03")
        assert run_window.exit_code() == 130
    finally:
        os.kill(sandbox, signal.SIGCONT)
    assert run_window.left_behind == []
    assert b"Traceback" not in run_window.shown
    _check_goes_on(program, tmp_path)


@pytest.mark.parametrize("number", _SIGNALS, ids=lambda number: number.name)
def test_the_interface_gives_the_terminal_back(interface: Window, number: signal.Signals) -> None:
    interface.send(number)
    assert interface.exit_code() == 130
    assert interface.left_behind == []
    assert b"Traceback" not in interface.shown


@pytest.mark.parametrize("number", _SIGNALS, ids=lambda number: number.name)
def test_the_interface_leaves_in_order_however_often_it_is_told(interface: Window, number: signal.Signals) -> None:
    assert interface.send_until_it_ends(number) == 130
    assert interface.left_behind == []
    assert b"Traceback" not in interface.shown


def test_ctrl_c_held_down_leaves_as_twice_does(run_window: Window, program: Program, tmp_path: Path) -> None:
    assert run_window.send_until_it_ends(signal.SIGINT) == 130
    assert run_window.left_behind == []
    assert b"Traceback" not in run_window.shown
    _check_goes_on(program, tmp_path)


def test_the_interface_ends_with_its_window(interface: Window) -> None:
    assert interface.hang_up() == 130
