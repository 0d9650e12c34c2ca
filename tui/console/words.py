"""Small phrases that the transcript, the live lines and the summary have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tui.core import units
from tui.core.events import Progress
from tui.core.records import NodeRecord, TaskCounts, TaskRow

STOPPED = "stopped"
"""What the engine says of a step that a person stopped; nothing failed."""


def counts_words(counts: TaskCounts) -> str:
    """`3 tasks: 2 succeeded, 1 failed`; states that no task is in are left out."""
    parts = [
        f"{number:,} {name}"
        for number, name in (
            (counts.succeeded, "succeeded"),
            (counts.failed, "failed"),
            (counts.running, "running"),
            (counts.active, "waiting"),
        )
        if number
    ]
    return f"{units.count_text(counts.total, 'task')}: {', '.join(parts)}" if parts else "none"


def nodes_words(nodes: Sequence[NodeRecord]) -> str:
    """`2 idle, 1 starting`, the most frequent state first."""
    return ", ".join(f"{number} {state}" for state, number in Counter(node.state for node in nodes).most_common())


def progress_words(progress: Progress) -> str:
    """`120/300 files  1.2 MB of 3.4 MB`, and why nothing moves where nothing does."""
    total = f"/{progress.total:,}" if progress.total else ""
    words = f"{progress.done:,}{total} {progress.unit}"
    if progress.total_bytes:
        words += f"  {units.size_text(progress.done_bytes)} of {units.size_text(progress.total_bytes)}"
    return f"{words}  {progress.note}" if progress.note else words


def failure_words(row: TaskRow, input_name: str) -> str:
    """`topword-00001 failed with exit code 3 (poem.txt)`, with the service's reason where it gives one."""
    reason = f" with exit code {row.exit_code}" if row.exit_code else ""
    words = f"{row.id} failed{reason}" + (f" ({input_name})" if input_name else "")
    if row.failure is not None and row.failure.code not in ("", "FailureExitCode"):
        words += f": {row.failure.code}, {row.failure.message}"
    return words
