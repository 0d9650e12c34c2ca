"""Home in words: the run under the cursor, how old what is shown is, and what can be done with a run."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui.core.run_line import RunLine, counts_text
from tui.core.units import count_text, duration_text
from tui.ui.text import safe, toned

_LABEL_WIDTH = 9


def detail_lines(line: RunLine, started: str, unreadable: Sequence[str]) -> list[Content]:
    """What the run is, when it was `started`, where its outputs go, how it ended; then journals that cannot be read."""
    plan = line.plan
    pool = f"pool {plan.pool.id}" + ("" if plan.makes_pool else ", which was there before")
    lines = [
        _fact("what", f"{plan.workload_name}, {count_text(len(plan.inputs), 'input')} · account {plan.account}"),
        _fact("tasks", f"{counts_text(line)} · started {started}"),
        _fact("on", pool),
        _fact("outputs", plan.destination),
    ]
    if line.summary is not None:
        lines.append(_fact("ended", line.summary.outcome))
    if line.trouble:
        lines.append(toned(f"{'?':<{_LABEL_WIDTH}}as journaled: {safe(line.trouble)}", "warning"))
    return lines + [toned(safe(text), "warning") for text in unreadable]


def _fact(name: str, value: str) -> Content:
    return toned(f"{name:<{_LABEL_WIDTH}}", "muted") + safe(value)


def age_words(read_s: Sequence[float], now_s: float, *, is_looking: bool) -> str:
    """When the service was asked about the run that was asked about longest ago."""
    if read_s:
        return f"the service was asked {duration_text(max(0.0, now_s - min(read_s)))} ago"
    return "asking the service…" if is_looking else ""


def can_do(line: RunLine | None, action: str) -> bool:
    """Whether `action` makes sense for the run under the cursor, if there is one."""
    match action:
        case "resume":
            return line is not None and line.can_resume
        case "download":
            return line is not None and line.has_outputs
        case "delete":
            return line is not None and line.exists
    return True
