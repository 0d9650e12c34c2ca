"""Completes a path with the folders that are there, as a shell would."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial

from textual.suggester import Suggester

from tui.core.terminal_text import neutralise
from tui.ui.services import RunBlocking

_FOLDERS_LOOKED_AT = 2_000
"""A folder with more is not worth the wait."""


class FolderSuggester(Suggester):
    """Suggests the first folder whose path begins with what is typed; `→` takes it."""

    def __init__(self, run_blocking: RunBlocking) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._run_blocking = run_blocking

    async def get_suggestion(self, value: str) -> str | None:
        return await self._run_blocking(partial(completed_folder, value))


def completed_folder(typed: str) -> str | None:
    """The first folder by name that continues `typed`; None where there is none, or its name cannot be shown."""
    folder, _, beginning = typed.rpartition("/")
    if not typed or (not folder and not typed.startswith("/")):
        return None
    names = []
    with suppress(OSError, ValueError), os.scandir(os.path.expanduser(folder) or "/") as entries:
        for _, entry in zip(range(_FOLDERS_LOOKED_AT), entries, strict=False):
            is_hidden = entry.name.startswith(".") and not beginning.startswith(".")
            if entry.name.startswith(beginning) and entry.name != beginning and not is_hidden and entry.is_dir():
                names.append(entry.name)
    shown = sorted(name for name in names if neutralise(name) == name)
    return f"{folder}/{shown[0]}/" if shown else None
