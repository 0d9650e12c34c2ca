"""`batch-tui run`: one run from inputs to downloaded outputs, watched from a shell, a script or a pipeline."""

from __future__ import annotations

import click

from tui import wiring
from tui.commands.headless import Manner, confirm_deletion, drive, new_run_id, show_plan
from tui.commands.last_object import LastObject
from tui.commands.options import TypedRun, run_options
from tui.commands.plan_file import is_plan_file, read_plan_file, typed_over
from tui.core.planning import build_plan
from tui.core.workloads import WORKLOADS

_EPILOG = """\b
Exit codes
  0    every task succeeded and was downloaded
  1    some task failed
  2    bad usage or input, or this machine refuses
  3    the service refused or could not be reached
  4    the run's time limit passed
  70   batch-tui itself failed; a file with the details is named
  130  interrupted; what goes on without you is said
"""


@click.command(
    "run",
    epilog=_EPILOG,
    help="Run WORKLOAD on every INPUT: upload, pool, job, tasks, wait, download.\n\n"
    f"WORKLOAD is one of: {', '.join(WORKLOADS)}. INPUT is a file or, where the workload says which files of it are "
    "meant, a folder. Names that start with a dash come after --.\n\n"
    "Instead, a file whose name ends in .toml may say it all: `workload`, `inputs` and the options below by their long "
    "names. What is typed as well counts before what the file says.",
)
@click.argument("workload", metavar="WORKLOAD | PLAN.toml")
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("--account", metavar="NAME", help="The account to run on; `environment` takes it from AZURE_*.")
@click.option("--sandbox", "on_sandbox", is_flag=True, help="Run on the local sandbox, started where it is down.")
@click.option("--pool", metavar="ID", help="Use this pool, which stays as it is, instead of making one.")
@click.option("--nodes", type=int, metavar="N", help="Dedicated nodes of the new pool.")
@click.option("--spot", type=int, metavar="N", help="Spot nodes of the new pool.")
@click.option("--vm-size", metavar="SIZE", help="VM size of the new pool.")
@click.option("--slots", type=int, metavar="N", help="Task slots per node of the new pool.")
@click.option("--output", metavar="DIR", help="Where the outputs go; ./<run> by itself.")
@click.option("--timeout", metavar="TIME", help="Limit of the whole job, such as 30m or 1h30m.")
@click.option("--delete", metavar="PARTS", help="Delete some of job,pool,containers once the outputs are here.")
@click.option("--keep", is_flag=True, help="Keep everything, as without --delete; what costs is said.")
@click.option("--words", metavar="N", help="top-words: words per file.")
@click.option("--delay", metavar="SECONDS", help="top-words: seconds each task waits before its work.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line; the last one is the summary, or the error."
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--plan-only", is_flag=True, help="Say what would be created, and create nothing.")
def command(
    workload: str,
    inputs: tuple[str, ...],
    account: str | None,
    on_sandbox: bool,
    pool: str | None,
    nodes: int | None,
    spot: int | None,
    vm_size: str | None,
    slots: int | None,
    output: str | None,
    timeout: str | None,
    delete: str | None,
    keep: bool,
    words: str | None,
    delay: str | None,
    as_json: bool,
    yes: bool,
    plan_only: bool,
) -> int:
    typed = TypedRun(
        workload,
        inputs,
        account=account,
        sandbox=on_sandbox,
        pool=pool,
        nodes=nodes,
        spot=spot,
        vm_size=vm_size,
        slots=slots,
        output=output,
        timeout=timeout,
        delete=delete,
        keep=keep,
        parameters=(("words", words), ("delay", delay)),
    )
    clock = wiring.clock()
    with LastObject(clock, as_json=as_json) as last:
        if is_plan_file(workload):
            typed = typed_over(typed, read_plan_file(workload))
        now_s = clock.now_s()
        last.run_id = run_id = new_run_id(typed.workload, now_s)
        options = run_options(typed, run_id)
        target = wiring.choose_target(typed.account, on_sandbox=typed.sandbox)
        plan = build_plan(options, run_id, now_s, target.name)
        manner = Manner(as_json=as_json, asks=not yes)
        if plan_only:
            return show_plan(plan, target.endpoint, as_json=as_json)
        plan = confirm_deletion(plan, manner)
        return drive(plan, target, manner, clock, is_new=True)
