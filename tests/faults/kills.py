"""A kill at every step: the program by SIGKILL at each record of its journal, and the sandbox at each as well.

Resumed, or gone on with once the sandbox is up again, every run must end as if nothing had happened.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tests.faults.bench import Bench, Trial
from tests.faults.matrix import Campaign, Verdict
from tui.engine.journal import append
from tui.sandbox import control

When = Literal["before", "after"]
Case = tuple[int, When]

_PROCESS_LIMIT_S = 120
_LONGEST_DELAY_S = 0.15
"""So late after its record a kill comes at most: also in the middle of the calls that follow."""


def records_of_a_run(bench: Bench) -> int:
    """How many its journal has where nothing fails."""
    written = 0

    def count(file: int, content: bytes, durable: bool) -> None:
        nonlocal written
        written += 1
        append(file, content, durable)

    trial = bench.new_trial()
    assert bench.problems(trial, bench.execute(trial, count)) == []
    return written


def every_record(bench: Bench) -> Sequence[Case]:
    """Before and after each, in no order."""
    cases: list[Case] = [
        (number, when) for number in range(1, records_of_a_run(bench) + 1) for when in ("before", "after")
    ]
    random.Random(0).shuffle(cases)
    return cases


# The program


def kill_program(bench: Bench, case: Case) -> Verdict:
    """A real process, started as a shell starts it, killed at a record and resumed by another one."""
    number, when = case
    trial = bench.new_trial()
    trial.folder.mkdir()
    killed = _program(bench, trial, "tests.faults.killed_program", str(number), when, *_run_arguments(bench))
    journals = list((trial.folder / "state" / "batch-tui" / "runs").glob("*.jsonl"))
    if killed.returncode == -signal.SIGKILL and journals and journals[0].stat().st_size:
        ended = _program(bench, trial, "tui.cli", "runs", "resume", journals[0].stem, "--json")
    else:
        # Before its first record a run has made nothing: it is simply started.
        ended = _program(bench, trial, "tui.cli", *_run_arguments(bench))
    problems = _problems(bench, trial, ended)
    bench.close(trial, problems)
    return Verdict("program", f"{when} record {number}", killed.returncode == -signal.SIGKILL, tuple(problems))


def _run_arguments(bench: Bench) -> list[str]:
    files = sorted(str(path) for path in (bench.folder / "in").iterdir())
    shape = ["--nodes", "1", "--slots", "2", "--output", "out", "--delete", "job,pool,containers"]
    return ["run", "top-words", *files, *shape, "--json"]


def _program(bench: Bench, trial: Trial, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One process in the trial's folder, with a state of its own and the bench's account."""
    state = {"XDG_STATE_HOME": str(trial.folder / "state"), "XDG_CONFIG_HOME": str(trial.folder / "config")}
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=trial.folder,
        env={**os.environ, **bench.sandbox.environment, **state, "PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PROCESS_LIMIT_S,
    )


def _problems(bench: Bench, trial: Trial, ended: subprocess.CompletedProcess[str]) -> list[str]:
    if ended.returncode != 0:
        return [f"exit {ended.returncode}: {ended.stderr[-500:]} {ended.stdout[-500:]}"]
    summary = json.loads(ended.stdout.splitlines()[-1])
    found = [] if summary["leftovers"] == [] else [f"summary names leftovers: {summary['leftovers']}"]
    return found + bench.differences(trial.outputs(summary["run"]))


# The sandbox


def kill_sandbox(bench: Bench, case: Case) -> Verdict:
    """The sandbox dies around a record, at once or a moment later, and is brought up again while the run goes on."""
    number, when = case
    trial, killer = bench.new_trial(), _Killer(bench, number, when)
    summary = bench.execute(trial, killer.write)
    killer.join()
    resumed = 0
    while summary.exit_code in (3, 4) and resumed < 2:  # the run may well have given up: then it is resumed
        summary = bench.execute(trial)
        resumed += 1
    problems = bench.problems(trial, summary)
    bench.close(trial, problems)
    return Verdict("sandbox", f"{when} record {number}", killer.has_killed, tuple(problems))


class _Killer:
    """A journal's `Write` that kills the sandbox around the nth record."""

    def __init__(self, bench: Bench, number: int, when: When) -> None:
        self.has_killed = False
        self._bench = bench
        self._number = number
        self._when = when
        self._written = 0
        self._delay_s = random.Random(number).uniform(0, _LONGEST_DELAY_S)
        self._thread: threading.Thread | None = None

    def write(self, file: int, content: bytes, durable: bool) -> None:
        self._written += 1
        is_due = self._written == self._number
        if is_due and self._when == "before":
            self._kill()
        append(file, content, durable)
        if is_due and self._when == "after":
            self._thread = threading.Thread(target=self._kill_later, name="killer")
            self._thread.start()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _kill_later(self) -> None:
        threading.Event().wait(self._delay_s)
        self._kill()

    def _kill(self) -> None:
        state_dir = self._bench.sandbox.state_dir
        pid = control.status(state_dir).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self.has_killed = True
        control.up(state_dir, allow_faults=True)


PROGRAM = Campaign("SIGKILL of the program at every record", every_record, kill_program)
SANDBOX = Campaign("SIGKILL of the sandbox at every record", every_record, kill_sandbox)
