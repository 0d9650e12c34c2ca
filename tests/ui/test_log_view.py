"""The log: pieces become lines, old ones leave, long ones wrap, and what is searched is found."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tests.support.pilot import wait_for
from tui.core.log_cuts import LONGEST_LINE
from tui.ui.widgets.log_view import LINES_KEPT, LogView


class LogApp(App[None]):
    CSS = "LogView { height: 10; width: 20; }"

    def __init__(self) -> None:
        super().__init__()
        self.log_view = LogView()

    def compose(self) -> ComposeResult:
        yield self.log_view

    def lines(self) -> list[str]:
        return [self.log_view.render_line(y).text.rstrip() for y in range(10)]


async def test_pieces_become_lines_and_the_end_is_followed() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 20)) as pilot:
        for piece in ("one\ntw", "o\nthr", "ee", "\n"):
            app.log_view.write(piece, scroll_end=True)
        assert app.log_view.rows == ("one", "two", "three", "")
        app.log_view.write("".join(f"line {number}\n" for number in range(50)), scroll_end=True)
        await wait_for(pilot, lambda: app.lines()[-1] == "line 49", "the end is in sight")
        app.log_view.write("more\n", scroll_end=False)
        await pilot.pause()
        assert app.lines()[-1] == "line 49"


async def test_what_is_over_the_limit_leaves_and_a_line_without_end_is_broken() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 20)):
        for start in range(0, 3 * LINES_KEPT, 1_000):
            app.log_view.write("".join(f"{number}\n" for number in range(start, start + 1_000)), scroll_end=False)
        rows = app.log_view.rows
        assert len(rows) <= LINES_KEPT
        assert rows[-2] == str(3 * LINES_KEPT - 1)
        app.log_view.write("x" * 1_000_000, scroll_end=False)
        assert max(map(len, app.log_view.rows)) < 10_000


async def test_wrapping_loses_nothing_and_goes_back() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 20)) as pilot:
        app.log_view.focus()
        text = "abcdefghij" * 5 + "größer\n"
        app.log_view.write(text, scroll_end=True)
        await pilot.press("z")
        wrapped = app.log_view.rows
        assert len(wrapped) > 2
        assert "".join(wrapped) == text.rstrip()
        app.log_view.write("next\n", scroll_end=True)
        assert app.log_view.rows[len(wrapped) - 1] == "next"
        await pilot.press("z")
        assert app.log_view.rows == (text.rstrip(), "next", "")


async def test_a_search_starts_at_the_end_and_goes_on_both_ways() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 20)) as pilot:
        app.log_view.focus()
        app.log_view.write("".join(f"{'Error' if not n % 30 else 'fine'} {n}\n" for n in range(100)), scroll_end=True)
        assert app.log_view.search("ERROR") == 4
        seen = []
        for key in ("", "n", "N", "N"):
            await pilot.press(*([key] if key else []))
            found = [line for line in app.lines() if line.startswith("Error")]
            seen.append(found[0])
        assert seen == ["Error 90", "Error 0", "Error 90", "Error 60"]
        assert app.log_view.search("nothing like it") == 0


@pytest.mark.parametrize("is_wrapped", [False, True])
async def test_what_is_found_across_a_break_stands_out_on_both_sides_of_it(is_wrapped: bool) -> None:
    app = LogApp()
    async with app.run_test(size=(40, 20)) as pilot:
        app.log_view.focus()
        if is_wrapped:
            await pilot.press("z")
        length = app.log_view.scrollable_content_region.width if is_wrapped else LONGEST_LINE
        app.log_view.write("." * (length - 2) + "Needle\n", scroll_end=True)
        assert app.log_view.search("needle") == 1
        painted = [[segment.text for segment in app.log_view.render_line(y)] for y in range(2)]
        assert "edle" in painted[1]
        assert "Ne" in painted[0] or not is_wrapped, "where it is not wrapped it is out of sight"
