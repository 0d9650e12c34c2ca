"""A download of a run: what, where to, what happens where a file is in the way; then its progress and what came of it.

Dismissed with the report, or with None where nothing was fetched. Leaving while it is under way stops it first.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, ProgressBar, RadioSet, Select, Static

from tui.core.download_choice import (
    ConflictPolicy,
    DownloadChoice,
    DownloadReport,
    Policy,
    Selection,
    WantedFile,
)
from tui.core.errors import AccessRefused, BatchTuiError, Interrupted
from tui.core.events import Progress, RunEvent
from tui.core.plan import RunPlan
from tui.core.units import count_text
from tui.ui import access_words, download_words
from tui.ui.run_services import RunsService
from tui.ui.screens.access import Refusal, regain_access, with_access
from tui.ui.screens.conflict import ConflictDialog
from tui.ui.screens.error_dialog import ErrorDialog
from tui.ui.services import AppServices
from tui.ui.text import joined, safe, toned
from tui.ui.widgets.folder_suggester import FolderSuggester
from tui.ui.widgets.ticks import ChoiceButton, TickBox

_POLICIES: tuple[tuple[str, Policy], ...] = (
    ("put the download beside it, numbered", "rename"),
    ("ask", "ask"),
    ("leave it as it is", "skip"),
    ("replace it", "overwrite"),
    ("replace it where it is older", "newer"),
)


@dataclass
class DownloadTold(Message):
    """How far the download is."""

    progress: Progress


class DownloadDialog(ModalScreen[DownloadReport | None]):
    """Downloads from one run."""

    CSS_PATH = "../styles/download.tcss"
    AUTO_FOCUS = "#download"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - Textual's name
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Cancel", id="download.cancel", tooltip="Close; a download under way is stopped"),
    ]

    def __init__(
        self, services: AppServices, runs: RunsService, plan: RunPlan, *, marked: frozenset[str] = frozenset()
    ) -> None:
        super().__init__()
        self._services = services
        self._runs = runs
        self._plan = plan
        self._marked = marked
        self._stop = threading.Event()
        self._report: DownloadReport | None = None
        self._is_busy = False
        self._began_s = self._took_s = 0.0
        self._policies: dict[str, ConflictPolicy] = {}
        self._policy: ConflictPolicy = "rename"
        choices = [
            ChoiceButton("everything", value=not marked, compact=True, id="all"),
            ChoiceButton("of tasks that succeeded", compact=True, id="succeeded"),
        ]
        if marked:
            words = f"of the {count_text(len(marked), 'marked task')}"
            choices.append(ChoiceButton(words, value=True, compact=True, id="marked"))
        self._selection = RadioSet(*choices, compact=True, id="selection")
        self._logs = TickBox("logs too (stdout, stderr)", compact=True, id="logs")
        suggester = FolderSuggester(services.run_blocking, os.getcwd())
        self._destination = Input(plan.destination, id="destination", compact=True, suggester=suggester)
        self._conflicts: Select[Policy] = Select(
            _POLICIES, value="rename", allow_blank=False, compact=True, id="policy"
        )
        self._status = Static("", id="status")
        self._bar = ProgressBar(show_eta=False, show_percentage=False, id="bar")
        self._outcome = Static("", id="outcome")
        self._cancel = Button("Cancel", id="cancel", flat=True)
        self._start = Button("Download", id="download", variant="primary", flat=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = safe(f"download · {self._plan.run_id}")
            with Vertical(id="form"):
                yield from self._row("what", self._selection)
                yield from self._row("", self._logs)
                yield from self._row("to", self._destination)
                yield from self._row("file exists", self._conflicts)
            yield self._status
            yield self._bar
            with VerticalScroll(id="results", can_focus=False):
                yield self._outcome
            with Horizontal(classes="buttons"):
                yield self._cancel
                yield self._start

    def _row(self, label: str, field: Select[Policy] | RadioSet | TickBox | Input) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(toned(label, "muted"), classes="label")
            yield field

    def on_mount(self) -> None:
        self._show()

    # What is chosen

    def _choice(self) -> DownloadChoice:
        pressed = self._selection.pressed_button
        chosen = pressed.id if pressed is not None else "all"
        selection: Selection = "marked" if chosen == "marked" else "succeeded" if chosen == "succeeded" else "all"
        destination = os.path.abspath(os.path.expanduser(self._destination.value.strip()))
        return DownloadChoice(destination, selection, self._marked, self._logs.value)

    @on(Input.Changed, "#destination")
    def _on_destination(self) -> None:
        self._show()

    @on(Input.Submitted, "#destination")
    def _on_submitted(self) -> None:
        self._start.focus()

    # What is shown

    def _show(self) -> None:
        is_form = not self._is_busy and self._report is None
        self.query_one("#form").display = is_form
        self._bar.display = self._is_busy
        self.query_one("#results").display = self._report is not None
        self._start.display = not self._is_busy
        self._cancel.label = "Stop" if self._is_busy else "Cancel" if is_form else "Close"
        self._start.disabled = is_form and not self._destination.value.strip()
        if is_form:
            self._status.update(toned("Type a folder." if self._start.disabled else "", "muted"))
        self._status.display = not is_form or self._start.disabled
        report = self._report
        if report is not None:
            words, tone = download_words.ending_words(report)
            self._status.update(toned(safe(words), tone, is_bold=True))
            again = report.to_retry
            self._start.display = bool(again)
            self._start.label = f"Try {len(again):,} again"

    @on(DownloadTold)
    def _on_told(self, message: DownloadTold) -> None:
        progress = message.progress
        if self._is_busy:
            elapsed_s = self._services.clock.now_s() - self._began_s
            total, done = progress.total_bytes or progress.total, progress.done_bytes or progress.done
            self._bar.update(total=max(total, 1), progress=done)
            self._status.update(toned("● ", "running") + download_words.progress_words(progress, elapsed_s))

    # What is done

    @on(Button.Pressed, "#download")
    def _on_download(self) -> None:
        if self._is_busy:
            return
        self._begin(self._report)

    def _begin(self, so_far: DownloadReport | None) -> None:
        """From the beginning, or with what is left of a download that is `so_far`."""
        self._stop = threading.Event()
        self._is_busy, self._report = True, None
        self._status.update(toned("● looking at what there is…", "running"))
        self._bar.update(total=None)
        self._show()
        self._cancel.focus()
        self.run_worker(self._work(so_far, self._stop), group="download", exclusive=True)

    async def _work(self, so_far: DownloadReport | None, stop: threading.Event) -> None:
        run_id, choice = self._plan.run_id, self._choice()
        try:
            if so_far is None:
                listed = await with_access(self, self._services, lambda: self._runs.list_download(run_id, choice, stop))
                if not await self._settle_conflicts(listed.conflicts):
                    self._end(None)
                    return
                self._took_s = 0.0
                report = await self._fetch(listed.files, choice.destination, stop)
            else:
                report = so_far.gone_on_with(await self._fetch(so_far.to_retry, so_far.destination, stop))
        except Interrupted:
            self._end(so_far)
        except BatchTuiError as error:
            self._end(so_far)
            self.app.push_screen(ErrorDialog(error))
        else:
            self._end(report)
            if report.refusal is not None and not stop.is_set():
                self.run_worker(self._regain(report, report.refusal), group="access")

    async def _fetch(self, files: Sequence[WantedFile], destination: str, stop: threading.Event) -> DownloadReport:
        run_id, clock = self._plan.run_id, self._services.clock
        self._began_s = clock.now_s()

        def fetch() -> DownloadReport:
            return self._runs.fetch(run_id, files, destination, self._policy, self._policies, stop, self._tell)

        report = await with_access(self, self._services, fetch)
        self._took_s += clock.now_s() - self._began_s
        return report

    async def _regain(self, report: DownloadReport, refused: AccessRefused) -> None:
        """Goes on with what was wanted and is not here, once access is back."""
        refusal = Refusal(refused, access_words.download_words(report), leave=access_words.LEAVE_REST)
        if await regain_access(self, self._services, refusal):
            self._begin(report)

    async def _settle_conflicts(self, conflicts: Sequence[WantedFile]) -> bool:
        """Decides on every file that is in the way; False where a person left the download."""
        chosen = self._conflicts.value
        self._policies = {}
        for _, policy in _POLICIES:
            if policy == chosen and policy != "ask":
                self._policy = policy
                return True
        self._policy = "rename"
        for index, file in enumerate(conflicts):
            answer = await self.app.push_screen_wait(ConflictDialog(file, len(conflicts) - index - 1))
            if answer is None:
                return False
            if answer.for_all:
                self._policies.update((later.blob.name, answer.policy) for later in conflicts[index:])
                return True
            self._policies[file.blob.name] = answer.policy
        return True

    def _tell(self, event: RunEvent) -> None:
        if isinstance(event, Progress):
            self.post_message(DownloadTold(event))

    def _end(self, report: DownloadReport | None) -> None:
        self._is_busy, self._report = False, report
        if report is not None:
            self._outcome.update(joined(download_words.report_lines(report, self._took_s), "\n"))
        self._show()
        (self._start if self._start.display else self._cancel).focus()

    @on(Button.Pressed, "#cancel")
    def action_back(self) -> None:
        """Stops what is under way; otherwise closes."""
        if self._is_busy:
            self._stop.set()
            self._status.update(toned("● stopping…", "running"))
        else:
            self.dismiss(self._report)

    def on_unmount(self) -> None:
        self._stop.set()
