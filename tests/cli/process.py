"""The program as a process of its own, as a shell starts it, or, where a process proves nothing more, in this one."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.cli import main

PROGRAM = (sys.executable, "-m", "tui.cli")
_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def has_traceback(self) -> bool:
        return "Traceback" in self.stdout + self.stderr


def batch_tui(
    *arguments: str | bytes, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Finished:
    """Runs it to its end without a terminal and without input."""
    finished = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        timeout=_LIMIT_S,
    )
    return Finished(finished.returncode, finished.stdout, finished.stderr)


def called(
    *arguments: str, folder: Path | None = None, environment: Mapping[str, str] | None = None, pasted: str = ""
) -> Finished:
    """The same without a process: streams, folder and environment are the call's own, the rest is shared."""
    stdin, stdout, stderr = io.StringIO(pasted), io.StringIO(), io.StringIO()
    before, home, thresholds = dict(os.environ), sys.stdin, gc.get_threshold()
    os.environ.update(environment or {})
    try:
        with contextlib.chdir(folder or Path.cwd()):
            sys.stdin = stdin
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                code = main(list(arguments))
    finally:
        gc.set_threshold(*thresholds)
        sys.stdin = home
        os.environ.clear()
        os.environ.update(before)
    return Finished(code, stdout.getvalue(), stderr.getvalue())


def signalled_until_it_ends(script: str, number: signal.Signals) -> Finished:
    """Runs Python code that prints one line once it may be signalled, and then ends or hangs.

    One signal need not do: it may come right before a wait of CPython's that only a later one ends.
    """
    arguments, pipe = [sys.executable, "-c", script], subprocess.PIPE
    with subprocess.Popen(arguments, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until = time.monotonic() + _LIMIT_S
        while process.poll() is None and time.monotonic() < until:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        if process.poll() is None:
            process.kill()
        stdout, stderr = process.communicate()
    return Finished(process.returncode, stdout, stderr)


def start(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Starts it and returns at once; its output is read from pipes."""
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
