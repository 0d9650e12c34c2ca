"""The nodes of a run's pool: by state on a map, one by one in a list, and the output of their start task."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from tui.core.node_table import new_node_table, node_kind
from tui.core.plan import RunPlan
from tui.core.records import NodeRecord, PoolRecord
from tui.core.run_view import RunView
from tui.core.units import count_text, duration_text
from tui.ui.screens.base import BatchScreen
from tui.ui.services import AppServices, LogSource
from tui.ui.text import safe
from tui.ui.widgets.node_map import NodeMap
from tui.ui.widgets.task_panel import TaskPanel
from tui.ui.widgets.virtual_table import VirtualTable

_TICK_S = 1.0


class NodesScreen(BatchScreen[str | None]):
    """Dismissed with the id of a node whose tasks are to be shown, or None."""

    CSS_PATH = "../styles/nodes.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012 - Textual's name
    AUTO_FOCUS = "VirtualTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", "Start task", id="nodes.log", tooltip="Output of the start task: stderr, then stdout"),
        Binding("b", "broken_only", "Broken only", id="nodes.broken", tooltip="Show broken nodes only, or all again"),
        Binding("s", "sort", "Sort", id="nodes.sort", tooltip="Sort by the next column"),
        Binding("y", "copy", "Copy id", id="nodes.copy", tooltip="Id of the node to the clipboard"),
    ]

    def __init__(
        self, services: AppServices, plan: RunPlan, view: Callable[[], RunView], *, is_read_only: bool = False
    ) -> None:
        """`view` gives the run as it is known now."""
        super().__init__(services, is_read_only=is_read_only)
        self._plan = plan
        self._view = view
        self._is_broken_only = False
        self._stream: Literal["stdout", "stderr"] = "stderr"
        model = new_node_table(services.clock.now_s, self._slots_per_node)
        self._table: VirtualTable[NodeRecord] = VirtualTable(
            model,
            is_live=lambda _: True,
            can_mark=False,
            empty_text="Nodes appear once the pool allocates them; w says what they wait for.",
            id="list",
            classes="panel",
        )
        self._map = NodeMap(id="map", classes="panel")
        reader = services.log_reader(plan)
        self._panel = TaskPanel(reader, services.run_blocking, services.clock, classes="panel")

    def compose_body(self) -> Iterable[Widget]:
        yield self._map
        yield Horizontal(self._table, Vertical(self._panel, id="output"), id="main")

    def on_mount(self) -> None:
        self.title_line.heading = f"{self._plan.run_id}  ›  nodes of {self._plan.pool.id}"
        self._table.sort_by("state")
        self.tick()
        self.set_interval(_TICK_S, self.tick)

    def _slots_per_node(self) -> int:
        pool = self._view().pool
        return 0 if pool is None else pool.slots_per_node

    def tick(self) -> None:
        """Takes over what the run's screen knows by now."""
        view = self._view()
        self._table.model.replace(view.nodes)
        self._table.refresh_rows()
        self._table.tick()
        now_s = self.services.clock.now_s()
        age_s = None if view.pool_read_s is None else max(0.0, now_s - view.pool_read_s)
        self.title_line.age_s = age_s
        self._map.show(view.nodes, age_s, self._slots_per_node())
        model = self._table.model
        shown = f"{len(model):,} of {model.total:,}" if model.is_filtered else f"{model.total:,}"
        self._table.border_title = f"nodes · {shown}" + (" · broken only" if self._is_broken_only else "")
        self._table.border_subtitle = "" if age_s is None else f"{duration_text(age_s)} ago"
        self.title_line.state = (_pool_words(view.pool, view.nodes), "")
        self._show_output()
        self._panel.poll()
        self._panel.show_age()

    @property
    def _node(self) -> NodeRecord | None:
        row_id = self._table.cursor_id
        return None if row_id is None else self._table.model.get(row_id)

    @on(VirtualTable.RowHighlighted)
    def _show_output(self) -> None:
        node = self._node
        if node is None:
            self._panel.show_facts("start task", [Content("The start task of the node under the cursor shows here.")])
            return
        pool = self._view().pool
        has_none = pool is not None and not pool.has_start_task and node.start_task_exit_code is None
        is_early = node.state in ("creating", "starting")
        waiting = "The pool has no start task." if has_none and node.start_task_failure is None else ""
        if is_early:
            waiting = "The node is starting; its start task has not begun."
        is_growing = node.state == "waitingforstarttask"
        self._panel.show_log(LogSource("start task", node.id, self._stream), is_growing=is_growing, waiting=waiting)

    @on(VirtualTable.RowSelected)
    def _on_selected(self, message: VirtualTable.RowSelected) -> None:
        message.stop()
        self.dismiss(message.row_id)

    @on(VirtualTable.SortRequested)
    def _on_sort_requested(self, message: VirtualTable.SortRequested) -> None:
        self._table.sort_by(message.column_key)

    def action_sort(self) -> None:
        self._table.sort_by_next_column()

    def action_log(self) -> None:
        self._stream = "stdout" if self._stream == "stderr" else "stderr"
        self._show_output()

    def action_broken_only(self) -> None:
        self._is_broken_only = not self._is_broken_only
        self._table.show_only((lambda node: node_kind(node) == "broken") if self._is_broken_only else None)
        self.tick()

    def action_copy(self) -> None:
        if (node := self._node) is not None:
            self.app.copy_to_clipboard(node.id)
            self.notify(f"{node.id} copied", timeout=3, markup=False)


def _pool_words(pool: PoolRecord | None, nodes: tuple[NodeRecord, ...]) -> str:
    if pool is None:
        return "the pool is gone, or not read yet"
    takers = [node for node in nodes if node.takes_tasks]
    used, total = sum(node.running_slots for node in takers), len(takers) * pool.slots_per_node
    size = f"{pool.current_nodes:,} of {count_text(pool.target_nodes, 'node')}"
    return safe(f"{pool.allocation_state} · {size} · {used:,} of {total:,} slots in use · {pool.vm_size}")
