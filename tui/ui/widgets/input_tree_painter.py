"""How a line of the tree of inputs looks: box, name, counts and size, in exactly the width there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style

from tui.core.input_tree import FileNode, FolderNode, Node, is_wholly_marked
from tui.core.terminal_text import neutralise
from tui.core.units import size_text
from tui.ui.widgets.table_painter import fit

PARTS = ("header", "cursor", "box", "folder", "muted", "trouble")
"""Component classes of the tree, each after `input-tree--`."""

StyleOf = Callable[[str], Style]
"""The style of one of the `PARTS`."""

_INDENT, _ARROW, _BOX, _SIZE, _GAP = 2, 2, 4, 8, 2
_COUNT, _SHORT_COUNT = 17, 7
_FULL_COUNT_FROM = 64
"""Below this width a folder tells how many files it has, and not how many of them are chosen."""
_LEAST_NAME = 12

CHOSEN, PARTLY, UNCHOSEN, NO_BOX = "[✓] ", "[–] ", "[ ] ", "    "


@dataclass(frozen=True, slots=True)
class LinePainter:
    """Lines of `width` cells."""

    width: int

    @property
    def _count_width(self) -> int:
        return _COUNT if self.width >= _FULL_COUNT_FROM else _SHORT_COUNT

    @property
    def _name_width(self) -> int:
        """Of everything left of the numbers."""
        return max(_LEAST_NAME, self.width - self._count_width - _SIZE - 2 * _GAP)

    def header(self, style_of: StyleOf) -> list[Segment]:
        name = fit(" " * (_ARROW + _BOX) + "NAME", self._name_width)
        return [self._numbers(name, "FILES", "SIZE", style_of("header"))]

    def line(self, node: Node, base: Style, style_of: StyleOf, *, has_tones: bool) -> list[Segment]:
        """One row; without tones all of it looks like `base`, which is how the cursor stays legible."""

        def style(part: str) -> Style:
            return style_of(part) if has_tones else base

        lead = " " * self._indent(node)
        if isinstance(node, FolderNode):
            lead += "▾ " if node.is_open else "▸ "
        else:
            lead += " " * _ARROW
        box = box_of(node)
        is_chosen = box in (CHOSEN, PARTLY)
        room = self._name_width - len(lead) - _BOX
        name = neutralise(node.name) + ("/" if isinstance(node, FolderNode) else "")
        segments = [Segment(lead, style("muted")), Segment(box, style("box" if is_chosen else "muted"))]
        if node.trouble:
            return [*segments, *self._troubled(name, node.trouble, room, base, style)]
        is_empty = isinstance(node, FolderNode) and not node.offered_count
        part = "muted" if is_empty else "folder" if isinstance(node, FolderNode) else ""
        segments.append(Segment(fit(name, room), style(part) if part else base))
        count = self._count(node) if isinstance(node, FolderNode) else ""
        size = "" if is_empty else size_text(node.offered_bytes if isinstance(node, FolderNode) else node.size_bytes)
        return [*segments, self._numbers("", count, size, style("muted") if isinstance(node, FolderNode) else base)]

    def _troubled(
        self, name: str, trouble: str, room: int, base: Style, style: Callable[[str], Style]
    ) -> list[Segment]:
        """The reason takes the place of the numbers, and more where it needs more."""
        reason = f"✗ {trouble}"
        reason_width = max(len(reason), self._count_width + _SIZE + 2 * _GAP)
        room = max(_LEAST_NAME, room + self._count_width + _SIZE + 2 * _GAP - reason_width - _GAP)
        return [
            Segment(fit(name, room), style("muted")),
            Segment(" " * _GAP, base),
            Segment(fit(reason, reason_width, "right"), style("trouble")),
        ]

    def _numbers(self, before: str, count: str, size: str, style: Style) -> Segment:
        gap = " " * _GAP
        return Segment(f"{before}{gap}{fit(count, self._count_width, 'right')}{gap}{fit(size, _SIZE, 'right')}", style)

    def _count(self, folder: FolderNode) -> str:
        more = "+" if folder.unread_count else ""
        if not folder.offered_count:
            return "…" if more else "–"
        every = f"{folder.offered_count:,}{more}"
        if 0 < folder.chosen_count < folder.offered_count and self._count_width == _COUNT:
            return f"{folder.chosen_count:,} of {every}"
        return every

    @staticmethod
    def _indent(node: Node) -> int:
        return _INDENT * (node.depth - 1)

    def part_at(self, node: Node, x: int) -> str:
        """`arrow`, `box` or `name`: what is painted at cell `x`."""
        start = self._indent(node)
        if x < start + _ARROW:
            return "arrow"
        return "box" if x < start + _ARROW + _BOX else "name"


def box_of(node: Node) -> str:
    """Whether it is chosen, in four cells; nothing where there is nothing to choose."""
    if isinstance(node, FileNode):
        return NO_BOX if not node.is_offered else CHOSEN if node.is_marked else UNCHOSEN
    if not node.offered_count:
        return CHOSEN if node.marks_arrivals and node.unread_count else UNCHOSEN if node.unread_count else NO_BOX
    if is_wholly_marked(node):
        return CHOSEN
    return PARTLY if node.chosen_count else UNCHOSEN
