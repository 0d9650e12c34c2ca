"""Any file of a task on its node, read and shown as its output is."""

from __future__ import annotations

from dataclasses import dataclass

from tui.ui.services import LogSource


@dataclass(frozen=True, slots=True)
class TaskFile(LogSource):
    """A file in place of a stream: it is on the node only, for as long as the node keeps it."""

    path: str = ""
    """Below the task's folder, like `wd/report.txt`."""

    @property
    def file_name(self) -> str:
        return self.path
