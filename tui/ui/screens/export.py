"""Where the tasks on screen are to be written; the name's ending says as what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.core.errors import BatchTuiError
from tui.core.plan import RunPlan
from tui.core.records import TaskRow
from tui.core.task_export import export_tasks, format_of
from tui.core.task_table import input_names
from tui.core.units import count_text, size_text
from tui.ui.screens.base import Finishing
from tui.ui.services import AppServices
from tui.ui.text import safe, toned


class ExportDialog(Finishing[str | None], ModalScreen[str | None]):
    """Writes the rows; dismissed with what was written, in words, or None."""

    CSS_PATH = "../styles/export.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="export.cancel", tooltip="Write nothing")
    ]

    def __init__(self, services: AppServices, plan: RunPlan, rows: Sequence[TaskRow], what: str) -> None:
        super().__init__()
        self._services = services
        self._plan = plan
        self._rows = rows
        self._what = what
        self._input = Input(f"{plan.run_id}-tasks.csv", id="path", select_on_focus=False)
        self._words = Static("", id="export-words")
        self._is_writing = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = f"export {self._what}"
            yield self._input
            yield self._words

    def on_mount(self) -> None:
        self._judge()

    @on(Input.Changed)
    def _judge(self) -> bool:
        """Says what enter would do; whether it would do anything."""
        path = Path(self._input.value).expanduser()
        problem = ""
        if not self._rows:
            problem = "no task is shown: an empty file is not written"
        elif format_of(self._input.value) is None:
            problem = "the name ends with .csv or .json"
        elif path.is_dir():
            problem = "that is a folder"
        elif not path.parent.is_dir():
            problem = f"there is no folder {path.parent}"
        if problem:
            self._words.update(toned(f"✗ {safe(problem)}", "error"))
        elif path.exists():
            size = size_text(path.stat().st_size)
            self._words.update(toned(f"enter replaces the file of {size} that is there · esc cancels", "warning"))
        else:
            self._words.update(toned("enter writes it · .csv or .json · esc cancels", "muted"))
        return not problem

    @on(Input.Submitted)
    def _submit(self) -> None:
        if self._judge() and not self._is_writing:
            self._is_writing = True
            self.run_worker(self._write(), group="export")

    async def _write(self) -> None:
        path, rows = self._input.value, self._rows
        form, save = format_of(path), self._services.save_file
        assert form is not None
        assert save is not None
        pieces = export_tasks(rows, form, input_names(self._plan), self._services.clock.now_s())
        try:
            size_bytes = await self._services.run_blocking(lambda: save(path, pieces))
        except BatchTuiError as error:
            self._words.update(toned(f"✗ {safe(str(error))}", "error"))
            self._is_writing = False
        else:
            self.finish(f"{count_text(len(rows), 'task')}, {size_text(size_bytes)}, in {path}")
