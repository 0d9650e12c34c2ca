"""Completes a path with the folders that are there, as a shell would."""

from __future__ import annotations

from functools import partial

from textual.suggester import Suggester

from tui.core.terminal_text import neutralise
from tui.engine.folder_scan import complete_folder
from tui.ui.services import RunBlocking


class FolderSuggester(Suggester):
    """Suggests the first folder whose path begins with what is typed; `→` takes it."""

    def __init__(self, run_blocking: RunBlocking, working_folder: str) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._run_blocking = run_blocking
        self._working_folder = working_folder

    async def get_suggestion(self, value: str) -> str | None:
        found = await self._run_blocking(partial(complete_folder, value, self._working_folder)) if value else None
        return found if found is not None and neutralise(found) == found else None
