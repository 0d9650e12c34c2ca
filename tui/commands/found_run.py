"""A run that this machine never saw, found on its account and gone on with."""

from __future__ import annotations

from tui import wiring
from tui.commands.headless import Manner, drive
from tui.commands.options import output_folder
from tui.console.interruption import Interruption
from tui.core.errors import InputError
from tui.core.plan import RunPlan
from tui.engine.recovery import recover_run


def resume_found(run_id: str, account: str | None, on_sandbox: bool, output: str | None, manner: Manner) -> int:
    """The whole of what is left of the run; its exit code."""
    clock = wiring.clock()
    destination = output_folder(output or run_id)
    target = wiring.choose_target(account, on_sandbox=on_sandbox)
    with Interruption() as interruption, wiring.connected(target) as connection:
        tools = wiring.run_tools(connection, clock, wiring.unattended_patience(connection.account))
        plan = recover_run(tools, run_id, destination, connection.name, interruption.stop)
    return drive(plan, target, manner, clock)


def refuse_other_place(plan: RunPlan, account: str | None, on_sandbox: bool, output: str | None) -> None:
    """InputError where the journal on this machine says otherwise than the command line."""
    typed = wiring.SANDBOX if on_sandbox else account
    if typed is not None and typed != plan.account:
        raise InputError(
            "The run is on another account",
            f"this machine's journal has {plan.run_id} on {plan.account}",
            "leave the account out",
        )
    if output is not None and output_folder(output) != plan.destination:
        raise InputError(
            "The run has its folder already",
            f"its outputs go to {plan.destination}",
            f"`batch-tui runs download {plan.run_id} --output DIR` puts them elsewhere too",
        )
