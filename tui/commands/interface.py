"""Opens the user interface on a run, wired to an account's services."""

from __future__ import annotations

from functools import partial

from textual.screen import Screen

from tui import wiring
from tui.commands.headless import is_terminal
from tui.commands.log_reading import ServiceLogReader
from tui.core.errors import BatchTuiError, InputError, RunFailed
from tui.core.events import RunEvent, RunSummary
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort
from tui.engine import session as engine_session
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen
from tui.ui.services import AccountLabel, AppServices


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
    engine = wiring.engine(connection, clock)
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

        def opening() -> Screen[None]:
            return RunScreen(reached, plan, reached.start_run(plan))

        return BatchTui(opening).run() or 0


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
