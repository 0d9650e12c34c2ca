"""Labelled lines of text: long ones go on below their own beginning, never below the label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.ui.text import joined

_LEAST_TEXT_WIDTH = 20


@dataclass(frozen=True, slots=True)
class Fact:
    """One row; an empty label goes on with the row above."""

    label: Content
    text: Content
    indent: int = 0
    """Further cells that its own further lines stand in, below what matters of the first."""


class FactSheet(Widget):
    """Rows of facts, as high as they need."""

    DEFAULT_CSS = """
    FactSheet { height: auto; width: 1fr; }
    """

    def __init__(self, label_width: int, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._label_width = label_width
        self._facts: tuple[Fact, ...] = ()

    def show(self, facts: Sequence[Fact]) -> None:
        self._facts = tuple(facts)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        return len(self._lines(width))

    def render(self) -> Content:
        return joined(self._lines(self.content_size.width), "\n")

    def _lines(self, width: int) -> list[Content]:
        room = max(_LEAST_TEXT_WIDTH, width - self._label_width)
        lines: list[Content] = []
        for fact in self._facts:
            label = fact.label.pad_right(max(0, self._label_width - fact.label.cell_length))
            for index, line in enumerate(_hanging(fact.text, room, fact.indent)):
                lines.append((label if not index else Content(" " * self._label_width)) + line)
        return lines


def _hanging(text: Content, width: int, indent: int) -> list[Content]:
    """`text` in lines of at most `width`, all but the first indented."""
    room = width - indent if width - indent >= _LEAST_TEXT_WIDTH else width
    margin, lines = Content(" " * (width - room)), list[Content]()
    while text.cell_length > (limit := room if lines else width):
        end = _line_end(text.plain, limit)
        lines.append(margin + text[:end] if lines else text[:end])
        text = text[end + len(text.plain[end:]) - len(text.plain[end:].lstrip(" ")) :]
    return [*lines, margin + text if lines else text]


def _line_end(text: str, width: int) -> int:
    """Where the first line of `text`, which is longer, ends: at a space, and in a word too long for a line at a `/`."""
    fits = len(chop_cells(text, width)[0])
    if text[fits] == " ":
        return fits
    begin, end = text.rfind(" ", 0, fits) + 1, text.find(" ", fits)
    slash = text.rfind("/", begin + 1, fits) + 1
    if slash and cell_len(text[begin : end if end >= 0 else None]) > width:
        return slash
    return begin - 1 if begin > 1 else fits
