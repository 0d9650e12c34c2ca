"""Keys that change something: told apart from the others, so that a read-only program does not have them at all."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingType
from textual.dom import DOMNode


class DangerousBinding(Binding):
    """A key whose action changes or deletes something; never ctrl+letter, never beside a harmless key."""


def dangerous_actions(node_class: type[DOMNode]) -> frozenset[str]:
    """Names of the actions that the class binds as dangerous, its bases included."""
    bindings: list[BindingType] = []
    for base in node_class.__mro__:
        bindings += vars(base).get("BINDINGS", ())
    return frozenset(action_name(binding.action) for binding in bindings if isinstance(binding, DangerousBinding))


def action_name(action: str) -> str:
    """`delete` of `screen.delete('pool')`."""
    return action.partition("(")[0].rpartition(".")[2]


def undescribed(bindings: Iterable[BindingType]) -> list[str]:
    """Keys of bindings that lack an id, a description or a tooltip: help is made of these."""
    return [
        binding.key if isinstance(binding, Binding) else str(binding)
        for binding in bindings
        if not (isinstance(binding, Binding) and binding.id and binding.description and binding.tooltip)
    ]
