"""The live view of one job on an open account, as a program of its own; the poller watches, nothing is driven."""

from __future__ import annotations

from functools import partial

from tui import wiring
from tui.commands.interface import LateLogReader
from tui.commands.open_accounts import OpenAccounts
from tui.commands.shown_runs import ShownSession
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort, Publish, StopSignal
from tui.engine.exporting import replace_file
from tui.engine.job_desk import JobDesk
from tui.engine.poller import PollControl, Poller
from tui.engine.session import RunSession
from tui.gateways.view_settings import ViewBook
from tui.ui.account_services import AccessServices
from tui.ui.app import BatchTui
from tui.ui.screens.watch import WatchScreen
from tui.ui.services import AccountLabel, AppServices


def show(plan: RunPlan, accounts: OpenAccounts, clock: ClockPort, access: AccessServices) -> int:
    """Until the person leaves; the exit code. The job is on the account of `plan`, which is open."""
    views = ViewBook(wiring.paths().config)
    services = AppServices(
        account=AccountLabel(plan.account, accounts.endpoint(plan.account)),
        clock=clock,
        start_run=partial(watching, accounts, clock),
        log_reader=partial(LateLogReader, accounts),
        job_desk=lambda watched: JobDesk(watched, partial(accounts.tools, plan.account)),
        save_file=replace_file,
        views=views,
        access=access,
    )
    opening = partial(WatchScreen, services, plan, services.start_run(plan), is_read_only=not access.may_enter)
    return BatchTui(opening, theme=views.theme(), remember_theme=views.remember_theme).run_to_end()


def watching(accounts: OpenAccounts, clock: ClockPort, plan: RunPlan) -> ShownSession:
    """A look at the job by the account's credentials as they are when it begins."""
    control = PollControl()

    def watch(stop: StopSignal, publish: Publish) -> None:
        batch = accounts.connection(plan.account).batch
        Poller(batch, clock, plan.job_id, plan.pool.id, control).run(stop, publish)

    return ShownSession(RunSession(watch, plan.job_id, control))
