"""The user interface up to its first painted frame, in a process of its own, reaching nothing."""

from __future__ import annotations

import os
import time
from functools import partial

from textual.screen import Screen

from tui.core.errors import NotFound
from tui.core.plan import NewPool, PlannedInput, RunPlan
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen
from tui.ui.services import AccountLabel, AppServices, LogChunk, LogReader, LogSource, RunSession


class _NoClock:
    def now_s(self) -> float:
        return time.time()


class _NoLogs:
    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan

    def read(self, source: LogSource, offset: int | None, limit_bytes: int) -> LogChunk:  # noqa: ARG002 - a protocol's
        raise NotFound("No output yet")


def _no_session(plan: RunPlan) -> RunSession:
    raise NotImplementedError(plan.run_id)


def _logs(plan: RunPlan) -> LogReader:
    return _NoLogs(plan)


def main() -> None:
    """Ends the process with the first painted frame; leaving in an orderly way is not what is measured."""
    inputs = tuple(PlannedInput(f"input-{index}.txt", 4_096, None) for index in range(3))
    plan = RunPlan("top-words-20261120-abc", "top-words", inputs, NewPool("pool"), 1_800, "/outputs")
    services = AppServices(AccountLabel("sandbox", "http://127.0.0.1:1"), _NoClock(), _no_session, _logs)

    def opening() -> Screen[None]:
        return RunScreen(services, plan)

    app = BatchTui(opening)
    app.call_later(app.call_after_refresh, partial(os._exit, 0))
    app.run(headless=True)


if __name__ == "__main__":
    main()
