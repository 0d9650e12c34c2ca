"""How soon the program answers, against what it cannot do without: its own libraries' import."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tests.perf.figures import Figure, Line, command, in_turns, milliseconds

_WIDGETS = "Button, DataTable, DirectoryTree, Footer, Header, Input, Label, RichLog, Select, Static"


def version() -> Iterable[Line]:
    """`--version` in a fresh process against importing click alone."""
    median = in_turns(
        {
            "click": command([sys.executable, "-c", "import click"]),
            "version": command([sys.executable, "-m", "tui.cli", "--version"]),
        },
        rounds=15,
    )
    yield Figure(
        "batch-tui --version / import click",
        median["version"] / median["click"],
        1.3,
        note=f"{milliseconds(median['version'])} / {milliseconds(median['click'])}",
    )


def first_paint() -> Iterable[Line]:
    """The first painted frame of the user interface against importing Textual and its widgets."""
    median = in_turns(
        {
            "textual": command([sys.executable, "-c", f"import textual.app; from textual.widgets import {_WIDGETS}"]),
            "paint": command([sys.executable, "-m", "tests.perf.first_paint"]),
        },
        rounds=7,
    )
    yield Figure(
        "first paint / import textual and widgets",
        median["paint"] / median["textual"],
        1.6,
        note=f"{milliseconds(median['paint'])} / {milliseconds(median['textual'])}",
    )
