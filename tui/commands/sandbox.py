"""`batch-tui sandbox`: the local Batch and Blob service, brought up, looked at and taken down."""

from __future__ import annotations

import json
import sys

import click

from tui import wiring
from tui.commands.groups import GuardedGroup
from tui.commands.headless import is_terminal
from tui.console.safe_text import Json, Output
from tui.core import units
from tui.core.errors import InputError
from tui.sandbox import control
from tui.sandbox.control import SandboxStatus


class SandboxGroup(GuardedGroup):
    changing = frozenset({"up", "down", "reset"})


@click.group("sandbox", cls=SandboxGroup)
def command() -> None:
    """The local Batch and Blob service.

    It runs the commands of tasks as you and is no security boundary. It stays up when the program ends, until `down`.
    """


@command.command("up")
def up_command() -> int:
    """Start it, unless it runs; it stays until `down`."""
    output = Output(sys.stdout)
    with wiring.sandbox_errors():
        status = control.up(wiring.paths().sandbox)
    _warn(status)
    output.line(f"The sandbox is up: Batch {status.batch_endpoint}, Blob {status.blob_endpoint}")
    output.line('eval "$(batch-tui sandbox env)" lets az and the SDKs find it.')
    return 0


@command.command("down")
def down_command() -> int:
    """Stop it and everything it runs; what it holds is kept."""
    with wiring.sandbox_errors():
        was_up = control.down(wiring.paths().sandbox)
    Output(sys.stdout).line("The sandbox is down; what it holds is kept." if was_up else "The sandbox was not up.")
    return 0


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status_command(as_json: bool) -> int:
    """Whether it runs, and where."""
    output = Output(sys.stdout)
    with wiring.sandbox_errors():
        status = control.status(wiring.paths().sandbox)
    if as_json:
        output.json(_status_json(status))
        return 0
    _warn(status)
    output.line(f"The sandbox is {'up' if status.is_up else 'down'}.")
    for name, value in (
        ("Batch", status.batch_endpoint),
        ("Blob", status.blob_endpoint),
        ("Folder", str(status.state_dir)),
        ("Process", status.pid),
        ("Since", None if status.started_at_s is None else units.local_date_time(status.started_at_s)),
        ("Leaves", None if status.idle_exit_s is None else f"after {units.duration_text(status.idle_exit_s)} idle"),
    ):
        if value is not None:
            output.line(f"  {name:<8} {value}")
    return 0


@command.command("env")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of shell exports.")
def env_command(as_json: bool) -> int:
    """The variables by which az and the SDKs find it, its keys among them."""
    with wiring.sandbox_errors():
        environment = control.endpoint_environment(wiring.paths().sandbox)
    # The one place that prints keys, because they were asked for: they open nothing but this machine's sandbox.
    click.echo(json.dumps(environment) if as_json else control.shell_exports(environment), nl=as_json)
    return 0


@command.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset_command(yes: bool) -> int:
    """Stop it and forget everything it holds: jobs, files, blobs, ports and keys."""
    if not yes:
        if not is_terminal():
            raise InputError("Nobody is there to ask", "reset deletes everything the sandbox holds", "say --yes")
        click.confirm("Delete everything the sandbox holds, its keys and ports too?", abort=True)
    with wiring.sandbox_errors():
        control.reset(wiring.paths().sandbox)
    Output(sys.stdout).line("The sandbox is as if it had never been.")
    return 0


def _warn(status: SandboxStatus) -> None:
    for warning in status.warnings:
        Output(sys.stderr).line(f"Warning: {warning}")


def _status_json(status: SandboxStatus) -> dict[str, Json]:
    return {
        "is_up": status.is_up,
        "pid": status.pid,
        "batch_endpoint": status.batch_endpoint,
        "blob_endpoint": status.blob_endpoint,
        "folder": str(status.state_dir),
        "started": None if status.started_at_s is None else units.timestamp(status.started_at_s),
        "idle_exit_s": status.idle_exit_s,
    }
