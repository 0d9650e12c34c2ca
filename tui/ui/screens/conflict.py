"""One name, two files: which of them a person wants, and whether the same holds for the files that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.core.download_choice import ConflictPolicy, WantedFile
from tui.ui.download_words import conflict_lines
from tui.ui.text import joined
from tui.ui.widgets.ticks import TickBox

_BUTTONS: tuple[tuple[ConflictPolicy, str], ...] = (
    ("rename", "Keep both"),
    ("skip", "Keep mine"),
    ("overwrite", "Overwrite"),
)


@dataclass(frozen=True, slots=True)
class ConflictAnswer:
    policy: ConflictPolicy
    for_all: bool
    """Whether it holds for the conflicts that follow."""


class ConflictDialog(ModalScreen[ConflictAnswer | None]):
    """None where the whole download is to be left."""

    CSS_PATH = "../styles/confirm.tcss"
    AUTO_FOCUS = "#rename"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", id="conflict.cancel", tooltip="Download nothing"),
        Binding("left", "app.focus_previous", "Left", show=False, id="conflict.left", tooltip="The button before"),
        Binding("right", "app.focus_next", "Right", show=False, id="conflict.right", tooltip="The next button"),
        Binding("a", "toggle_all", "For all", id="conflict.all", tooltip="The same for the files that follow"),
    ]

    def __init__(self, file: WantedFile, following: int) -> None:
        """`following` conflicts come after this one."""
        super().__init__()
        self._file = file
        self._for_all = TickBox(f"the same for the {following:,} that follow", compact=True)
        self._for_all.display = following > 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "another file has this name"
            yield Static(joined(conflict_lines(self._file), "\n"))
            yield self._for_all
            with Horizontal(classes="buttons"):
                for policy, words in _BUTTONS:
                    yield Button(words, id=policy, variant="primary" if policy == "rename" else "default", flat=True)

    def action_toggle_all(self) -> None:
        self._for_all.toggle()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        for policy, _ in _BUTTONS:
            if event.button.id == policy:
                self.dismiss(ConflictAnswer(policy, self._for_all.value))
