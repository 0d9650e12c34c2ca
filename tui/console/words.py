"""Small phrases that the transcript, the live lines and the summary have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tui.core import units
from tui.core.events import FailedTask, Progress
from tui.core.records import NodeRecord, TaskCounts

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


def failure_words(task: FailedTask) -> str:
    """`topword-00001 failed with exit code 3 (poem.txt): it is empty`, as far as the service and its stderr say why."""
    exit_text = f" with exit code {task.exit_code}" if task.exit_code else ""
    words = f"{task.task_id} failed{exit_text}" + (f" ({task.input_name})" if task.input_name else "")
    reasons = [] if task.code in ("", "FailureExitCode") else [f"{task.code}, {task.message}"]
    return ": ".join([words, *reasons, *filter(None, [task.last_words])])
