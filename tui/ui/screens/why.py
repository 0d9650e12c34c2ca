"""Why is nothing running? One look at job, pool, nodes and a waiting task, and the answer in a sentence."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.core.columns import Tone
from tui.core.errors import BatchTuiError
from tui.core.units import local_clock
from tui.core.waiting import Situation, Verdict, first_cause
from tui.ui.services import JobDesk, RunBlocking
from tui.ui.text import joined, safe, toned

_VERDICTS: dict[Verdict, tuple[str, Tone]] = {
    "fine": ("✓ nothing is wrong", "success"),
    "wait": ("○ it is a matter of time", "warning"),
    "blocked": ("✗ this must be dealt with", "error"),
}


class WhyDialog(ModalScreen[None]):
    """The first cause that keeps waiting tasks from running."""

    CSS_PATH = "../styles/why.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,w", "dismiss", "Close", id="why.close", tooltip="Back to the run"),
        Binding("r", "look", "Look again", id="why.look", tooltip="Read everything anew"),
    ]

    def __init__(self, desk: JobDesk, run_blocking: RunBlocking) -> None:
        super().__init__()
        self._desk = desk
        self._run_blocking = run_blocking
        self._words = Static("")
        self._dialog = Vertical(self._words, classes="dialog")

    def compose(self) -> ComposeResult:
        self._dialog.border_title = "why is nothing running?"
        yield self._dialog

    def on_mount(self) -> None:
        self.action_look()

    def action_look(self) -> None:
        self._words.update(toned("Looking at the job, its pool and its nodes…", "muted"))
        self.run_worker(self._look(), group="why", exclusive=True)

    async def _look(self) -> None:
        try:
            situation = await self._run_blocking(self._desk.look)
        except BatchTuiError as error:
            self._words.update(toned(safe(f"✗ {error} {error.hint}".strip()), "error"))
        else:
            self.show(situation)

    def show(self, found: Situation) -> None:
        """The answer for what was read."""
        cause = first_cause(found)
        words, tone = _VERDICTS[cause.verdict]
        lines = [toned(words, tone, is_bold=True), Content(safe(cause.sentence))]
        lines += [toned(f"  {safe(' '.join(detail.split()))}", "muted") for detail in cause.details]
        if cause.action:
            lines += [Content(""), toned("→ ", "running") + safe(cause.action)]
        self._words.update(joined([*lines, Content(""), self._what_was_read(found)], "\n"))
        self._dialog.border_subtitle = f"read {local_clock(found.read_s)} · r looks again"

    def _what_was_read(self, found: Situation) -> Content:
        """The walk in one line, so that the answer can be checked."""
        counts, pool = found.counts, found.pool
        takers = sum(node.takes_tasks for node in found.nodes)
        parts = [
            "job " + ("gone" if found.job is None else found.job.state),
            f"{counts.active:,} waiting, {counts.running:,} running",
            "pool gone"
            if pool is None
            else f"pool {pool.allocation_state} {pool.current_nodes:,}/{pool.target_nodes:,}",
            f"{takers:,} of {len(found.nodes):,} nodes take tasks",
        ]
        return toned(safe(" · ".join(parts)), "muted")
