"""`batch-tui sandbox`: the local Batch and Blob service, brought up, looked at and taken down."""

from __future__ import annotations

import click

from tui.commands.groups import GuardedGroup


class SandboxGroup(GuardedGroup):
    changing = frozenset({"up", "down", "reset"})


@click.group("sandbox", cls=SandboxGroup)
def command() -> None:
    """The local Batch and Blob service.

    It runs the commands of tasks as you and is no security boundary. It stays up when the program ends, until `down`.
    """
