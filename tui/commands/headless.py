"""Drives one plan without the user interface: asks what must be asked, shows what happens, gives the exit code."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import click

from tui import wiring
from tui.commands.terminal import is_dumb, is_terminal
from tui.console.errors import error_lines
from tui.console.follow import follow
from tui.console.interruption import Interruption
from tui.console.json_lines import JsonLines
from tui.console.live import LiveView, terminal_console
from tui.console.plan_text import plan_json, plan_lines
from tui.console.reporter import Reporter
from tui.console.safe_text import Output, OutputClosed, shown
from tui.console.transcript import Transcript
from tui.core import ids
from tui.core.errors import InputError, Interrupted, RunFailed
from tui.core.events import RunSummary
from tui.core.plan import RunPlan
from tui.core.ports import ClockPort
from tui.core.records import PoolRecord
from tui.core.workloads import workload_named

_TOLD_BY_THE_SUMMARY = (0, 1, Interrupted.exit_code)
"""Exit codes of runs that nothing but their own tasks, or a person, ended."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run is shown and what is asked before it."""

    as_json: bool = False
    asks: bool = True


def new_run_id(workload: str, now_s: float) -> str:
    """A name for a run of today, on this machine's calendar, that no run of this machine has."""
    name = workload_named(workload).name  # InputError where there is none
    journals, chooser = wiring.journals(wiring.clock()), random.SystemRandom()
    today = datetime.fromtimestamp(now_s).astimezone().date()
    while journals.path(run_id := ids.new_run_id(name, today, chooser)).exists():
        pass  # of a day and a workload there are 46,656
    return run_id


def show_plan(plan: RunPlan, endpoint: str, *, as_json: bool) -> int:
    """Prints what would be created; nothing is."""
    output = Output(sys.stdout)
    if as_json:
        output.json(plan_json(plan, endpoint))
    else:
        output.lines(plan_lines(plan, endpoint))
    return 0


def confirm_deletion(plan: RunPlan, manner: Manner) -> RunPlan:
    """The plan as it is, or one that keeps everything, where a person at the terminal says so.

    Without a terminal nobody is asked: the deletion was asked for in so many words.
    """
    if not plan.delete_after or not manner.asks or manner.as_json or not is_terminal():
        return plan
    parts = ", ".join(sorted(plan.delete_after))
    question = shown(f"Delete {parts} of {plan.run_id} once its outputs are in {plan.destination}?")
    return plan if click.confirm(question, default=True) else replace(plan, delete_after=frozenset())


class PoolLook(Protocol):
    """The part of `BatchPort` that looks for a pool."""

    def get_pool(self, pool_id: str) -> PoolRecord | None: ...


def drive(
    plan: RunPlan,
    target: wiring.Target,
    manner: Manner,
    clock: ClockPort,
    *,
    is_new: bool = False,
    idle_exit_s: float | None = None,
) -> int:
    """The whole run; its exit code. What stopped it is told on stderr too; what kept it from beginning is raised."""
    output, aside = Output(sys.stdout), Output(sys.stderr)
    with Interruption() as interruption:
        _say_sandbox_starts(target, output, aside, manner)
        with wiring.connected(target, idle_exit_s=idle_exit_s) as connection:
            if is_new:
                require_pool(plan, connection.batch)
            reporter = _reporter(plan, output, aside, manner, clock)
            if not manner.as_json:
                reporter.say(f"Account {connection.name} at {connection.endpoint}")
            engine = wiring.engine(connection, clock, wiring.unattended_patience(connection.account))
            summary = follow(partial(engine.execute, plan), reporter, interruption)
    tell_what_stopped(summary, aside)
    return summary.exit_code


def tell_what_stopped(summary: RunSummary, aside: Output) -> None:
    """The error of a run that something else than its tasks or a person ended; nothing of any other."""
    if summary.exit_code in _TOLD_BY_THE_SUMMARY:
        return
    try:
        aside.lines(error_lines(RunFailed(summary.outcome, hint=summary.hint)))
    except OutputClosed:  # nobody hears it, and the exit code still tells
        aside.abandon()


def require_pool(plan: RunPlan, batch: PoolLook) -> None:
    """InputError where a pool is named that is not there: asked before inputs are uploaded for nothing."""
    if not plan.makes_pool and batch.get_pool(plan.pool.id) is None:
        raise InputError(
            "No such pool",
            f"the account has no pool called {plan.pool.id}",
            "nothing was created; leave --pool out to make one",
        )


def _say_sandbox_starts(target: wiring.Target, output: Output, aside: Output, manner: Manner) -> None:
    if target.must_start:
        (aside if manner.as_json else output).line("The sandbox is down; starting it.")


def _reporter(plan: RunPlan, output: Output, aside: Output, manner: Manner, clock: ClockPort) -> Reporter:
    if manner.as_json:
        return JsonLines(plan, output, aside, clock)
    stream = output.stream
    if stream.isatty() and not is_dumb() and (stream.encoding or "").lower().startswith("utf"):
        return LiveView(plan, terminal_console(output.stream), clock)
    return Transcript(plan, output, clock)
