"""The live view of one job on an open account, as a program of its own; the poller watches, nothing is driven."""

from __future__ import annotations

from functools import partial

from tui import wiring
from tui.commands.log_reading import ServiceLogReader
from tui.commands.shown_runs import ShownSession
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort, Publish, StopSignal
from tui.engine.exporting import replace_file
from tui.engine.job_desk import JobDesk
from tui.engine.patience import Patience
from tui.engine.poller import PollControl, Poller
from tui.engine.session import RunSession
from tui.gateways.view_settings import ViewBook
from tui.ui import collector
from tui.ui.app import BatchTui
from tui.ui.screens.watch import WatchScreen
from tui.ui.services import AccountLabel, AppServices


def show(plan: RunPlan, connection: wiring.Connection, clock: ClockPort, *, is_read_only: bool) -> int:
    """Until the person leaves; the exit code."""
    collector.tame()
    control = PollControl()

    def watch(stop: StopSignal, publish: Publish) -> None:
        Poller(connection.batch, clock, plan.job_id, plan.pool.id, control).run(stop, publish)

    session = ShownSession(RunSession(watch, plan.job_id, control))
    views = ViewBook(wiring.paths().config)
    tools = wiring.run_tools(connection, clock, Patience())
    services = AppServices(
        account=AccountLabel(connection.name, connection.endpoint),
        clock=clock,
        start_run=lambda _: session,
        log_reader=partial(ServiceLogReader, connection.batch, connection.storage),
        job_desk=lambda watched: JobDesk(watched, lambda: tools),
        save_file=replace_file,
        views=views,
    )
    opening = partial(WatchScreen, services, plan, session, is_read_only=is_read_only)
    code = BatchTui(opening, theme=views.theme(), remember_theme=views.remember_theme).run() or 0
    collector.leave()
    return code
