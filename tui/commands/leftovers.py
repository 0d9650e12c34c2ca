"""`batch-tui runs leftovers`: what runs made on an account and no longer need, listed, and swept once confirmed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from tui import wiring
from tui.commands.groups import is_read_only
from tui.commands.terminal import is_terminal
from tui.console.interruption import Interruption
from tui.console.left_runs import left_json, left_lines
from tui.console.safe_text import Output
from tui.core.deletion import DeletionResult, refusal_among
from tui.core.errors import InputError
from tui.core.leftovers import LeftRun
from tui.core.units import count_text
from tui.engine.leftovers import Confirmed, find_left, sweep


@click.command("leftovers")
@click.option("--account", metavar="NAME", help="The account to look over.")
@click.option("--sandbox", "on_sandbox", is_flag=True, help="Look over the local sandbox.")
@click.option("--yes", is_flag=True, help="Delete what is left over, and ask nothing.")
@click.option("--with-outputs", is_flag=True, help="Also outputs that this machine did not download.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def command(
    context: click.Context, account: str | None, on_sandbox: bool, yes: bool, with_outputs: bool, as_json: bool
) -> int:
    """List what runs made on an account and no longer need; delete it once confirmed.

    It also finds what runs of other machines left. Outputs that this machine did not download stay, unless asked for.
    """
    may_change = not is_read_only(context)
    if yes and not may_change:
        raise InputError("--yes deletes", "this program was started read-only", "leave one of them out")
    output, clock = Output(sys.stdout), wiring.clock()
    target = wiring.choose_target(account, on_sandbox=on_sandbox)
    with Interruption() as interruption, wiring.connected(target) as connection:
        tools = wiring.run_tools(connection, clock, wiring.unattended_patience(connection.account))
        found = find_left(tools, connection.name, interruption.stop)
        if not as_json:
            output.lines(left_lines(found, connection.name))
        chosen = _chosen(found, with_outputs)
        results: tuple[DeletionResult, ...] = ()
        if may_change and chosen and (yes or _agrees(chosen, interruption, as_json, output)):
            results = sweep(tools, connection.name, chosen, interruption.stop, lambda _: None)
    if as_json:
        output.json(left_json(found, connection.name, results), indent=2)
    else:
        output.lines([_result_line(result) for result in results])
    refusal = refusal_among(results)
    if refusal is not None:
        raise refusal
    return max((result.exit_code for result in results), default=0)


def _chosen(found: Sequence[LeftRun], with_outputs: bool) -> list[Confirmed]:
    """What a confirmation stands for: no run loses an output unasked."""
    confirmed = [
        Confirmed(run.run_id, tuple(item for item in run.resources if with_outputs or not item.loss)) for run in found
    ]
    return [item for item in confirmed if item.resources]


def _agrees(chosen: Sequence[Confirmed], interruption: Interruption, as_json: bool, output: Output) -> bool:
    count = count_text(sum(len(item.resources) for item in chosen), "thing")
    if as_json:
        return False
    if not is_terminal():
        output.line(f"--yes deletes {count} of it.")
        return False
    with interruption.asking():
        return click.confirm(f"Delete {count}?", default=False)


def _result_line(result: DeletionResult) -> str:
    detail = f": {result.detail}" if result.detail else ""
    return f"  {result.state.value:<10} {result.kind} {result.name}{detail}"
