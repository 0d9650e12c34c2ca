"""How far the tasks are, in one line: a bar whose shades differ without colour, the counts, and the ETA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.content import Content
from textual.widget import Widget

from tui.core.columns import Tone
from tui.core.eta import Eta
from tui.core.records import TaskCounts
from tui.core.task_table import NO_VALUE
from tui.core.throughput import sparkline
from tui.ui.text import joined, toned

_SHADES: tuple[tuple[str, Tone], ...] = (("█", "success"), ("▚", "error"), ("▓", "running"), ("░", "muted"))
"""Succeeded, failed, running, and not yet: each a glyph of its own."""
_BAR_AT_LEAST = 10
_RATE_FROM = 140
"""Width from which the throughput has room."""
_ETA_WIDTH = len("ETA 59 min 59 s – 59 min 59 s")


class CountsBar(Widget):
    """Bar, counts and ETA; counts keep their width as they grow, so nothing jitters."""

    DEFAULT_CSS = """
    CountsBar { height: 1; padding: 0 1; }
    """

    def __init__(self, expected: int) -> None:
        """`expected` is how many tasks there will be."""
        super().__init__()
        self._expected = expected
        self._counts = TaskCounts()
        self._eta: Eta | None = None
        self._is_over = False
        self._rate = ("", "")

    def show(
        self, counts: TaskCounts, eta: Eta | None, *, is_over: bool, bars: Sequence[int] = (), per_second: float = 0.0
    ) -> None:
        """Takes over the counts; once it is over there is nothing to wait for. `bars` are tasks ended, step by step."""
        has_rate = not is_over and any(bars)
        rate = (sparkline(bars), f"{per_second:6.1f}/s" if per_second < 100 else f"{per_second:6,.0f}/s")
        shown = (counts, eta, is_over, rate if has_rate else ("", ""))
        if shown != (self._counts, self._eta, self._is_over, self._rate):
            self._counts, self._eta, self._is_over, self._rate = shown
            self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        eta = self._eta_text(width)
        if self._rate[0] and width >= _RATE_FROM:
            eta = toned(self._rate[0], "running") + toned(self._rate[1], "muted") + "  " + eta
        for numbers in (self._in_words(), self._in_glyphs()):
            room = width - numbers.cell_length - eta.cell_length - 4
            if room >= _BAR_AT_LEAST:
                return self._bar(room) + "  " + numbers + "  " + eta
        return self._in_glyphs()

    def _eta_text(self, width: int) -> Content:
        if self._is_over:
            return Content("")
        text = f"ETA {NO_VALUE if self._eta is None else self._eta}"
        if self._eta is not None and width < 100:
            text = f"ETA {replace(self._eta, low_s=self._eta.high_s)}"
        return toned(f"{text:<{_ETA_WIDTH if width >= 100 else 14}}", "muted" if self._eta is None else "")

    def _numbers(self) -> tuple[tuple[str, str, int, Tone], ...]:
        """Glyph, word, number and tone of each count; none stands out while it is zero."""
        counts = self._counts
        return (
            ("○", "active", counts.active, ""),
            ("●", "running", counts.running, "running" if counts.running else "muted"),
            ("✓", "succeeded", counts.succeeded, "success" if counts.succeeded else "muted"),
            ("✗", "failed", counts.failed, "error" if counts.failed else "muted"),
        )

    def _in_words(self) -> Content:
        digits = self._digits
        return joined((toned(f"{word} {number:>{digits},}", tone) for _, word, number, tone in self._numbers()), " · ")

    def _in_glyphs(self) -> Content:
        digits = self._digits
        return joined((toned(f"{glyph} {number:>{digits},}", tone) for glyph, _, number, tone in self._numbers()), " ")

    @property
    def _digits(self) -> int:
        return len(f"{max(self._expected, self._counts.total):,}")

    def _bar(self, width: int) -> Content:
        counts = self._counts
        total = max(self._expected, counts.total, 1)
        amounts = (counts.succeeded, counts.failed, counts.running)
        lengths = share_cells(amounts, total, width)
        lengths.append(width - sum(lengths))
        return joined(toned(glyph * cells, tone) for (glyph, tone), cells in zip(_SHADES, lengths, strict=True))


def share_cells(amounts: tuple[int, ...], total: int, width: int) -> list[int]:
    """Cells of a bar for each amount: none is lost while it is not zero; it is full where their sum is `total`."""
    cells = [max(1, amount * width // total) if amount else 0 for amount in amounts]
    if sum(amounts) == total:
        cells[cells.index(max(cells))] += max(0, width - sum(cells))
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    return cells
