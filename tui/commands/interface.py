"""Opens the user interface on a run, wired to an account's services."""

from __future__ import annotations

import sys
from functools import partial

from tui import wiring
from tui.commands.headless import is_terminal
from tui.commands.log_reading import ServiceLogReader
from tui.console.safe_text import Output
from tui.console.summary import summary_lines
from tui.core.errors import BatchTuiError, InputError, RunFailed
from tui.core.events import RunEvent, RunSummary
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort
from tui.engine import session as engine_session
from tui.engine.retrying import Patience
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen
from tui.ui.services import AccountLabel, AppServices

LEAVING_LIMIT_S = 1.0
"""Leaving never waits longer for a call that hangs."""


class ShownSession:
    """The engine's session as the interface knows it: what ends it is always an error a person can read."""

    def __init__(self, session: engine_session.RunSession) -> None:
        self._session = session

    def start(self) -> None:
        self._session.start()

    def take(self, timeout_s: float) -> list[RunEvent]:
        return self._session.take(timeout_s)

    def stop(self) -> None:
        self._session.stop()

    @property
    def summary(self) -> RunSummary | None:
        return self._session.summary

    @property
    def error(self) -> BatchTuiError | None:
        problem = self._session.error
        if problem is None or isinstance(problem, BatchTuiError):
            return problem
        return RunFailed("batch-tui itself failed", f"{type(problem).__name__}: {problem}", "the run can be resumed")


def services(connection: wiring.Connection, clock: ClockPort) -> AppServices:
    """Everything the interface reaches, on one open account."""
    engine = wiring.engine(connection, clock, Patience())
    return AppServices(
        account=AccountLabel(connection.name, connection.endpoint),
        clock=clock,
        start_run=lambda plan: ShownSession(engine_session.RunSession.running(engine, plan)),
        log_reader=partial(ServiceLogReader, connection.batch, connection.storage),
    )


def open_run(plan: RunPlan, target: wiring.Target, *, idle_exit_s: float | None = None) -> int:
    """The run screen, the run started; the exit code once the person leaves."""
    clock = wiring.clock()
    with wiring.connected(target, idle_exit_s=idle_exit_s) as connection:
        reached = services(connection, clock)
        session = engine_session.RunSession.running(wiring.engine(connection, clock, Patience()), plan)

        code = BatchTui(partial(RunScreen, reached, plan, ShownSession(session))).run() or 0
        session.stop()
        session.wait(LEAVING_LIMIT_S)
        _say_how_it_stands(session, plan.run_id)
        return code


def _say_how_it_stands(session: engine_session.RunSession, run_id: str) -> None:
    """On the shell's own screen, where it stays readable: what came of the run, what is left and what costs."""
    output = Output(sys.stdout)
    if session.summary is not None:
        output.lines(summary_lines(session.summary))
    elif isinstance(session.error, BatchTuiError):
        raise session.error
    else:
        output.line(f"{run_id} was left while a call was under way; `batch-tui runs show {run_id}` tells what exists.")


def open_home() -> int:
    """What there is without a command; InputError that says what to do instead."""
    if not is_terminal():
        raise InputError(
            "There is no terminal here",
            "the user interface needs stdin, stdout and stderr to be one",
            "`batch-tui run` and `batch-tui demo` work without one; `batch-tui --help` names the rest",
        )
    raise InputError(
        "Nothing to open yet",
        "this version shows runs that it starts itself",
        "`batch-tui demo` runs the samples; `batch-tui run` runs your files",
    )
