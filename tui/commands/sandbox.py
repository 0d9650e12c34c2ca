"""`batch-tui sandbox`: the local Batch and Blob service, brought up, looked at and taken down."""

from __future__ import annotations

import json
import sys

import click

from tui import wiring
from tui.commands.groups import GuardedGroup
from tui.commands.terminal import is_terminal
from tui.console.safe_text import Json, Output
from tui.core import units
from tui.core.errors import InputError
from tui.sandbox import admin, control
from tui.sandbox.control import SandboxStatus


class SandboxGroup(GuardedGroup):
    changing = frozenset({"up", "down", "reset", "seed", "trouble"})


@click.group("sandbox", cls=SandboxGroup, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """The local Batch and Blob service; without a command, tells whether it runs.

    It runs the commands of tasks as you and is no security boundary. It stays up when the program ends, until `down`.
    """
    return 0 if context.invoked_subcommand is not None else _tell_status(as_json=False)


@command.command("up")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, as of `status`.")
def up_command(as_json: bool) -> int:
    """Start it, unless it runs; it stays until `down`."""
    output = Output(sys.stdout)
    with wiring.sandbox_errors():
        status = control.up(wiring.paths().sandbox)
    _warn(status)
    if as_json:
        output.json(_status_json(status))
        return 0
    output.line(f"The sandbox is up: Batch {status.batch_endpoint}, Blob {status.blob_endpoint}")
    output.line('eval "$(batch-tui sandbox env)" lets az and the SDKs find it.')
    return 0


@command.command("down")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, as of `status`.")
def down_command(as_json: bool) -> int:
    """Stop it and everything it runs; what it holds is kept."""
    output = Output(sys.stdout)
    with wiring.sandbox_errors():
        was_up = control.down(wiring.paths().sandbox)
        status = control.status(wiring.paths().sandbox)
    if as_json:
        output.json(_status_json(status))
    else:
        output.line("The sandbox is down; what it holds is kept." if was_up else "The sandbox was not up.")
    return 0


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status_command(as_json: bool) -> int:
    """Whether it runs, and where."""
    return _tell_status(as_json=as_json)


def _tell_status(*, as_json: bool) -> int:
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


@command.command("seed")
@click.option("--tasks", type=click.IntRange(1), default=100_000, show_default=True)
@click.option("--churn", type=float, default=0.01, show_default=True, help="Share of tasks that change each second.")
@click.option("--failures", type=float, default=0.02, show_default=True, help="Share of tasks that fail.")
@click.option("--job", "job", default="seeded", show_default=True, help="The job's id; its pool is called JOB-pool.")
@click.option("--nodes", type=int, help="How many; by default as many as keep tasks running for seconds.")
@click.option("--spot", "spot_nodes", type=int, help="How many of the nodes are Spot; a quarter by default.")
@click.option("--slots", type=int, default=4, show_default=True, help="Task slots a node.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which tasks fail, how, and what they print.")
@click.option("--done", type=float, default=0.0, show_default=True, help="Share of tasks that have ended already.")
@click.option("--endless", is_flag=True, help="Completed tasks become active again, so that it never ends.")
def seed_command(**wishes: object) -> int:
    """Make a job of synthetic tasks that move by themselves.

    Their nodes are records only: nothing runs on this machine. The job is served, stored, paused and deleted like any
    other, and goes on after a restart.
    """
    wishes["spotNodes"] = wishes.pop("spot_nodes")
    with wiring.sandbox_errors():
        control.up(wiring.paths().sandbox)
        made = admin.seed(wiring.paths().sandbox, wishes)
    output = Output(sys.stdout)
    output.line(f"Job {made['job_id']}: {made['tasks']:,} tasks on {made['nodes']:,} nodes of pool {made['pool_id']}.")
    output.line("They move by themselves" + (" and never end." if made["is_endless"] else " until all are done."))
    output.line(f"`batch-tui watch {made['job_id']} --sandbox` shows them.")
    return 0


@command.command("trouble")
@click.argument("off", type=click.Choice(["off"]), required=False)
@click.option("--pool", help="Quota, start tasks, preemption and steadiness of this pool alone.")
@click.option("--latency-ms", type=float, help="Added to each answer.")
@click.option("--throttled", type=float, help="Share of the requests that are refused, 0 to 1.")
@click.option("--throttle-status", type=click.Choice(["429", "503"]), help="What refusals say.")
@click.option("--retry-after-s", type=float, help="After how long refusals tell to come again.")
@click.option("--slow-pages-ms", type=float, help="Added to each page of a list.")
@click.option("--quota-nodes", type=int, help="A pool gets no more nodes than this.")
@click.option("--quota-code", type=click.Choice(["AccountCoreQuotaReached", "AllocationFailed"]), help="And why.")
@click.option("--start-task-failures", type=float, help="Share of nodes starting from now on whose start task fails.")
@click.option("--preemptions-per-minute", type=float, help="Spot nodes taken away, in each pool.")
@click.option("--back-after-s", type=float, help="When a preempted node starts again.")
@click.option("--never-steady/--steady", default=None, help="Resizes under way do not end.")
def trouble_command(off: str | None, throttle_status: str | None, **wishes: object) -> int:
    """Make the running sandbox misbehave, for training and tests; `off` makes it well again.

    Options add to what is in force; without any, it is shown. A restart makes it well, too.
    """
    folder = wiring.paths().sandbox
    given = {name: value for name, value in wishes.items() if value is not None}
    if throttle_status is not None:
        given["throttle_status"] = int(throttle_status)
    if off and given:
        raise InputError("`off` takes no options", "it ends all trouble", "say `sandbox trouble off`")
    with wiring.sandbox_errors():
        if off:
            admin.no_trouble(folder)
        in_force = admin.trouble(folder, {} if off else given)
    output = Output(sys.stdout)
    places = {"everywhere": in_force["everywhere"], **{f"pool {key}": what for key, what in in_force["pools"].items()}}
    troubles = [f"{place}: {name} {value}" for place, what in places.items() for name, value in what.items()]
    output.lines(troubles or ["The sandbox is well."])
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
