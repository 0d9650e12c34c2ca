"""The pool's nodes at a glance: a glyph a node, by state; at 2,500 nodes a glyph stands for several, and says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil

from textual.content import Content
from textual.widget import Widget

from tui.core.node_table import NODE_KINDS, node_kind
from tui.core.records import NodeRecord
from tui.core.units import duration_text
from tui.ui.text import joined, toned


class NodeMap(Widget):
    """Map and legend with counts."""

    DEFAULT_CSS = """
    NodeMap { height: auto; max-height: 12; min-height: 4; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._kinds: Counter[str] = Counter()
        self._is_gone = False
        self.border_title = "nodes"

    def show(
        self, nodes: Sequence[NodeRecord], age_s: float | None, slots_per_node: int = 0, *, is_gone: bool = False
    ) -> None:
        """Takes over the nodes as last read, `age_s` ago; `slots_per_node` is 0 while it is not known."""
        kinds = Counter(node_kind(node) for node in nodes)
        if (kinds, is_gone) != (self._kinds, self._is_gone):
            self._kinds, self._is_gone = kinds, is_gone
            self.refresh(layout=True)
        takers = [node for node in nodes if node.takes_tasks]
        used, total = sum(node.running_slots for node in takers), slots_per_node * len(takers)
        slots = f" · {used:,} of {total:,} slots in use" if total else ""
        self.border_title = f"nodes · {len(nodes):,}{slots}" if nodes else "nodes"
        self.border_subtitle = "" if age_s is None else f"{duration_text(age_s)} ago"

    def render(self) -> Content:
        if not self._kinds:
            words = "The pool is gone." if self._is_gone else "Nodes appear once the pool allocates them."
            return toned(words, "muted")
        width = max(1, self.content_size.width)
        most = self.styles.max_height
        lines = 11 if most is None or most.cells is None else most.cells - self.gutter.height
        rows = max(1, lines - 1 - len(self._legend(width)))
        return Content("\n").join([*self._map(width, rows), *self._legend(width)])

    def _map(self, width: int, rows: int) -> list[Content]:
        """Spaced where there is room, close where there is less, several nodes a glyph where there is not."""
        total = self._kinds.total()
        gap = " " if total * 2 <= width * rows else ""
        per_line = (width + 1) // 2 if gap else width
        per_glyph = ceil(total / max(1, width * rows - len(NODE_KINDS)))
        cells: list[Content] = []
        for kind, (glyph, tone) in NODE_KINDS.items():
            cells += [toned(glyph, tone)] * ceil(self._kinds[kind] / per_glyph)
        lines = [joined(cells[start : start + per_line], gap) for start in range(0, len(cells), per_line)]
        if per_glyph > 1:
            lines.append(toned(f"one glyph: up to {per_glyph} nodes", "muted"))
        return lines

    def _legend(self, width: int) -> list[Content]:
        """Kinds that there are, with their counts, as many a line as fit."""
        lines: list[Content] = []
        line = Content("")
        for kind, (glyph, tone) in NODE_KINDS.items():
            if not self._kinds[kind]:
                continue
            entry = toned(f"{glyph} {kind}", tone) + f" {self._kinds[kind]:,}"
            if line.cell_length and line.cell_length + 2 + entry.cell_length > width:
                lines.append(line)
                line = Content("")
            line = line + "  " + entry if line.cell_length else entry
        return [*lines, line]
