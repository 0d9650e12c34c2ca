"""Groups of commands that load what is called, and lack what changes something where nothing may be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click

_WHOLE_SENTENCE = 1_000
"""More characters than any has."""


def is_read_only(context: click.Context) -> bool:
    """Whether `--read-only` stands before the command; asked while the command is still being looked for."""
    return bool(context.find_root().params.get("read_only"))


class GuardedGroup(click.Group):
    """With `--read-only`, the commands named in `changing` do not exist."""

    changing: frozenset[str] = frozenset()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in self._names(ctx) if not self._is_absent(ctx, name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return None if self._is_absent(ctx, cmd_name) else self._command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each by the whole of its first sentence, which click would cut at the edge of the terminal."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(_WHOLE_SENTENCE)) for name, command in commands if command is not None
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _is_absent(self, context: click.Context, name: str) -> bool:
        return name in self.changing and is_read_only(context)

    def _names(self, context: click.Context) -> list[str]:
        return super().list_commands(context)

    def _command(self, context: click.Context, name: str) -> click.Command | None:
        return super().get_command(context, name)


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command lives, and what it does in one line, so that the help loads none of them."""

    module: str
    """Holds the command as `command`."""
    summary: str


class LazyGroup(GuardedGroup):
    """Commands by name, each imported when it is called: a start pays for what it uses."""

    lazy_commands: Mapping[str, LazyCommand] = {}

    def _names(self, context: click.Context) -> list[str]:  # noqa: ARG002 - the base's signature
        return list(self.lazy_commands)

    def _command(self, context: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        lazy = self.lazy_commands.get(name)
        if lazy is None:
            return None
        command = import_module(lazy.module).command  # lazy: the group's whole purpose
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self.lazy_commands[name].summary) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
