"""Opens the user interface, wired to the accounts of this machine's user; nothing is asked of a service before it is
painted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tui import bundled, wiring
from tui.commands.late import late
from tui.commands.open_accounts import OpenAccounts
from tui.commands.terminal import require_terminal
from tui.core.accounts import Account, account_of_environment
from tui.engine.exporting import replace_file
from tui.gateways.view_settings import ViewBook
from tui.ui.account_services import AccessServices
from tui.ui.app import BatchTui
from tui.ui.run_services import HomeServices
from tui.ui.screens.home import HomeScreen
from tui.ui.services import AccountLabel, AppServices, LogChunk, LogSource, NewRunServices

if TYPE_CHECKING:
    from tui.commands.shown_runs import ShownRuns
    from tui.core.plan import RunPlan
    from tui.core.ports import ClockPort
    from tui.core.run_draft import RunDraft
    from tui.engine.job_desk import JobDesk

NO_ACCOUNT = AccountLabel("no account yet", "")


@dataclass(frozen=True, slots=True)
class LateLogReader:
    """Opens the account when something is read."""

    accounts: OpenAccounts
    plan: RunPlan

    def read(self, source: LogSource, offset: int | None, limit_bytes: int, *, unless_version: str = "") -> LogChunk:
        from tui.commands.log_reading import ServiceLogReader  # not before the first frame

        connection = self.accounts.connection(self.plan.account)
        reader = ServiceLogReader(connection.batch, connection.storage, self.plan)
        return reader.read(source, offset, limit_bytes, unless_version=unless_version)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the screens are made of; all of it cheap until it is used."""

    clock: ClockPort
    accounts: OpenAccounts
    runs: ShownRuns
    access: AccessServices

    def services_of(self, name: str) -> AppServices:
        return AppServices(
            account=AccountLabel(name, self._endpoint(name)) if name else NO_ACCOUNT,
            clock=self.clock,
            start_run=lambda plan: self.runs.start(plan),
            log_reader=partial(LateLogReader, self.accounts),
            save_file=replace_file,
            views=ViewBook(wiring.paths().config),
            job_desk=self._job_desk,
            access=self.access,
        )

    def _job_desk(self, plan: RunPlan) -> JobDesk:
        from tui.engine.job_desk import JobDesk  # not before the first frame

        return JobDesk(plan, partial(self.accounts.tools, plan.account))

    def _endpoint(self, name: str) -> str:
        if opened := self.accounts.endpoint(name):
            return opened
        if name == wiring.SANDBOX:
            return "this machine"
        saved = next((profile for profile in wiring.account_book().profiles() if profile.name == name), None)
        return "" if saved is None else saved.batch_endpoint

    def new_run(self, name: str) -> tuple[NewRunServices, RunDraft]:
        """What a new run on the account called `name` begins with."""
        from tui.commands.new_runs import NewRuns  # not before one is planned, nor before the first frame
        from tui.gateways.last_choices import ChoiceBook  # as above

        return NewRuns(self.accounts, self.clock, ChoiceBook(wiring.paths().config)).begin(name)


def open_home(
    *, is_read_only: bool = False, account: str | None = None, draft: RunDraft | None = None,
    idle_exit_s: float | None = None,
) -> int:  # fmt: skip
    """Home, or the set-up where there is no account; with a `draft`, its review. The exit code once it is left."""
    require_terminal(
        "the user interface", "`batch-tui run` and `batch-tui demo` work without one; `batch-tui --help` names the rest"
    )
    clock, desk = wiring.clock(), late(partial(wiring.account_desk, may_write=not is_read_only))

    def account_of(name: str) -> Account:
        return wiring.start_sandbox(idle_exit_s) if name == wiring.SANDBOX else desk.account(name)

    name = account or current_account()
    with OpenAccounts(account_of, clock) as accounts:
        runs = late(partial(_shown_runs, accounts, clock))
        parts = Parts(clock, accounts, runs, AccessServices(desk, accounts.forget, may_enter=not is_read_only))
        home = HomeServices(runs, desk, parts.services_of, parts.new_run, accounts.forget)
        opening = partial(
            HomeScreen, parts.services_of(name), home, has_account=bool(name), draft=draft, is_read_only=is_read_only
        )
        views = ViewBook(wiring.paths().config)
        app = BatchTui(opening, theme=views.theme(), remember_theme=views.remember_theme)
        try:
            return app.run_to_end()
        finally:
            from tui.commands.farewell import say_how_runs_stand  # needed once the interface is left

            say_how_runs_stand(runs)


def _shown_runs(accounts: OpenAccounts, clock: ClockPort) -> ShownRuns:
    from tui.commands.shown_runs import ShownRuns  # half of the engine, which the first frame does not wait for

    return ShownRuns(wiring.journals(clock), accounts.tools, accounts.reachable_tools, bundled.node_script)


def current_account() -> str:
    """The environment's, or the one that was chosen last; empty where there is none."""
    environment = account_of_environment(os.environ)
    if environment is not None:
        return environment.name
    current = wiring.account_book().current()
    return "" if current is None else current.name
