"""The end of a run in lines: when, what came of the tasks, where the outputs are, what is left and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from tui.console.words import counts_words, failure_words
from tui.core import units
from tui.core.events import FailedTask, Leftover, RunSummary

_SHOWN_CONTAINERS = 6


def summary_lines(summary: RunSummary) -> list[str]:
    """What stands at the end of every run, headless or not."""
    lines = [
        "",
        summary.outcome,
        "",
        f"  Start    {units.local_date_time(summary.started_s)}",
        f"  End      {units.local_date_time(summary.ended_s)}",
        f"  Elapsed  {units.duration_text(summary.elapsed_s)}",
        f"  Tasks    {counts_words(summary.counts)}",
        *failure_lines(summary.failures, summary.counts.failed),
        f"  Outputs  {_outputs(summary)}",
    ]
    if summary.deleted:
        lines.append(f"  Deleted  {', '.join(summary.deleted)}")
    lines += leftover_lines(summary)
    return [*lines, "", summary.hint] if summary.hint else lines


def failure_lines(failures: Sequence[FailedTask], count: int) -> list[str]:
    """Which tasks failed, why, and where the log is; of `count` failed ones the first are known."""
    told = [text for task in failures for text in (failure_words(task), task.log_path) if text]
    if told and count > len(failures):
        told.append(f"and {count - len(failures):,} more")
    return [f"  {'' if index else 'Failed':<8} {text}" for index, text in enumerate(told)]


def _outputs(summary: RunSummary) -> str:
    if not summary.downloaded_files:
        return "none downloaded"
    files = units.count_text(summary.downloaded_files, "file")
    return f"{files}, {units.size_text(summary.downloaded_bytes)}, in {summary.destination}"


def leftover_lines(summary: RunSummary) -> list[str]:
    """What still exists, what of it goes on costing, and what to do about it."""
    if not summary.leftovers:
        return ["  Left     nothing of this run exists or costs any more"]
    containers = [leftover for leftover in summary.leftovers if leftover.kind == "container"]
    others = [leftover for leftover in summary.leftovers if leftover.kind != "container"]
    named = [leftover_words(leftover) for leftover in [*others, *containers[:_SHOWN_CONTAINERS]]]
    if len(containers) > _SHOWN_CONTAINERS:
        named.append(f"and {len(containers) - _SHOWN_CONTAINERS} more containers")
    lines = [f"  {'' if index else 'Left':<8} {text}" for index, text in enumerate(named)]
    return [*lines, f"           `batch-tui runs clean {summary.run_id}` deletes all of it"]


def leftover_words(leftover: Leftover) -> str:
    """`pool top-words-…: its nodes cost by the hour until it is deleted`."""
    text = f"{leftover.kind} {leftover.name}"
    if leftover.note:
        return f"{text}: {leftover.note}"
    return f"{text}: costs by the hour until it is deleted" if leftover.costs else text
