"""The program's entry: the command's name is found, its module loaded, and however it ends becomes an exit code.

Importing this module imports click and nothing else that costs: `batch-tui --version` is as fast as click itself.

Exit codes: 0 done; 1 some task failed; 2 bad usage or input; 3 the service refused or could not be reached;
4 timed out; 70 the program is at fault; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from tui import __version__
from tui.commands.groups import LazyCommand, LazyGroup
from tui.console.interruption import EXIT_CODE as INTERRUPTED
from tui.console.interruption import leave_on_the_next

PROGRAM = "batch-tui"


class Program(LazyGroup):
    lazy_commands = {  # noqa: RUF012 - a table, never changed
        "demo": LazyCommand("tui.commands.demo", "A whole run of sample inputs on the sandbox; no account needed"),
        "run": LazyCommand("tui.commands.run", "One run from inputs to outputs, without the user interface"),
        "runs": LazyCommand("tui.commands.runs", "The runs this machine knows"),
        "watch": LazyCommand("tui.commands.watch", "The live view of any job of an account"),
        "accounts": LazyCommand("tui.commands.accounts", "The accounts that runs can go to"),
        "sandbox": LazyCommand("tui.commands.sandbox", "The local Batch and Blob service"),
        "info": LazyCommand("tui.commands.info", "Versions, and every path this program writes to"),
    }
    changing = frozenset({"demo", "run"})


@click.group(cls=Program, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--read-only", is_flag=True, is_eager=True, help="Without every action that changes something.")
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context, read_only: bool) -> int:
    """The terminal for Azure Batch: from nothing to results and back to no cost.

    Without a command, opens the user interface.
    """
    from tui.ui import collector  # not before --version and --help, which do without it

    collector.tame()
    if context.invoked_subcommand is None:
        from tui.commands.interface import open_home  # loads Textual: only when it is wanted

        return open_home(is_read_only=read_only)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line; the exit code."""
    try:
        result = program.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except BaseException as problem:
        # Loads the words for errors: only when there is one.
        from tui.commands.endings import ending_of

        return ending_of(problem)
    return result if isinstance(result, int) else 0


def process() -> int:
    """The program as a process: once its command has ended, Ctrl+C can neither show a traceback nor kill it."""
    try:
        return main()
    except KeyboardInterrupt:  # one more, while the first was being told
        return INTERRUPTED
    finally:
        leave_on_the_next()


if __name__ == "__main__":
    sys.exit(process())
