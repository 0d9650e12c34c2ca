"""`batch-tui watch`: the live view of any job of an account, whoever made it; makes and deletes nothing."""

from __future__ import annotations

import click

from tui import wiring
from tui.commands.open_accounts import OpenAccounts
from tui.commands.terminal import require_terminal
from tui.core.errors import NotFound
from tui.core.watching import watched_plan


@click.command("watch", help="Watch the tasks, nodes and logs of JOB, whoever made it.")
@click.argument("job_id", metavar="JOB")
@click.option("--account", metavar="NAME", help="The account the job is on; `environment` takes it from AZURE_*.")
@click.option("--sandbox", "on_sandbox", is_flag=True, help="The job is on the local sandbox.")
@click.pass_context
def command(context: click.Context, job_id: str, account: str | None, on_sandbox: bool) -> int:
    require_terminal("the live view")
    target, clock = wiring.choose_target(account, on_sandbox=on_sandbox), wiring.clock()
    may_write = not context.find_root().params["read_only"]
    desk = wiring.account_desk(may_write=may_write)
    with OpenAccounts(desk.account, clock) as accounts:
        connection = accounts.connection(target.name)
        job = connection.batch.get_job(job_id)
        if job is None:
            raise NotFound("There is no such job", f"{job_id!r} on {connection.name}", "ids are case-sensitive")
        # Loads Textual: only once there is a job to show.
        from tui.commands.live_view import show
        from tui.ui.account_services import AccessServices  # as above

        access = AccessServices(desk, accounts.forget, may_enter=may_write)
        return show(watched_plan(job, connection.name), accounts, clock, access)
