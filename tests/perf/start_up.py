"""How soon the program answers, against what it cannot do without: its own libraries' import."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.perf.figures import Figure, Line, command, in_turns, milliseconds
from tests.perf.first_paint import compiled_environment, home_painted

_WIDGETS = "Button, DataTable, DirectoryTree, Footer, Header, Input, Label, RichLog, Select, Static"


def version() -> Iterable[Line]:
    """`--version` in a fresh process against importing click alone."""
    with TemporaryDirectory(prefix="batch-tui-perf-") as name:
        environment = compiled_environment(Path(name))
        median = in_turns(
            {
                "click": command([sys.executable, "-c", "import click"], environment),
                "version": command([sys.executable, "-m", "tui.cli", "--version"], environment),
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
    """The first frame of what `batch-tui` opens, on a terminal, against importing Textual and its widgets."""
    with TemporaryDirectory(prefix="batch-tui-perf-") as name:
        folder = Path(name)
        # Neither of the two leaves in an orderly way: that is not what is measured.
        imports = [sys.executable, "-c", f"import os, textual.app; from textual.widgets import {_WIDGETS}; os._exit(0)"]
        median = in_turns(
            {"textual": command(imports, compiled_environment(folder)), "paint": home_painted(folder)}, rounds=9
        )
    yield Figure(
        "first paint / import textual and widgets",
        median["paint"] / median["textual"],
        1.6,
        note=f"{milliseconds(median['paint'])} / {milliseconds(median['textual'])}",
    )
