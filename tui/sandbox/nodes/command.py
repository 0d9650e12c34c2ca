"""A task's command line: split without a shell, found on the node's PATH, started as a session of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tui.sandbox import folders
from tui.sandbox.nodes import failures
from tui.sandbox.nodes.layout import NodeLayout
from tui.sandbox.nodes.records import Failure

_NEEDS_QUOTING_RULES = frozenset("'\"\\")


class LaunchRefused(Exception):
    """The command did not start; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


def split_command_line(command_line: str) -> list[str]:
    """The arguments of a command line: quotes group, nothing is expanded.

    Raises:
        LaunchRefused: The line is empty or a quote is left open.
    """
    if _NEEDS_QUOTING_RULES.isdisjoint(command_line):
        arguments = command_line.split()
    else:
        try:
            arguments = shlex.split(command_line)
        except ValueError as error:
            raise LaunchRefused(failures.launch_failed(str(error))) from error
    if not arguments or not arguments[0]:
        raise LaunchRefused(failures.launch_failed("The command line is empty"))
    return arguments


def find_program(program: str, search_path: str, working_directory: str) -> str:
    """The absolute path of `program`: by its name on `search_path`, by its path from `working_directory`.

    Raises:
        LaunchRefused: There is no such file, or none that may be executed.
    """
    if "/" in program:
        candidates = [os.path.join(working_directory, program)]
    else:
        candidates = [os.path.join(folder, program) for folder in search_path.split(os.pathsep) if folder]
    for candidate in candidates:
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    if any(os.path.exists(candidate) for candidate in candidates):
        raise LaunchRefused(failures.launch_failed(f"{program}: permission denied"))
    raise LaunchRefused(failures.program_not_found(program))


class CommandRunner:
    """Starts commands on one node with an environment made from scratch."""

    def __init__(self, layout: NodeLayout) -> None:
        self._own_path = f"{layout.bin}{os.pathsep}{layout.venv / 'bin'}"
        self._environment = {
            "PATH": layout.search_path(),
            "HOME": str(layout.home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(layout.tmp),
        }

    def environment(self, asked: Mapping[str, str]) -> dict[str, str]:
        """`asked` over the node's own values; the shims stay ahead of whatever PATH a task asks for."""
        environment = {**self._environment, **asked}
        if "PATH" in asked:
            environment["PATH"] = f"{self._own_path}{os.pathsep}{asked['PATH']}"
        return environment

    def start(
        self, command_line: str, asked_environment: Mapping[str, str], directory: Path
    ) -> subprocess.Popen[bytes]:
        """Start the command in `directory`/wd, its output in stdout.txt and stderr.txt beside it.

        Raises:
            LaunchRefused: No process was started.
        """
        arguments = split_command_line(command_line)
        environment = self.environment(asked_environment)
        working_directory = f"{directory}/wd"
        stdout = stderr = -1
        try:
            stdout = folders.create_file(directory / "stdout.txt")
            stderr = folders.create_file(directory / "stderr.txt")
            return subprocess.Popen(
                arguments,
                executable=find_program(arguments[0], environment["PATH"], working_directory),
                cwd=working_directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            # ValueError is a NUL in an argument or a variable; OSError any refusal of the kernel's.
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise LaunchRefused(failures.launch_failed(reason)) from error
        finally:
            for descriptor in (stdout, stderr):
                if descriptor >= 0:
                    os.close(descriptor)
