"""`batch-tui runs`: the runs whose journals are on this machine, and what of them still exists."""

from __future__ import annotations

import sys
from functools import partial

import click

from tui import wiring
from tui.commands.groups import GuardedGroup
from tui.commands.headless import Manner, drive, is_terminal
from tui.console.event_json import summary_json
from tui.console.interruption import Interruption
from tui.console.run_list import record_json, record_lines, run_table
from tui.console.safe_text import Output
from tui.console.summary import leftover_words
from tui.core.errors import InputError
from tui.core.events import Notice, RunEvent, Step
from tui.engine.run_record import RunRecord


class RunsGroup(GuardedGroup):
    changing = frozenset({"resume", "clean"})


@click.group("runs", cls=RunsGroup, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """The runs this machine knows; without a command, lists them."""
    return 0 if context.invoked_subcommand is not None else _list(as_json=False)


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
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; the last one is the summary.")
def resume_command(run_id: str, as_json: bool) -> int:
    """Go on with a run where its journal ends; what is done already is not done again."""
    clock = wiring.clock()
    plan = wiring.journals(clock).read(run_id).plan
    target = wiring.choose_target(plan.account, on_sandbox=False)
    return drive(plan, target, Manner(as_json=as_json, asks=False), clock)


@command.command("clean")
@click.argument("run_id", metavar="RUN")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean_command(run_id: str, yes: bool) -> int:
    """Delete what a run made and left: its job, its pool and its containers."""
    output, clock = Output(sys.stdout), wiring.clock()
    record = wiring.journals(clock).read(run_id)
    if not record.leftovers:
        output.line(f"Nothing of {run_id} is left.")
        return 0
    output.lines([f"{run_id} left:", *(f"  {leftover_words(item)}" for item in record.leftovers)])
    if not yes:
        _confirm_clean(record)
    target = wiring.choose_target(record.plan.account, on_sandbox=False)
    with Interruption() as interruption, wiring.connected(target) as connection:
        cleaner = wiring.cleaner(connection, clock, wiring.unattended_patience(connection.account))
        left = cleaner.clean(record.plan, interruption.stop, partial(_say_notice, output))
    output.lines([f"  {leftover_words(item)}" for item in left] or ["All of it is deleted."])
    return 0


def _confirm_clean(record: RunRecord) -> None:
    if not is_terminal():
        raise InputError("Nobody is there to ask", "clean deletes what the run made", "say --yes")
    if record.outcome is None and record.tasks_are_submitted:
        Output(sys.stdout).line("Its tasks may still be running, and what they have not delivered yet will be lost.")
    elif record.has_made("container", record.plan.output_container) and not record.has_done(Step.DOWNLOAD):
        Output(sys.stdout).line("Its outputs were not downloaded and will be lost.")
    click.confirm("Delete all of it?", abort=True)


def _say_notice(output: Output, event: RunEvent) -> None:
    if isinstance(event, Notice):
        output.line(event.text)
