"""Every way a command ends that is not success: what is said on stderr, and the exit code. Never a traceback."""

from __future__ import annotations

import contextlib
import errno
import sys
import time

import click

from tui.console.errors import CRASH_EXIT_CODE, error_lines, write_crash_report
from tui.console.interruption import EXIT_CODE as INTERRUPTED
from tui.console.safe_text import Output, OutputClosed
from tui.core.errors import BatchTuiError, LocalError


def ending_of(problem: BaseException) -> int:
    """Says what `problem` was and gives the exit code."""
    errors = Output(sys.stderr)
    try:
        return _say(problem, errors)
    except OutputClosed:  # nobody hears it, and the exit code still tells
        errors.abandon()
        return _silent_code(problem)


def _silent_code(problem: BaseException) -> int:
    if isinstance(problem, BatchTuiError | click.ClickException):
        return problem.exit_code
    is_interruption = isinstance(problem, OutputClosed | OSError | click.Abort | KeyboardInterrupt)
    return INTERRUPTED if is_interruption else CRASH_EXIT_CODE


def _say(problem: BaseException, errors: Output) -> int:
    match problem:
        case click.exceptions.Exit():
            return problem.exit_code
        case SystemExit():
            return problem.code if isinstance(problem.code, int) else 0
        case click.ClickException():
            errors.lines(_usage_lines(problem))
            return problem.exit_code
        case OutputClosed() | BrokenPipeError():
            Output(sys.stdout).abandon()
            if isinstance(problem, OutputClosed) and problem.reason:
                errors.line(f"Error: The output cannot be written: {problem.reason}")
                return LocalError.exit_code
            return INTERRUPTED
        case OSError(errno=errno.ENOSPC, filename=None):  # what click itself prints
            Output(sys.stdout).abandon()
            errors.line("Error: The output cannot be written: no space left on device")
            return LocalError.exit_code
        case click.Abort() | KeyboardInterrupt():
            errors.line("Interrupted.")
            return INTERRUPTED
        case BatchTuiError():
            errors.lines(error_lines(problem))
            return problem.exit_code
        case _:
            return _crash(problem, errors)


def _usage_lines(problem: click.ClickException) -> list[str]:
    if isinstance(problem, click.exceptions.NoArgsIsHelpError):  # its message is the help of a group
        return problem.format_message().splitlines()
    lines = [f"Error: {problem.format_message()}"]
    if isinstance(problem, click.UsageError) and problem.ctx is not None:
        lines.append(f"  Hint: {problem.ctx.command_path} --help")
    return lines


def _crash(problem: BaseException, errors: Output) -> int:
    report = None
    with contextlib.suppress(BatchTuiError, OSError, ImportError):
        # What failed may be the loading of the wiring itself.
        from tui import wiring

        report = write_crash_report(problem, wiring.paths().log, time.strftime("%Y%m%dT%H%M%S"))
    where = f"the details are in {report}" if report is not None else "the details could not be written"
    errors.line(f"Error: batch-tui itself failed: {type(problem).__name__}")
    errors.line(f"  {where}")
    return CRASH_EXIT_CODE
