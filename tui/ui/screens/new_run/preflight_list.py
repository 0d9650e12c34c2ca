"""The pre-flight list as it comes in: a line an item, the remedy below what needs one."""

from __future__ import annotations

from textual.content import Content

from tui.core.columns import Tone
from tui.core.preflight import Finding, Preflight, Verdict
from tui.ui.text import safe, toned
from tui.ui.widgets.fact_sheet import Fact, FactSheet

_LOOKS: dict[Verdict, tuple[str, Tone]] = {
    Verdict.WAITING: ("○", "muted"),
    Verdict.RUNNING: ("●", "running"),
    Verdict.PASSED: ("✓", "success"),
    Verdict.WARNING: ("!", "warning"),
    Verdict.FAILED: ("✗", "error"),
    Verdict.NOT_TRIED: ("–", "muted"),
}
_LABEL_WIDTH = 23


class PreflightList(FactSheet):
    """Shows a pre-flight as far as it is."""

    def __init__(self) -> None:
        super().__init__(_LABEL_WIDTH)

    def show_preflight(self, preflight: Preflight) -> None:
        self.show([fact for finding in preflight.findings.values() for fact in _facts(finding)])


def _facts(finding: Finding) -> list[Fact]:
    glyph, tone = _LOOKS[finding.verdict]
    is_settled = finding.verdict.is_settled
    label = toned(glyph, tone) + toned(f" {finding.item}", "" if is_settled else "muted")
    is_trouble = finding.verdict in (Verdict.FAILED, Verdict.WARNING)
    detail = finding.detail or ("checking…" if finding.verdict is Verdict.RUNNING else "")
    facts = [Fact(label, toned(safe(detail), tone if is_trouble else "muted"))]
    if finding.remedy:
        facts.append(Fact(Content(""), Content(f"→ {safe(finding.remedy)}"), indent=2))
    return facts
