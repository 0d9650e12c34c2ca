"""The inputs of a run: one path a line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Static, TextArea

from tui.core.planning import FileChoice, Problem
from tui.core.run_draft import RunDraft
from tui.ui.screens.new_run.step import StepPane


class InputsPane(StepPane):
    """Paths of files, typed or pasted, one a line; a path that is no file is a problem."""

    title: ClassVar[str] = "Inputs"
    options: ClassVar[frozenset[str]] = frozenset({"inputs"})

    def __init__(self) -> None:
        super().__init__()
        self._paths = TextArea(placeholder="One path a line")
        self._trouble = Static("", markup=False)
        self._working_folder = ""

    def compose(self) -> ComposeResult:
        yield self._paths
        yield self._trouble

    def load(self, draft: RunDraft) -> None:
        self._working_folder = draft.working_folder
        if draft.files and not self._paths.text:
            self._paths.text = "\n".join(choice.local_path or choice.blob_name for choice in draft.files)

    def apply(self, draft: RunDraft) -> RunDraft:
        files = (FileChoice(os.path.getsize(path), path) for path in self._typed() if os.path.isfile(path))
        return replace(draft, files=tuple(files))

    @property
    def problems(self) -> Sequence[Problem]:
        return [Problem("inputs", f"{path} is not a file") for path in self._typed() if not os.path.isfile(path)]

    def show_problems(self, problems: Sequence[Problem]) -> None:
        told = [*self.problems, *problems]
        self._trouble.update("\n".join(f"✗ {problem.what}" for problem in told[:3]))

    def _typed(self) -> Iterable[str]:
        lines = dict.fromkeys(line.strip() for line in self._paths.text.splitlines() if line.strip())
        return [os.path.normpath(os.path.join(self._working_folder, os.path.expanduser(line))) for line in lines]

    @on(TextArea.Changed)
    def _on_typed(self) -> None:
        self.post_message(self.Changed(self))
