"""`batch-tui watch`: the live view of any job of an account, whoever made it; makes and deletes nothing."""

from __future__ import annotations

import click

from tui import wiring
from tui.commands.terminal import is_terminal
from tui.core.errors import InputError, NotFound
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
        # Loads Textual: only once there is a job to show.
        from tui.commands.live_view import show

        return show(plan, connection, clock, is_read_only=bool(context.find_root().params["read_only"]))
