"""The live checklist: a line a check, told as it goes, and under each ✗ what to do about it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tui.core.account_check import RULES, Check, Checklist, CheckResult, CheckState
from tui.core.columns import Tone
from tui.ui.text import safe, toned

_GLYPHS: dict[CheckState, str] = {
    CheckState.WAITING: "○",
    CheckState.RUNNING: "●",
    CheckState.PASSED: "✓",
    CheckState.FAILED: "✗",
    CheckState.NOT_TRIED: "–",
}
_TONES: dict[CheckState, Tone] = {
    CheckState.WAITING: "muted",
    CheckState.RUNNING: "running",
    CheckState.PASSED: "success",
    CheckState.FAILED: "error",
    CheckState.NOT_TRIED: "muted",
}


class CheckRow(Horizontal):
    """One check: glyph and name on the left, what was found and the remedy on the right, wrapped."""

    def __init__(self, check: Check) -> None:
        super().__init__()
        self._check = check
        self._label = Static(classes="check-name")
        self._words = Static(classes="check-words")

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._words

    def show(self, result: CheckResult) -> None:
        state = result.state
        is_loud = state in (CheckState.RUNNING, CheckState.FAILED)
        self._label.update(toned(f"{_GLYPHS[state]} {result.check}", _TONES[state], is_bold=is_loud))
        self._words.update(self._told(result))

    def _told(self, result: CheckResult) -> Content:
        match result.state:
            case CheckState.WAITING:
                return toned(RULES[self._check].question, "muted")
            case CheckState.RUNNING:
                return toned("looking…", "running")
            case CheckState.FAILED:
                remedy = toned(f"\n→ {safe(result.remedy)}") if result.remedy else Content("")
                return toned(safe(result.detail), "error") + remedy
            case _:
                return toned(safe(result.detail), "" if result.state is CheckState.PASSED else "muted")


class ChecklistPanel(Vertical):
    """`show` takes a whole list, `tell` one result of it."""

    DEFAULT_CSS = """
    ChecklistPanel {
        height: auto;
        & CheckRow { height: auto; }
        & .check-name { width: 19; }
        & .check-words { width: 1fr; height: auto; }
    }
    """
    TITLE: ClassVar[str] = "test"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._list = Checklist()
        self._rows = {check: CheckRow(check) for check in Check}
        self.border_title = self.TITLE

    def compose(self) -> ComposeResult:
        yield from self._rows.values()

    def on_mount(self) -> None:
        self.show(self._list)

    @property
    def checklist(self) -> Checklist:
        return self._list

    def show(self, checklist: Checklist) -> None:
        self._list = checklist
        for check, result in checklist.results.items():
            self._rows[check].show(result)
        self._sum_up()

    def tell(self, result: CheckResult) -> None:
        self._list = self._list.with_result(result)
        self._rows[result.check].show(result)
        self._sum_up()

    def show_failures(self) -> None:
        """Brings what has to be mended into view, the first of it above all."""
        for result in reversed(self._list.failed):
            self._rows[result.check].scroll_visible(animate=False)

    def _sum_up(self) -> None:
        results = self._list.results.values()
        if all(result.state is CheckState.WAITING for result in results):
            words = "not tested yet"
        elif not self._list.is_over:
            words = "testing…"
        elif self._list.is_good:
            words = "✓ all good"
        else:
            words = f"✗ {len(self._list.failed)} to mend"
        self.border_subtitle = words
        self.set_class(self._list.is_good, "-good")
        self.set_class(bool(self._list.failed), "-failed")
