"""The promise of `--json`: a command that does not come to a summary ends with an `error` object on stdout.

People still read the error on stderr, where every command's errors go.
"""

from __future__ import annotations

import errno
import sys
from types import TracebackType
from typing import Self

import click

from tui.console.errors import CRASH_EXIT_CODE, error_json
from tui.console.interruption import EXIT_CODE as INTERRUPTED
from tui.console.safe_text import Json, Output, OutputClosed
from tui.core import units
from tui.core.errors import BatchTuiError
from tui.core.ports import ClockPort


class LastObject:
    """A context manager around all that a command does; what leaves it goes on its way once it was told."""

    def __init__(self, clock: ClockPort, *, as_json: bool, run_id: str | None = None) -> None:
        self.run_id = run_id
        """None until the run has a name: nothing of it exists then."""
        self._clock = clock
        self._as_json = as_json

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        body = _body(problem) if self._as_json and problem is not None else None
        if body is None:
            return
        output = Output(sys.stdout)
        try:
            output.json({**body, "at": units.timestamp(self._clock.now_s()), "run": self.run_id})
        except OutputClosed:  # nobody reads it; stderr and the exit code still tell what happened
            output.abandon()


def _body(problem: BaseException) -> dict[str, Json] | None:
    """None for what is no error, and where stdout itself is what failed."""
    match problem:
        case BatchTuiError():
            return {**error_json(problem)}
        case click.ClickException():
            return _error(problem.format_message(), problem.exit_code)
        case click.Abort() | KeyboardInterrupt():
            return _error("Interrupted", INTERRUPTED)
        case OutputClosed() | BrokenPipeError() | OSError(errno=errno.ENOSPC, filename=None):
            return None
        case SystemExit() | click.exceptions.Exit():
            return None
        case _:
            return _error("batch-tui itself failed", CRASH_EXIT_CODE, type(problem).__name__)


def _error(title: str, exit_code: int, what: str = "") -> dict[str, Json]:
    return {"event": "error", "title": title, "what": what, "hint": "", "exit_code": exit_code}
