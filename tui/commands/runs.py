"""`batch-tui runs`: the runs whose journals are on this machine, and what of them still exists."""

from __future__ import annotations

import sys
from functools import partial

import click

from tui import wiring
from tui.commands.download import CONFLICT_POLICIES, download, typed_choice
from tui.commands.found_run import refuse_other_place, resume_found
from tui.commands.groups import GuardedGroup
from tui.commands.headless import Manner, drive
from tui.commands.last_object import LastObject
from tui.commands.leftovers import command as leftovers_command
from tui.commands.terminal import is_terminal
from tui.console.event_json import summary_json
from tui.console.interruption import Interruption
from tui.console.remains import remains_lines
from tui.console.run_list import record_json, record_lines, run_table
from tui.console.safe_text import Output
from tui.core.deletion import DeletionResult, DeletionState, refusal_among
from tui.core.download_choice import ConflictPolicy
from tui.core.errors import InputError
from tui.engine.deletion import delete_resources
from tui.engine.remains import read_remains


class RunsGroup(GuardedGroup):
    changing = frozenset({"resume", "clean"})


@click.group("runs", cls=RunsGroup, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """The runs this machine knows; without a command, lists them."""
    return 0 if context.invoked_subcommand is not None else _list(as_json=False)


command.add_command(leftovers_command)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_command(as_json: bool) -> int:
    """Every run, newest first."""
    return _list(as_json=as_json)


def _list(*, as_json: bool) -> int:
    output, aside = Output(sys.stdout), Output(sys.stderr)
    records, unreadable = wiring.journals(wiring.clock()).list_runs()
    for run_id, refusal in unreadable:
        aside.line(f"Warning: the journal of {run_id} cannot be read: {refusal}")
    if as_json:
        output.json([record_json(record) for record in records], indent=2)
    elif records:
        output.lines(run_table(records))
    else:
        output.line("No runs yet. `batch-tui demo` makes one.")
    return 0


@command.command("show")
@click.argument("run_id", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show_command(run_id: str, as_json: bool) -> int:
    """One run: its steps, what it made, how it ended and what is left."""
    output = Output(sys.stdout)
    record = wiring.journals(wiring.clock()).read(run_id)
    if as_json:
        summary = None if record.summary is None else summary_json(record.summary)
        output.json({**record_json(record), "summary": summary}, indent=2)
    else:
        output.lines(record_lines(record))
    return 0


@command.command("resume")
@click.argument("run_id", metavar="RUN")
@click.option("--account", metavar="NAME", help="Where the run is, if this machine never saw it.")
@click.option("--sandbox", "on_sandbox", is_flag=True, help="The same, for the local sandbox.")
@click.option("--output", metavar="DIR", help="Where its outputs go then; ./<run> by itself.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line; the last one is the summary, or the error."
)
def resume_command(run_id: str, account: str | None, on_sandbox: bool, output: str | None, as_json: bool) -> int:
    """Go on with a run where its journal ends; what is done already is not done again.

    A machine that never saw the run finds it on its account, once its uploads are complete.
    """
    clock, manner = wiring.clock(), Manner(as_json=as_json, asks=False)
    with LastObject(clock, as_json=as_json, run_id=run_id):
        journals = wiring.journals(clock)
        if not journals.path(run_id).exists():
            return resume_found(run_id, account, on_sandbox, output, manner)
        plan = journals.read(run_id).plan
        refuse_other_place(plan, account, on_sandbox, output)
        return drive(plan, wiring.choose_target(plan.account, on_sandbox=False), manner, clock)


@command.command("download")
@click.argument("run_id", metavar="RUN")
@click.option("--output", metavar="DIR", help="Where the files go; the run's own folder by itself.")
@click.option("--succeeded", is_flag=True, help="Only what tasks left that succeeded.")
@click.option("--task", "tasks", multiple=True, metavar="ID", help="Only this task's; may be given again.")
@click.option("--logs", is_flag=True, help="Also the stdout and stderr of these tasks.")
@click.option(
    "--on-conflict",
    "policy",
    type=click.Choice(CONFLICT_POLICIES),
    default="rename",
    show_default=True,
    help="Where a different file has the name: beside it, leave it, replace it, replace it if it is older.",
)
def download_command(
    run_id: str, output: str | None, succeeded: bool, tasks: tuple[str, ...], logs: bool, policy: ConflictPolicy
) -> int:
    """Fetch what a run made, verified; what is there already is not fetched again."""
    return download(run_id, typed_choice(run_id, output, succeeded, tasks, logs), policy)


@command.command("clean")
@click.argument("run_id", metavar="RUN")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean_command(run_id: str, yes: bool) -> int:
    """Delete what a run made and left: its job, its pool and its containers."""
    output, clock = Output(sys.stdout), wiring.clock()
    record = wiring.journals(clock).read(run_id)
    target = wiring.choose_target(record.plan.account, on_sandbox=False)
    with Interruption() as interruption, wiring.connected(target) as connection:
        tools = wiring.run_tools(connection, clock, wiring.unattended_patience(connection.account))
        remains = read_remains(tools, record, interruption.stop)
        if not remains.parts:
            output.line(f"Nothing of {run_id} is left to delete.")
            return 0
        output.lines(remains_lines(remains))
        if not yes:
            _confirm(interruption)
        resources = [(item.kind, item.name) for part in remains.parts for item in remains.of_part(part)]
        results = delete_resources(tools, record.plan, resources, interruption.stop, partial(_say_change, output))
    for result in results:
        if result.state is DeletionState.GOING:  # nobody watches it any longer
            _say_result(output, result)
    refusal = refusal_among(results)
    if refusal is not None:
        raise refusal
    return max(result.exit_code for result in results)


def _confirm(interruption: Interruption) -> None:
    if not is_terminal():
        raise InputError("Nobody is there to ask", "clean deletes what the run made", "say --yes")
    with interruption.asking():
        click.confirm("Delete all of it?", abort=True)


def _say_change(output: Output, result: DeletionResult) -> None:
    """That a deletion begins and how it ended; between the two the service is still at it."""
    if result.state is not DeletionState.GOING:
        _say_result(output, result)


def _say_result(output: Output, result: DeletionResult) -> None:
    detail = f": {result.detail}" if result.detail else ""
    output.line(f"  {result.state.value:<10} {result.kind} {result.name}{detail}")
