"""What has been loaded when the first frame is on the terminal: nothing of a service, and for Home little else."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.accounts import BATCH_KEY, STORAGE_KEY
from tui.sandbox import control

_LIMIT_S = 60.0

PROGRAM = """
import json, os, sys
from textual.app import App
from textual.screen import Screen
from tui.cli import main

paint = App._display

def painted(app, screen, renderable):
    paint(app, screen, renderable)
    if type(screen) is not Screen and renderable is not None:
        with open(sys.argv[1], "w") as told:
            json.dump([type(screen).__name__, sorted(sys.modules)], told)
        os._exit(0)

App._display = painted
main(sys.argv[2:])
"""
SERVICES = {"azure", "requests", "starlette", "uvicorn"}
HOME_IS_MADE_OF: Mapping[str, str] = {
    "tui": "bundled cli wiring",
    "tui.commands": "groups interface late open_accounts terminal",
    "tui.console": "interruption",
    "tui.core": "accounts arrangement columns errors presence redaction run_line table_model terminal_text units "
    "view_columns",
    "tui.engine": "clock exporting patience",
    "tui.gateways": "accounts folders secret_stores view_settings",
    "tui.sandbox": "errors",
    "tui.ui": "account_services app bindings blocking collector home_words run_services services signals text themes",
    "tui.ui.screens": "account_switch base home home_reading",
    "tui.ui.widgets": "key_fit key_line row_arranger table_painter title_line virtual_table",
}
"""Each further module makes every start longer: what is not on the first frame is imported once it is out."""
ACCOUNT = {
    "AZURE_BATCH_ACCOUNT": "mybatch",
    "AZURE_BATCH_ACCESS_KEY": BATCH_KEY,
    "AZURE_BATCH_ENDPOINT": "http://127.0.0.1:9",
    "AZURE_STORAGE_ACCOUNT": "mystore",
    "AZURE_STORAGE_KEY": STORAGE_KEY,
}


@pytest.fixture
def terminal() -> Iterator[int]:
    """The far side of a terminal of 120×40."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 120))
    yield theirs
    os.close(ours)
    os.close(theirs)


@pytest.fixture(autouse=True)
def no_sandbox_left(own_home: Path) -> Iterator[None]:
    """A demo begins to start one while its first frame is painted."""
    yield
    control.down(own_home / "state" / "batch-tui" / "sandbox")


@pytest.mark.parametrize(
    ("arguments", "environment", "screen"),
    [([], ACCOUNT, "HomeScreen"), ([], {}, "SetUpScreen"), (["demo"], {}, "NewRunScreen")],
    ids=["home", "first start", "demo"],
)
def test_nothing_of_a_service_comes_before_the_first_frame(
    terminal: int, tmp_path: Path, arguments: list[str], environment: Mapping[str, str], screen: str
) -> None:
    painted, modules = first_frame(terminal, tmp_path, arguments, environment)
    assert painted == screen
    assert "textual" in modules
    assert {name.partition(".")[0] for name in modules} & SERVICES == set()


def test_home_waits_for_nothing_that_it_does_not_show(terminal: int, tmp_path: Path) -> None:
    """Neither plans nor journals, which are read from then on, nor the screens that a key opens."""
    painted, modules = first_frame(terminal, tmp_path, [], ACCOUNT)
    assert painted == "HomeScreen"
    ours = {name for name in modules if name.partition(".")[0] == "tui"}
    listed = {f"{package}.{name}" for package, names in HOME_IS_MADE_OF.items() for name in names.split()}
    assert ours - listed - set(HOME_IS_MADE_OF) == set()
    assert listed - ours == set(), "the first frame no longer needs it: the list is shorter now"


def first_frame(
    terminal: int, tmp_path: Path, arguments: list[str], environment: Mapping[str, str]
) -> tuple[str, set[str]]:
    """The screen that was painted first, and every module that was loaded then."""
    told = tmp_path / "told.json"
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(told), *arguments],
        env={**os.environ, **environment, "TERM": "xterm-256color"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        check=True,
        timeout=_LIMIT_S,
    )
    painted, modules = json.loads(told.read_text())
    return painted, set(modules)
