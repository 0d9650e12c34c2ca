"""A panel of lines that must be read: what went wrong in a run, or how it ended. Hidden while it has none."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static


class NoticePanel(Static):
    """Lines under a title; the state class (`-error`, `-success`) colours the border."""

    DEFAULT_CSS = """
    NoticePanel {
        display: none;
        height: auto;
        max-height: 11;
        border: round $border;
        padding: 0 1;
        overflow-y: auto;
        &.-shown { display: block; }
        &.-error { border: round $error; border-title-color: $text-error; border-title-style: bold; }
        &.-success { border: round $success; border-title-color: $text-success; border-title-style: bold; }
        &.-warning { border: round $warning; border-title-color: $text-warning; border-title-style: bold; }
    }
    """

    def show(self, title: str, lines: Sequence[Content], state: str) -> None:
        """Shows the lines; without any, the panel is gone."""
        self.set_class(bool(lines), "-shown")
        for name in ("error", "success", "warning"):
            self.set_class(state == name, f"-{name}")
        self.border_title = Content(title)
        self.update(Content("\n").join(list(lines)))

    @property
    def is_shown(self) -> bool:
        return self.has_class("-shown")
