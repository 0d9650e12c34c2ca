"""What is to be done with several tasks, in words: which they are, what is not possible, what is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textual.content import Content

from tui.core.records import TaskRow, TaskStatus
from tui.core.task_changes import TaskChange
from tui.core.task_reading import TaskAction
from tui.core.task_table import TONES, status_text
from tui.core.units import count_text
from tui.ui.text import joined, safe, toned

IDS_NAMED = 12
_ODD_NAMED = 3
_VERB_WIDTH = 12
VERBS: dict[TaskAction, str] = {"terminate": "Terminate", "reactivate": "Reactivate", "delete": "Delete"}
DOING: dict[TaskAction, str] = {"terminate": "terminating", "reactivate": "reactivating", "delete": "deleting"}


def state_counts(rows: Sequence[TaskRow]) -> Content:
    """`○ active 2 · ● running 1`: only states that occur."""
    counts = Counter(row.status for row in rows)
    return joined(
        (toned(f"{status_text(status)} {counts[status]:,}", TONES[status]) for status in TaskStatus if counts[status]),
        " · ",
    )


def hidden_words(hidden: int, marked: int) -> str:
    """That marks are concerned which the filter hides."""
    they = "is" if hidden == 1 else "are"
    return f"{hidden:,} of {count_text(marked, 'marked task')} {they} hidden by the filter: they are meant as well."


def ids_words(task_ids: Sequence[str], limit: int = IDS_NAMED, *, total: int = 0) -> str:
    """The first ids, and how many more; `total` where `task_ids` are only the first of so many."""
    more = max(total, len(task_ids)) - limit
    return "  ".join(map(safe, task_ids[:limit])) + (f" and {more:,} more" if more > 0 else "")


def choice_label(change: TaskChange, chosen: int) -> Content:
    """`terminate   3 of 5 tasks`; why it is off, where it is."""
    label = Content(f"{change.action:<{_VERB_WIDTH}}")
    if change.task_ids:
        part = f"{len(change.task_ids):,} of " if len(change.task_ids) < chosen else ""
        return label + toned(f"{part}{count_text(chosen, 'task')}", "muted")
    reasons = "; ".join(reason for reason, _ in change.left_out)
    return label + toned(f"none: {safe(reasons)}", "muted")


def confirm_label(change: TaskChange) -> str:
    return f"{VERBS[change.action]} {count_text(len(change.task_ids), 'task')}"


def consequence_lines(change: TaskChange) -> list[Content]:
    """Which tasks exactly, what is lost, what else happens, and which tasks are left as they are."""
    lines = _section(f"{change.action} exactly these {len(change.task_ids):,}", [Content(ids_words(change.task_ids))])
    if len(change.task_ids) == 1:
        lines = _section(f"{change.action} exactly this one", [Content(ids_words(change.task_ids))])
    final = [toned(f"✗ {safe(loss.text)}", "error") for loss in change.losses if loss.is_final]
    minor = [toned(f"– {safe(loss.text)}") for loss in change.losses if not loss.is_final]
    lines += _section("is lost for good", final)
    lines += _section("as well", minor)
    odd = [
        Content(f"{len(ids):,} not: {safe(reason)}  ") + toned(ids_words(ids, _ODD_NAMED), "muted")
        for reason, ids in change.left_out
    ]
    return lines + _section("stays as it is", odd)


def _section(title: str, lines: Sequence[Content]) -> list[Content]:
    return [toned(title, "muted"), *(Content("  ") + line for line in lines)] if lines else []
