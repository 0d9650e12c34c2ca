"""Journaled runs as lines and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui.console.safe_text import Json
from tui.console.summary import failure_lines, leftover_words, summary_lines
from tui.console.words import STOPPED, counts_words
from tui.core import units
from tui.core.events import Step, StepState
from tui.engine.run_record import RunRecord

_TO_THE_MINUTE = len("2026-11-20 13:04")
_HEADINGS = ("RUN", "STARTED", "STATE", "TASKS", "LEFT", "ACCOUNT")


def run_state(record: RunRecord) -> str:
    """`running`, `succeeded`, `failed`, `interrupted at upload`: the journal's view, nobody was asked."""
    if record.is_driven:
        return "running"
    if record.summary is not None:
        return _ENDINGS.get(record.summary.exit_code, "failed")
    return "interrupted" if record.reached is None else f"interrupted at {record.reached.value}"


_ENDINGS = {0: "succeeded", 1: "tasks failed", 3: "failed", 4: "timed out", 130: "interrupted"}


def run_table(records: Sequence[RunRecord]) -> list[str]:
    """A heading and one line a run, in columns."""
    rows = [_HEADINGS, *(_row(record) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(record: RunRecord) -> tuple[str, ...]:
    left = record.leftovers
    return (
        record.plan.run_id,
        units.local_date_time(record.started_s)[:_TO_THE_MINUTE],
        run_state(record),
        f"{len(record.plan.inputs):,}",
        "nothing" if not left else f"{len(left)}{', costs' if any(item.costs for item in left) else ''}",
        record.plan.account,
    )


def record_lines(record: RunRecord) -> list[str]:
    """One run in full."""
    plan = record.plan
    lines = [
        f"Run {plan.run_id}: {plan.workload.title}, {run_state(record)}",
        f"  Account  {plan.account}",
        f"  Inputs   {units.count_text(len(plan.inputs), 'file')}, {units.size_text(plan.input_bytes)}",
    ]
    if record.summary is None and record.outcome is not None:
        lines.append(f"  Tasks    {counts_words(record.outcome.counts)}")
        lines += failure_lines(record.outcome.failures, record.outcome.counts.failed)
    lines.append("  Steps")
    lines += [f"    {step.value:<10}  {_step_words(record, step)}".rstrip() for step in Step]
    if record.damaged_lines:
        lines.append(f"  {units.count_text(record.damaged_lines, 'line')} of its journal cannot be read")
    if record.summary is None:
        return lines + _left_lines(record)
    # What was deleted since the run ended is gone; the journal knows.
    return lines + summary_lines(replace(record.summary, leftovers=record.leftovers))


def _step_words(record: RunRecord, step: Step) -> str:
    state = record.steps.get(step, StepState.WAITING)
    summary = record.step_summaries.get(step, "")
    if state is StepState.FAILED and summary == STOPPED:
        return STOPPED
    return f"{state.value}: {summary}" if summary else state.value


def _left_lines(record: RunRecord) -> list[str]:
    left = [leftover_words(item) for item in record.leftovers]
    return ["  Left", *(f"    {text}" for text in left)] if left else []


def record_json(record: RunRecord) -> dict[str, Json]:
    """What `runs list --json` says of one run."""
    return {
        "run": record.plan.run_id,
        "workload": record.plan.workload_name,
        "account": record.plan.account,
        "started": units.timestamp(record.started_s),
        "state": run_state(record),
        "tasks": len(record.plan.inputs),
        "destination": record.plan.destination,
        "steps": {step.value: record.steps.get(step, StepState.WAITING).value for step in Step},
        "leftovers": [
            {"kind": item.kind, "name": item.name, "costs": item.costs, "note": item.note} for item in record.leftovers
        ],
    }
