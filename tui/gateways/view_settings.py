"""How a person wants tables to look, kept from one start to the next: a small file in the configuration folder.

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


class ViewBook:
    """Columns by the name of the view."""

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
        items = [{"key": item.key, "shown": item.is_shown, "width": item.width} for item in choice]
        with suppress(LocalError):
            write_whole(self._path, json.dumps({**self._read(), view: items}, indent=2).encode("ascii") + b"\n")

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
