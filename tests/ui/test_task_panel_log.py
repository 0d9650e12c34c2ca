"""The log panel as a person has it: up to the beginning, down to the end, and a search in what is not read yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.support.pilot import wait_for
from tests.support.runs import FakeLogs, FrozenClock
from tui.core.errors import Unreachable
from tui.ui.log_pages import FIRST_BYTES
from tui.ui.services import LogChunk, LogSource
from tui.ui.widgets.log_view import LogView
from tui.ui.widgets.task_panel import TaskPanel

ResultT = TypeVar("ResultT")
SOURCE = LogSource("task", "topword-00000", "stdout")
LINE_BYTES = 64


def numbered(first: int, stop: int) -> bytes:
    return b"".join(b"%09d %s\n" % (number, b"." * (LINE_BYTES - 11)) for number in range(first, stop))


class GatedLogs(FakeLogs):
    """Fails on demand."""

    error: Unreachable | None = None

    def read(self, source: LogSource, offset: int | None, limit_bytes: int, *, unless_version: str = "") -> LogChunk:
        if self.error is not None:
            raise self.error
        return super().read(source, offset, limit_bytes, unless_version=unless_version)


class Panel(App[None]):
    CSS = "TaskPanel { border: round $border; }"

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.logs = GatedLogs({SOURCE: content})
        self.gate = asyncio.Event()
        self.gate.set()
        self.panel = TaskPanel(self.logs, self._run_blocking, FrozenClock())

    async def _run_blocking(self, function: Callable[[], ResultT]) -> ResultT:
        await self.gate.wait()
        return function()

    def compose(self) -> ComposeResult:
        yield self.panel

    @property
    def view(self) -> LogView:
        return self.panel.query_one(LogView)

    @property
    def rows(self) -> list[str]:
        """What is in sight of the log."""
        return [self.view.render_line(y).text.rstrip() for y in range(self.view.size.height)]

    @property
    def subtitle(self) -> str:
        return str(self.panel.border_subtitle)


@asynccontextmanager
async def panel(content: bytes, *, is_growing: bool = True) -> AsyncIterator[tuple[Panel, Pilot[None]]]:
    app = Panel(content)
    async with app.run_test(size=(80, 14)) as pilot:
        app.panel.show_log(SOURCE, is_growing=is_growing)
        app.panel.poll()
        await wait_for(pilot, lambda: app.view.size.height and any(app.rows), "the log is read")
        app.panel.focus_log()
        yield app, pilot


def number(row: str) -> int:
    return int(row[:9])


async def test_up_at_the_first_line_reads_what_is_before_and_what_is_in_sight_stays() -> None:
    async with panel(numbered(0, 6_000)) as (app, pilot):
        first = 6_000 - FIRST_BYTES // LINE_BYTES + 1
        assert "last 64 KB of 375 KB" in app.subtitle
        app.gate.clear()
        app.view.scroll_to(y=0, animate=False)
        await wait_for(pilot, lambda: "reading earlier" in app.rows[0], "that it reads is seen")
        assert app.rows[0].startswith("▲ reading earlier… 311 KB before")
        assert number(app.rows[1]) == first
        app.logs.contents[SOURCE] += numbered(6_000, 6_010)
        app.gate.set()
        await wait_for(pilot, lambda: "reading" not in app.rows[0], "it was read")
        assert [number(row) for row in app.rows[:3]] == [first - 1, first, first + 1]
        app.panel.poll()
        await wait_for(pilot, lambda: len(app.view.rows) > 5_000, "what is new is read meanwhile")
        assert number(app.rows[1]) == first, "and moves nothing"
        app.view.scroll_to(y=0, animate=False)
        await wait_for(pilot, lambda: len(app.view.rows) > 6_010, "the rest before is read")
        assert not any(row.startswith("▲") for row in app.rows)
        assert [number(row) for row in app.rows[:2]] == [first - 4_096, first - 4_095]
        await pilot.press("z")
        assert number(app.rows[1]) == first - 4_095, "nor does wrapping"


async def test_home_is_the_beginning_and_end_follows_again() -> None:
    async with panel(numbered(0, 20_000)) as (app, pilot):
        await pilot.press("g")
        await wait_for(pilot, lambda: app.rows[0].startswith("000000000"), "the beginning is in sight")
        app.panel.show_age()
        assert "first 256 KB of 1.2 MB" in app.subtitle
        app.view.scroll_end(animate=False)
        await wait_for(pilot, lambda: len(app.view.rows) > 8_000, "what comes after is read")
        app.view.scroll_end(animate=False, force=True)
        app.logs.error = Unreachable("away")
        await pilot.press("end")
        await wait_for(pilot, lambda: "not read: away" in app.rows[-1], "trouble is told where it matters")
        app.logs.error = None
        app.logs.contents[SOURCE] += numbered(20_000, 20_001)
        await pilot.press("f")
        await wait_for(pilot, lambda: number(app.rows[-1] or "0") == 20_000, "the end is in sight")
        app.logs.contents[SOURCE] += numbered(20_001, 20_002)
        app.panel.poll()
        await wait_for(pilot, lambda: number(app.rows[-1] or "0") == 20_001, "and followed")
        app.logs.contents[SOURCE] += numbered(20_002, 24_000)
        app.panel.poll()
        await wait_for(pilot, lambda: number(app.rows[-1] or "0") == 23_999, "in as many reads as it takes")


async def test_a_search_goes_on_into_what_is_not_read_and_esc_stops_it() -> None:
    content = bytearray(numbered(0, 20_000))
    content[40 * LINE_BYTES + 20 : 40 * LINE_BYTES + 26] = b"NEEDLE"
    async with panel(bytes(content)) as (app, pilot):
        await pilot.press("slash", *"needle")
        await wait_for(pilot, lambda: "0 found in the last 64 KB · enter" in app.subtitle, "it says where it looked")
        app.gate.clear()
        await pilot.press("enter")
        await wait_for(pilot, lambda: "searching 0 B of 1.2 MB · esc stops" in app.subtitle, "it says what it searches")
        await pilot.press("escape")
        await wait_for(pilot, lambda: "search stopped · N goes on" in app.subtitle, "it stops")
        assert number(app.rows[-1]) == 19_999, "and nothing has moved"
        app.gate.set()
        await pilot.press("N")
        await wait_for(pilot, lambda: any("NEEDLE" in row for row in app.rows), "it is found")
        assert "1 found in the first" in app.subtitle
        await pilot.press("f")
        await wait_for(pilot, lambda: "0 found in the last 64 KB" in app.subtitle, "the end is another part of it")
        await pilot.press("N")
        await wait_for(pilot, lambda: any("NEEDLE" in row for row in app.rows), "it is found again")
        await pilot.press("N")
        await wait_for(pilot, lambda: "no more: this is the beginning" in app.subtitle, "there is no other before")
        await pilot.press("escape")
        assert "found" not in app.subtitle


async def test_a_log_that_began_anew_is_told_and_shown() -> None:
    async with panel(numbered(0, 3_000)) as (app, pilot):
        await pilot.press("home")
        await wait_for(pilot, lambda: app.rows[0].startswith("000000000"), "a beginning that is near is in sight, too")
        app.logs.contents[SOURCE] = b"another attempt\n"
        app.panel.poll()
        await wait_for(pilot, lambda: app.rows[0] == "another attempt", "what was there is gone")
        assert [note.message for note in app._notifications] == ["The log began anew: it is read from its end again."]
