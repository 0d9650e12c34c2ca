"""How a person wants things to look, kept from one start to the next: a small file in the configuration folder.

Losing it costs nothing: a file that cannot be read is as good as none, and one that cannot be written is left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui.core.errors import LocalError
from tui.core.view_columns import ColumnChoice
from tui.gateways.folders import read_whole, write_whole

VIEWS_FILE = "views.json"
_THEME = "theme"
"""Beside the views: no view is called so."""


class ViewBook:
    """The theme, and columns by the name of the view."""

    def __init__(self, folder: Path) -> None:
        """`folder` is that of the configuration."""
        self._path = folder / VIEWS_FILE

    def columns(self, view: str) -> tuple[ColumnChoice, ...]:
        """Empty where nothing was chosen."""
        listed = self._read().get(view)
        try:
            return tuple(_choice(item) for item in listed) if isinstance(listed, list) else ()
        except (TypeError, ValueError, KeyError):
            return ()

    def remember_columns(self, view: str, choice: Sequence[ColumnChoice]) -> None:
        self._write(view, [{"key": item.key, "shown": item.is_shown, "width": item.width} for item in choice])

    def theme(self) -> str:
        """Empty where none was chosen."""
        theme = self._read().get(_THEME)
        return theme if isinstance(theme, str) else ""

    def remember_theme(self, theme: str) -> None:
        self._write(_THEME, theme)

    def _write(self, name: str, value: object) -> None:
        with suppress(LocalError):
            write_whole(self._path, json.dumps({**self._read(), name: value}, indent=2).encode("ascii") + b"\n")

    def _read(self) -> dict[str, Any]:
        with suppress(LocalError, ValueError, RecursionError):
            content = read_whole(self._path)
            data = json.loads(content) if content is not None else {}
            if isinstance(data, dict):
                return data
        return {}


def _choice(item: dict[str, Any]) -> ColumnChoice:
    width = item["width"]
    return ColumnChoice(str(item["key"]), bool(item["shown"]), None if width is None else int(width))
