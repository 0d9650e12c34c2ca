"""The nodes of a pool as a table, and the kinds of state that a map shows."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from tui.core.columns import Column, Tone
from tui.core.records import NodeRecord
from tui.core.table_model import TableModel
from tui.core.task_table import NO_VALUE
from tui.core.units import duration_text

NODE_KINDS: dict[str, tuple[str, Tone]] = {
    "broken": ("✗", "error"),
    "running": ("■", "success"),
    "idle": ("▪", "running"),
    "starting": ("□", "warning"),
    "leaving": ("▫", "muted"),
}
"""Glyph and tone a kind of state; broken first, because that is what a person looks for."""
_KIND_OF_STATE = {
    "running": "running",
    "idle": "idle",
    "creating": "starting",
    "starting": "starting",
    "waitingforstarttask": "starting",
    "rebooting": "starting",
    "reimaging": "starting",
    "upgradingos": "starting",
}
_TAIL = 18
_RANK = {kind: rank for rank, kind in enumerate(NODE_KINDS)}


def node_kind(node: NodeRecord) -> str:
    """The kind of state a node is in; one we do not know counts as leaving."""
    return "broken" if node.is_broken else _KIND_OF_STATE.get(node.state, "leaving")


def _tail(node_id: str) -> str:
    """Long ids differ at their end."""
    return node_id if len(node_id) <= _TAIL else f"…{node_id[-_TAIL + 1 :]}"


def new_node_table(now_s: Callable[[], float], slots_per_node: Callable[[], int]) -> TableModel[NodeRecord]:
    """`slots_per_node` is the pool's, as last read; 0 while it is not known."""

    def state(node: NodeRecord) -> str:
        return f"{NODE_KINDS[node_kind(node)][0]} {node.state}"

    def slots(node: NodeRecord) -> str:
        total = slots_per_node()
        return f"{node.running_slots}/{total}" if total else str(node.running_slots)

    def start_task(node: NodeRecord) -> str:
        if node.start_task_failure is not None:
            return node.start_task_failure.code
        return NO_VALUE if node.start_task_exit_code is None else f"exit {node.start_task_exit_code}"

    columns: tuple[Column[NodeRecord], ...] = (
        Column("node", "NODE", lambda node: _tail(node.id), width=18),
        Column("state", "STATE", state, width=21, tone=lambda node: NODE_KINDS[node_kind(node)][1],
               sort_value=lambda node: (_RANK[node_kind(node)], node.state)),
        Column("slots", "SLOTS", slots, width=7, align="right", sort_value=lambda node: node.running_slots),
        Column("tasks", "TASKS RUN", lambda node: f"{node.total_tasks_run:,}", width=9, align="right", priority=2,
               sort_value=lambda node: node.total_tasks_run),
        Column("since", "SINCE", lambda node: duration_text(max(0.0, now_s() - node.state_transition_time_s)), width=11,
               align="right", priority=3, sort_value=lambda node: node.state_transition_time_s),
        Column("kind", "KIND", lambda node: "dedicated" if node.is_dedicated else "Spot", width=9, priority=4),
        Column("start", "START TASK", start_task, width=15, priority=1, flex=1,
               tone=lambda node: "error" if node.start_task_failure is not None else ""),
    )  # fmt: skip
    return TableModel(columns, attrgetter("id"))
