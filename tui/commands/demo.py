"""`batch-tui demo`: the tutorial's whole job on the sandbox with the sample texts, and nothing left but the outputs."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import click

from tui import bundled, wiring
from tui.commands.headless import Manner, drive, new_run_id
from tui.commands.last_object import LastObject
from tui.commands.options import TypedRun, run_options
from tui.commands.terminal import is_terminal
from tui.console.safe_text import Output
from tui.core.plan import DELETE_PARTS
from tui.core.planning import RunOptions, build_plan
from tui.core.run_draft import RunDraft
from tui.core.workloads import TOP_WORDS, WORKLOADS
from tui.sandbox.control import ROOT_WARNING

IDLE_EXIT_S = 600.0
"""A sandbox that only a demo needed leaves by itself after this."""


@click.command("demo")
@click.option("--delay", default="3", metavar="SECONDS", show_default=True, help="So long each task waits first.")
@click.option("--output", metavar="DIR", help="Where the outputs go; ./<run> by itself.")
@click.option("--json", "as_json", is_flag=True, help="Without the user interface, one JSON object a line.")
def command(delay: str, output: str | None, as_json: bool) -> int:
    """A whole run of sample inputs on the local sandbox; no account needed.

    On a terminal it opens the user interface. Without one it prints each step and deletes everything but the outputs.
    """
    clock = wiring.clock()
    with LastObject(clock, as_json=as_json) as last:
        now_s = clock.now_s()
        last.run_id = run_id = new_run_id(TOP_WORDS.name, now_s)
        samples = tuple(str(path) for path in bundled.sample_inputs())
        options = run_options(TypedRun(TOP_WORDS.name, samples, output=output, parameters=(("delay", delay),)), run_id)
        plan = build_plan(options, run_id, now_s, wiring.SANDBOX)
        _warn_root()
        if is_terminal() and not as_json:
            from tui.commands.interface import open_home  # loads Textual, which a demo without a terminal does not need

            draft = drafted(options, run_id, delay, output)
            return open_home(account=wiring.SANDBOX, draft=draft, idle_exit_s=IDLE_EXIT_S)
        target = wiring.choose_target(None, on_sandbox=True)
        whole = replace(plan, delete_after=frozenset(DELETE_PARTS))
        return drive(whole, target, Manner(as_json=as_json, asks=False), clock, idle_exit_s=IDLE_EXIT_S)


def drafted(options: RunOptions, run_id: str, delay: str, output: str | None) -> RunDraft:
    """The same run as a form, ready for its review."""
    return RunDraft(
        suggested_ids=dict.fromkeys(WORKLOADS, run_id),
        working_folder=os.getcwd(),
        workload_name=options.workload,
        parameters={"delay": delay},
        files=options.files,
        typed_destination=None if output is None else os.path.abspath(output),
    )


def _warn_root() -> None:
    """Louder than the README: who is root should know what the sandbox is not."""
    if os.geteuid() == 0:
        Output(sys.stderr).line(f"Warning: {ROOT_WARNING}")
