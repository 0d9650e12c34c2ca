"""The one way a value gets into a command line: quoted for the shell, then once more for the service.

Batch starts a task's command without a shell, splitting it as a POSIX shell would; whoever wants variables asks for
`/bin/sh -c`. https://learn.microsoft.com/azure/batch/batch-compute-node-environment-variables
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_SAFE_PATH = re.compile(r"[A-Za-z0-9._/-]+")


@dataclass(frozen=True, slots=True)
class SharedPath:
    """A path below the run's folder on the node, `$AZ_BATCH_NODE_SHARED_DIR/<run>/`, which the shell expands there."""

    relative: str = ""


Argument = str | SharedPath
"""One word of a command template; a `str` may hold `{name}` placeholders."""


def quote(value: str) -> str:
    """One shell word that stands for exactly `value`. A NUL byte cannot be passed to a program and is refused."""
    if "\0" in value:
        raise ValueError("a command line cannot hold a NUL character")
    return shlex.quote(value)


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each `{name}` replaced, once: a value that holds braces is not read again."""
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], template)


def shared_path(run_id: str, relative: str) -> str:
    """The shell word for a path in the run's shared folder; both parts are ours and of safe characters."""
    path = f"{run_id}/{relative}" if relative else run_id
    if not _SAFE_PATH.fullmatch(path):
        raise ValueError(f"not a safe path for a node: {path!r}")
    return f'"$AZ_BATCH_NODE_SHARED_DIR/{path}"'


def words(arguments: Iterable[Argument], run_id: str, values: Mapping[str, str]) -> str:
    """The shell text of one command: placeholders filled, each word quoted by itself."""
    return " ".join(
        shared_path(run_id, argument.relative) if isinstance(argument, SharedPath) else quote(fill(argument, values))
        for argument in arguments
    )


def shell_command_line(script: str) -> str:
    """The service's command line that runs `script` in the node's shell."""
    return f"/bin/sh -c {quote(script)}"
