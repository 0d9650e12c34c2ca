"""The text fields above the tree of inputs: a folder with completion, a prefix, patterns."""

from __future__ import annotations

import os
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester

from tui.ui.input_services import InputServices
from tui.ui.screens.new_run.form import FormInput
from tui.ui.services import RunBlocking
from tui.ui.text import safe


class FolderSuggester(Suggester):
    """The first folder that begins as typed, asked for in the background."""

    def __init__(self, inputs: InputServices, run_blocking: RunBlocking) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._inputs = inputs
        self._run_blocking = run_blocking
        self.folder = ""
        """What a relative path is relative to."""

    async def get_suggestion(self, value: str) -> str | None:
        found = await self._run_blocking(partial(self._inputs.complete_folder, value, self.folder))
        return found if found is None or safe(found) == found else None


class FolderInput(FormInput):
    """A folder; `tab` completes it as a shell does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Go there", id="inputs.go", tooltip="Show this folder"),
        Binding("tab", "complete", "Complete", id="inputs.complete", tooltip="Complete the path, or to the next field"),
    ]

    def __init__(self, suggester: FolderSuggester) -> None:
        super().__init__("folder", suggester=suggester)
        self._completes = suggester

    def action_complete(self) -> None:
        """Takes the suggestion; without one, `tab` is what it is everywhere."""
        if self._suggestion and self._suggestion != self.value:
            self.value = self._suggestion
            self.cursor_position = len(self.value)
        else:
            self.screen.focus_next()

    @property
    def typed_folder(self) -> str:
        """Absolute and normalised; what is shown, where nothing else was typed."""
        shown = self._completes.folder
        if self.value in ("", safe(shown)):  # a name that cannot stand in a field is meant, not what stands for it
            return shown
        return os.path.normpath(os.path.join(shown, os.path.expanduser(self.value)))

    def show_folder(self, path: str) -> None:
        self._completes.folder = path
        self.show(safe(path))


class TreeFilterInput(FormInput):
    """Patterns; they work as they are typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "To the files", id="inputs.filtered", tooltip="On to what passes"),
    ]

    def __init__(self) -> None:
        super().__init__("filter")
        self.placeholder = "everything; *.txt, !draft* for some"


class PrefixInput(FormInput):
    """What the names of the blobs begin with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "List", id="inputs.list", tooltip="List the blobs that begin so"),
    ]

    def __init__(self) -> None:
        super().__init__("prefix", width=24)
        self.placeholder = "any name"
