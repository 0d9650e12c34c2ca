"""An error that stays until it is dismissed: what happened, what to do, and for whoever reports it, every detail."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Collapsible, Static

from tui.core.errors import BatchTuiError, ServiceError
from tui.core.redaction import redact
from tui.ui.text import safe, toned


def error_details(error: BatchTuiError) -> tuple[tuple[str, str], ...]:
    """What the service added, by name."""
    if not isinstance(error, ServiceError):
        return ()
    known = (
        ("HTTP status", "" if error.status is None else str(error.status)),
        ("code", error.code),
        ("request", error.request_id),
    )
    return tuple((name, redact(value)) for name, value in (*known, *error.details) if value)


def error_text(error: BatchTuiError) -> str:
    """All of it as plain text, without secrets: for a clipboard."""
    details = [f"{name}: {value}" for name, value in error_details(error)]
    return redact("\n".join(part for part in (error.title, error.what, error.hint, *details) if part))


class ErrorDialog(ModalScreen[None]):
    """One error, dismissed by a person alone."""

    CSS_PATH = "../styles/error_dialog.tcss"
    AUTO_FOCUS = "#close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="error.close", tooltip="Back to where it happened"),
        Binding("c", "copy", "Copy", id="error.copy", tooltip="Copy the error without secrets"),
        Binding("left,right", "app.focus_next", "Other button", show=False, id="error.other", tooltip="Other button"),
    ]

    def __init__(self, error: BatchTuiError) -> None:
        super().__init__()
        self._error = error

    def compose(self) -> ComposeResult:
        error, details = self._error, error_details(self._error)
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = toned(f"✗ {safe(error.title)}")
            if error.what:
                yield Static(toned(safe(redact(error.what), keep_layout=True)))
            if error.hint:
                yield Static(toned("→ ", "running") + safe(redact(error.hint), keep_layout=True), classes="hint")
            if details:
                lines = "\n".join(f"{safe(name):<14} {safe(value)}" for name, value in details)
                yield Collapsible(Static(lines, markup=False), title="Details", collapsed=True)
            with Horizontal(classes="buttons"):
                yield Button("Copy", id="copy", flat=True)
                yield Button("Close", id="close", variant="primary", flat=True)

    @on(Button.Pressed, "#close")
    def _close(self) -> None:
        self.dismiss()

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """By the terminal's own clipboard sequence, which also works over SSH."""
        self.app.copy_to_clipboard(error_text(self._error))
        self.notify("The error is in the clipboard, without secrets.", timeout=3)
