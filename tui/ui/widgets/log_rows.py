"""The lines of a log laid out as rows: a row each, or as many as a width asks for.

Invariant: `rows` is the lines in order, laid out for `width`; a line is laid out once for a width. A row that goes on
in the next one is `Broken`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells

from tui.core import log_search
from tui.core.log_cuts import Broken, pieces
from tui.core.log_window import LogEdit
from tui.core.redaction import redact


class LogRows:
    """Begins with one line, empty and unfinished."""

    def __init__(self) -> None:
        self.width = 0
        """Rows are no wider than so many cells; 0 where they may run out of sight."""
        self.lines: list[str] = [""]
        self.rows: list[str] = [""]
        self.widest = 0
        """Cells of the longest line there was."""
        self._heights = [1]

    def __len__(self) -> int:
        """Rows, without the unfinished line while it is empty."""
        return len(self.rows) - (len(self.rows) > 1 and not self.rows[-1])

    def row_of(self, line: int) -> int:
        """The first row of a line."""
        return sum(self._heights[:line])

    def rows_of(self, line: int) -> range:
        first = self.row_of(line)
        return range(first, first + self._heights[line])

    def line_of(self, row: int) -> int:
        """The line that a row is of; the last one for rows there are not."""
        seen = 0
        for line, height in enumerate(self._heights):
            seen += height
            if seen > row:
                return line
        return len(self.lines) - 1

    def places(self, needle: str) -> list[int]:
        """Rows in which `needle`, which is folded already, begins."""
        return log_search.places(self.rows, needle)

    def lay_out(self, width: int) -> None:
        """All lines anew, for another width."""
        self.width = width
        self.apply(LogEdit(is_anew=True, after=self.lines))

    def apply(self, edit: LogEdit) -> int:
        """By how many rows those that stay have moved."""
        moved = 0
        if edit.is_anew:
            self.lines, self.rows, self._heights, self.widest = [], [], [], 0
        if edit.before:
            moved += self._put_before(edit.before)
        if edit.after:
            self._drop_last(min(1, len(self.lines)))
            for line in edit.after:
                self._add(line)
        if edit.dropped_first:
            rows = self.row_of(edit.dropped_first)
            del self.rows[:rows], self._heights[: edit.dropped_first], self.lines[: edit.dropped_first]
            moved -= rows
        if edit.dropped_last:
            self._drop_last(edit.dropped_last)
            self._add("")
        return moved

    def _put_before(self, lines: Sequence[str]) -> int:
        rows = [self._laid_out(line) for line in lines]
        self.lines[:0] = lines
        self._heights[:0] = map(len, rows)
        added = [row for some in rows for row in some]
        self.rows[:0] = added
        return len(added)

    def _drop_last(self, count: int) -> None:
        kept = len(self.lines) - count
        del self.rows[len(self.rows) - sum(self._heights[kept:]) :], self._heights[kept:], self.lines[kept:]

    def _add(self, line: str) -> None:
        rows = self._laid_out(line)
        self.lines.append(line)
        self.rows += rows
        self._heights.append(len(rows))

    def _laid_out(self, line: str) -> list[str]:
        rows = self._wrapped(redact(line))  # a task may print what it was given
        return [*rows[:-1], Broken(rows[-1])] if isinstance(line, Broken) else rows

    def _wrapped(self, line: str) -> list[str]:
        cells = len(line) if line.isascii() else cell_len(line)
        self.widest = max(self.widest, cells)
        if not self.width or cells <= self.width:
            return [line]
        if line.isascii():
            return pieces(line, self.width)
        rows = chop_cells(line, self.width)
        return [*map(Broken, rows[:-1]), *rows[-1:]]
