"""Failure groups as a table."""

from __future__ import annotations

from operator import attrgetter

from tui.core.columns import Column
from tui.core.failure_groups import FailureGroup
from tui.core.table_model import TableModel
from tui.core.task_table import NO_VALUE, short_node_id
from tui.core.units import local_clock

NOT_READ = "(stderr not read)"
SAID_NOTHING = "(nothing on stderr)"


def line_text(group: FailureGroup) -> str:
    return NOT_READ if group.line is None else group.line or SAID_NOTHING


def new_failure_table() -> TableModel[FailureGroup]:
    """Largest first, as `group_failures` gives them."""
    return TableModel(_COLUMNS, attrgetter("id"))


def _clock(moment_s: float | None) -> str:
    return NO_VALUE if moment_s is None else local_clock(moment_s)


def _nodes(group: FailureGroup) -> str:
    if not group.nodes:
        return NO_VALUE
    return short_node_id(group.nodes[0][0]) if len(group.nodes) == 1 else f"{len(group.nodes):,}"


_COLUMNS: tuple[Column[FailureGroup], ...] = (
    Column(
        "tasks", "TASKS", lambda group: f"{len(group.task_ids):,}", width=7, align="right",
        sort_value=lambda group: len(group.task_ids), tone=lambda _: "error",
    ),
    Column("category", "CATEGORY", lambda group: group.kind.category or NO_VALUE, width=11, priority=4),
    Column("code", "CODE", lambda group: group.kind.code or NO_VALUE, width=20, priority=1),
    Column(
        "exit", "EXIT", lambda group: NO_VALUE if group.kind.exit_code is None else str(group.kind.exit_code),
        width=5, align="right", sort_value=lambda group: group.kind.exit_code,
    ),
    Column("nodes", "NODES", _nodes, width=6, align="right", sort_value=lambda group: len(group.nodes), priority=5),
    Column("first", "FIRST", lambda group: _clock(group.first_s), width=8, priority=3,
           sort_value=lambda group: group.first_s),
    Column("last", "LAST", lambda group: _clock(group.last_s), width=8, priority=2,
           sort_value=lambda group: group.last_s),
    Column("line", "LAST LINE OF STDERR", line_text, width=20, flex=1),
)  # fmt: skip
