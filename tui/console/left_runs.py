"""What an account has of runs, in lines and as JSON: what is needed and why, what is left and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from tui.console.safe_text import Json
from tui.core import units
from tui.core.deletion import DeletionResult
from tui.core.leftovers import LeftResource, LeftRun
from tui.core.units import count_text


def left_lines(runs: Sequence[LeftRun], account: str) -> list[str]:
    """Every run that has something, and what may be deleted."""
    if not runs:
        return [f"{account} has nothing that a run made."]
    lines = []
    for run in runs:
        lines.append(f"{run.run_id}: {_state(run)}")
        lines += [f"  {resource_words(item)}" for item in run.resources]
    costing = sum(item.costs for run in runs for item in run.resources)
    left = sum(len(run.resources) for run in runs)
    summary = f"{count_text(left, 'thing')} left over" if left else "Nothing is left over"
    costs = (
        f", {count_text(costing, 'pool')} of it {'costs' if costing == 1 else 'cost'} by the hour" if costing else ""
    )
    return [*lines, "", f"{summary}{costs}."]


def _state(run: LeftRun) -> str:
    if run.needed_for:
        return f"needed: {run.needed_for}"
    return f"left over, made {units.local_date_time(run.newest_s)}" if run.resources else "being deleted"


def resource_words(item: LeftResource) -> str:
    """`pool top-words-…: 2 nodes of standard_d2s_v3, by the hour`."""
    said = "; ".join(text for text in (item.note, item.loss) if text)
    return f"{item.kind} {item.name}" + (f": {said}" if said else "")


def left_json(runs: Sequence[LeftRun], account: str, results: Sequence[DeletionResult]) -> Json:
    return {
        "account": account,
        "runs": [
            {
                "run": run.run_id,
                "needed_for": run.needed_for or None,
                "newest": units.timestamp(run.newest_s),
                "left": [
                    {"kind": item.kind, "name": item.name, "costs": item.costs, "note": item.note, "loss": item.loss}
                    for item in run.resources
                ],
            }
            for run in runs
        ],
        "deleted": [
            {"kind": item.kind, "name": item.name, "state": item.state.value, "detail": item.detail} for item in results
        ],
    }
