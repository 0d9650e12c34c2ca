"""What the shell is told once the interface is left: how each run stands that it drove."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from tui.console.safe_text import Output
from tui.console.summary import summary_lines
from tui.core.errors import BatchTuiError

if TYPE_CHECKING:
    from tui.commands.shown_runs import ShownRuns
    from tui.core.events import RunSummary

LEAVING_LIMIT_S = 0.4
"""Leaving never waits longer for calls that hang, however many runs there are."""


def say_how_runs_stand(runs: ShownRuns) -> None:
    """On the shell's own screen, where it stays readable: what came of each run, what is left and what costs."""
    output = Output(sys.stdout)
    for session in runs.driving.values():
        session.stop()
    deadline_s = time.monotonic() + LEAVING_LIMIT_S
    for run_id, session in runs.driving.items():
        session.wait(max(0.0, deadline_s - time.monotonic()))
        if session.summary is not None:
            output.lines([run_id, *summary_lines(_as_it_is_now(session.summary, runs))])
        elif session.error is not None:
            output.line(f"{run_id}: {session.error}")
        else:
            output.line(f"{run_id} was left while a call was under way; `batch-tui runs show {run_id}` tells more.")


def _as_it_is_now(summary: RunSummary, runs: ShownRuns) -> RunSummary:
    """What was deleted since the run ended is left no more, and a pool without nodes costs nothing."""
    try:
        return runs.as_it_is_now(summary)
    except BatchTuiError:
        return summary
