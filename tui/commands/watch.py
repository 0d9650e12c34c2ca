"""`batch-tui watch`: the live view of any job of an account, whoever made it; makes and deletes nothing."""

from __future__ import annotations

from functools import partial

import click

from tui import wiring
from tui.commands.headless import is_terminal
from tui.core.errors import InputError, NotFound
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort, Publish, StopSignal
from tui.core.watching import watched_plan


@click.command("watch", help="Watch the tasks, nodes and logs of JOB, whoever made it.")
@click.argument("job_id", metavar="JOB")
@click.option("--account", metavar="NAME", help="The account the job is on; `environment` takes it from AZURE_*.")
@click.option("--sandbox", "on_sandbox", is_flag=True, help="The job is on the local sandbox.")
@click.pass_context
def command(context: click.Context, job_id: str, account: str | None, on_sandbox: bool) -> int:
    if not is_terminal():
        raise InputError("There is no terminal here", "the live view needs stdin, stdout and stderr to be one")
    target, clock = wiring.choose_target(account, on_sandbox=on_sandbox), wiring.clock()
    with wiring.connected(target) as connection:
        job = connection.batch.get_job(job_id)
        if job is None:
            raise NotFound("There is no such job", f"{job_id!r} on {connection.name}", "ids are case-sensitive")
        plan = watched_plan(job, connection.name)
        return _show(plan, connection, clock, is_read_only=bool(context.find_root().params["read_only"]))


def _show(plan: RunPlan, connection: wiring.Connection, clock: ClockPort, *, is_read_only: bool) -> int:
    # Loads Textual: only once there is a job to show.
    from tui.commands.log_reading import ServiceLogReader
    from tui.commands.shown_runs import ShownSession
    from tui.engine.exporting import replace_file
    from tui.engine.job_desk import JobDesk
    from tui.engine.poller import PollControl, Poller
    from tui.engine.retrying import Patience
    from tui.engine.session import RunSession
    from tui.gateways.view_settings import ViewBook
    from tui.ui import collector
    from tui.ui.app import BatchTui
    from tui.ui.screens.watch import WatchScreen
    from tui.ui.services import AccountLabel, AppServices

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
