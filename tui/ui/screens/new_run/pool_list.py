"""The account's pools, to run on one of them: id, state, nodes, task slots, VM size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.content import Content

from tui.core.columns import Tone
from tui.core.records import PoolRecord
from tui.core.units import count_text
from tui.ui.screens.new_run.remote_list import RemoteList
from tui.ui.text import joined, safe, toned

_ID_WIDTH = 24
_STATE_WIDTH = 11


class PoolList(RemoteList[PoolRecord]):
    """A row a pool; those that take tasks first."""

    noun: ClassVar[str] = "pool"
    empty_text: ClassVar[str] = "The account has no pool; make a new one above."

    def id_of(self, item: PoolRecord) -> str:
        return item.id

    def select(self, items: Iterable[PoolRecord]) -> Iterable[PoolRecord]:
        return sorted(items, key=lambda pool: (pool.state == "deleting", pool.current_nodes == 0, pool.id))

    def row(self, item: PoolRecord) -> Content:
        words, tone = pool_state(item)
        identity = Content(f"{safe(item.id):<{_ID_WIDTH}}").truncate(_ID_WIDTH, ellipsis=True)
        nodes = f"{item.current_nodes:>5,} {'node ' if item.current_nodes == 1 else 'nodes'}"
        shape = f"× {count_text(item.slots_per_node, 'slot'):<9}{safe(item.vm_size)}"
        return joined([identity, toned(f"{words:<{_STATE_WIDTH}}", tone), Content(nodes), toned(shape, "muted")], " ")


def pool_state(pool: PoolRecord) -> tuple[str, Tone]:
    """The state in glyph and word: what matters most of the pool's and its allocation's."""
    if pool.state == "deleting":
        return "✗ deleting", "error"
    if pool.resize_errors and pool.current_nodes < pool.target_nodes:
        return "! short", "warning"
    if not pool.is_steady:
        return f"● {pool.allocation_state}", "running"
    return ("✓ steady", "success") if pool.current_nodes else ("○ empty", "muted")
