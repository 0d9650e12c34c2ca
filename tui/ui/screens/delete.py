"""The deletion of what a run left: read, chosen part by part, confirmed by typing where something would be lost, done.

Dismissed with the results, or with None where nothing was deleted. Cancel has the focus until a person moves it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.core.deletion import DeletionResult, DeletionState, Remains, ResourceKind, losses, refusal_among
from tui.core.errors import AccessRefused, BatchTuiError, Interrupted
from tui.core.plan import DELETE_PARTS, DeletePart
from tui.ui import access_words, deletion_words
from tui.ui.run_services import RunsService
from tui.ui.screens.access import Refusal, regain_access, with_access
from tui.ui.screens.error_dialog import ErrorDialog
from tui.ui.services import AppServices
from tui.ui.text import joined, safe, toned
from tui.ui.widgets.ticks import TickBox

Results = tuple[DeletionResult, ...]
Key = tuple[ResourceKind, str]


@dataclass
class DeletionTold(Message):
    """A resource changed its state."""

    result: DeletionResult


class DeleteDialog(ModalScreen[Results | None]):
    """Deletes parts of one run."""

    CSS_PATH = "../styles/delete.tcss"
    AUTO_FOCUS = "#cancel"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - Textual's name
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Cancel", id="delete.cancel", tooltip="Close; a deletion under way is stopped first"),
        Binding("tab,down,right", "app.focus_next", "Next", show=False, id="delete.next", tooltip="To the next field"),
        Binding(
            "shift+tab,up,left", "app.focus_previous", "Previous", show=False, id="delete.previous", tooltip="Back"
        ),
    ]

    def __init__(
        self, services: AppServices, runs: RunsService, run_id: str, *, prepare: Callable[[], object] | None = None
    ) -> None:
        """`prepare` is called before the deletion, where it may block: to stop what drives the run."""
        super().__init__()
        self._services = services
        self._runs = runs
        self._run_id = run_id
        self._prepare = prepare
        self._remains: Remains | None = None
        self._results: dict[Key, DeletionResult] = {}
        self._stop = threading.Event()
        self._is_deleting = False
        self._status = Static(toned("● looking for what the run still has…", "running"), id="status")
        self._boxes = {part: TickBox(part, value=True, compact=True, id=f"part-{part}") for part in DELETE_PARTS}
        self._consequences = Static("", id="consequences")
        self._outcome = Static("", id="outcome")
        self._typed = Input(id="typed", compact=True, select_on_focus=False)
        self._ask = Vertical(
            Static(toned(f"This cannot be undone. Type {safe(run_id)} to confirm:", "warning")), self._typed, id="ask"
        )
        self._cancel = Button("Cancel", id="cancel", variant="primary", flat=True)
        self._delete = Button("Delete", id="delete", variant="error", flat=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = safe(f"delete · {self._run_id}")
            with VerticalScroll(id="content", can_focus=False):
                yield self._status
                yield from self._boxes.values()
                yield self._consequences
                yield self._outcome
            yield self._ask
            with Horizontal(classes="buttons"):
                yield self._cancel
                yield self._delete

    def on_mount(self) -> None:
        self._show()
        self.run_worker(self._look(), group="look", exclusive=True)

    async def _look(self) -> None:
        try:
            remains = await with_access(self, self._services, lambda: self._runs.remains(self._run_id, self._stop))
        except Interrupted:
            return
        except BatchTuiError as error:
            self._fail(error)
        else:
            self.show_remains(remains)

    def show_remains(self, remains: Remains) -> None:
        """What there is to choose from."""
        self._remains = remains
        for part, box in self._boxes.items():
            box.label = deletion_words.part_label(remains, part)
            if not remains.of_part(part):
                box.value = False
        self._show()

    # What is chosen

    @property
    def _parts(self) -> tuple[DeletePart, ...]:
        remains = self._remains
        return () if remains is None else tuple(part for part in remains.parts if self._boxes[part].value)

    @property
    def _needs_typing(self) -> bool:
        remains = self._remains
        return remains is not None and any(loss.is_final for loss in losses(remains, self._parts))

    @property
    def _is_confirmed(self) -> bool:
        return bool(self._parts) and (not self._needs_typing or self._typed.value.strip() == self._run_id)

    @on(TickBox.Changed)
    @on(Input.Changed)
    def _on_changed(self) -> None:
        self._show()

    def on_key(self, event: events.Key) -> None:
        """Whoever begins to type the id need not look for its field first, which takes what reaches it by itself: keys
        that were on their way elsewhere as it took the focus arrive here.
        """
        letter = event.character or ""
        if self._ask.display and (letter.isalnum() or letter == "-"):
            event.stop()
            self.set_focus(self._typed)
            self._typed.insert_text_at_cursor(letter)

    @on(Input.Submitted)
    def _on_submitted(self) -> None:
        if self._is_confirmed:
            self._delete.focus()

    # What is shown

    def _show(self) -> None:
        remains = self._remains
        is_choosing = remains is not None and not self._results and not self._is_deleting
        for part, box in self._boxes.items():
            box.display = is_choosing and remains is not None and bool(remains.of_part(part))
        self._consequences.display = is_choosing
        self._ask.display = is_choosing and self._needs_typing
        self._outcome.display = not is_choosing
        if remains is not None and is_choosing:
            self._show_choice(remains)
        if self._results:
            self._show_results()
        self._delete.disabled = not self._is_confirmed if is_choosing else self._is_deleting

    def _show_choice(self, remains: Remains) -> None:
        lines = deletion_words.absent_lines(remains)
        if not remains.parts:
            lines.insert(0, toned("✓ Nothing of this run is left to delete.", "success"))
        self._status.update(joined(lines, "\n"))
        self._status.display = bool(lines)
        consequences = deletion_words.consequence_lines(remains, self._parts) if remains.parts else []
        self._consequences.update(joined(consequences, "\n"))
        self._delete.display = bool(remains.parts)

    def _show_results(self) -> None:
        self._outcome.update(joined(deletion_words.result_lines(self._results.values()), "\n"))
        self._status.display = True
        if self._is_deleting:
            words = "stopping…" if self._stop.is_set() else "deleting…"
            self._status.update(toned(f"● {words}", "running"))
            self._cancel.label = "Stop"
            return
        words, tone = deletion_words.ending_words(tuple(self._results.values()))
        self._status.update(toned(words, tone, is_bold=True))
        again = self._to_retry
        self._cancel.label = "Close"
        self._delete.label = f"Try {len(again)} again"
        self._delete.display = bool(again)

    def _fail(self, error: BatchTuiError) -> None:
        self._is_deleting = False
        self._status.display = True
        self._status.update(joined([toned(f"✗ {safe(str(error))}", "error"), Content(safe(error.hint))], "\n"))
        self._show()
        self._delete.display = False
        self._cancel.label = "Close"
        self.app.push_screen(ErrorDialog(error))

    # What is done

    @property
    def _to_retry(self) -> tuple[Key, ...]:
        return tuple(key for key, result in self._results.items() if result.can_retry)

    @on(Button.Pressed, "#delete")
    def _on_delete(self) -> None:
        remains = self._remains
        if self._is_deleting or remains is None:
            return
        if self._results:
            self._begin(self._to_retry)
        elif self._is_confirmed:
            self._begin([(item.kind, item.name) for part in self._parts for item in remains.of_part(part)])

    def _begin(self, keys: Collection[Key]) -> None:
        self._stop = threading.Event()
        self._is_deleting = True
        for kind, name in keys:
            self._results[kind, name] = DeletionResult(kind, name, DeletionState.WAITING)
        self._show()
        self._cancel.focus()
        self.run_worker(self._work(tuple(keys), self._stop), group="delete", exclusive=True)

    async def _work(self, keys: tuple[Key, ...], stop: threading.Event) -> None:
        def report(result: DeletionResult) -> None:
            self.post_message(DeletionTold(result))

        def delete() -> Results:
            if self._prepare is not None:
                self._prepare()
            return self._runs.delete(self._run_id, keys, stop, report)

        try:
            results = await with_access(self, self._services, delete)
        except BatchTuiError as error:
            for kind, name in keys:
                self._results[kind, name] = DeletionResult(kind, name, DeletionState.LEFT, error.title)
            self._is_deleting = False
            self._show()
            self.app.push_screen(ErrorDialog(error))
            return
        self._results.update({(result.kind, result.name): result for result in results})
        self._is_deleting = False
        self._show()
        refused = refusal_among(results)
        if refused is not None and not stop.is_set():
            self.run_worker(self._regain(refused), group="access")

    async def _regain(self, refused: AccessRefused) -> None:
        """Goes on with what was confirmed and is not done, once access is back."""
        results, remains = tuple(self._results.values()), self._remains
        assert remains is not None
        costs = access_words.still_costs_words(remains, results)
        stands = access_words.deletion_words(results)
        if await regain_access(self, self._services, Refusal(refused, stands, costs, access_words.LEAVE_REST)):
            self._begin(self._to_retry)

    @on(DeletionTold)
    def _on_told(self, message: DeletionTold) -> None:
        if self._is_deleting:
            self._results[message.result.kind, message.result.name] = message.result
            self._show()

    @on(Button.Pressed, "#cancel")
    def action_back(self) -> None:
        """Stops what is under way; otherwise closes."""
        if self._is_deleting and not self._stop.is_set():
            self._stop.set()
            self._show()
            return
        self._stop.set()
        self.dismiss(tuple(self._results.values()) or None)

    def on_unmount(self) -> None:
        self._stop.set()
