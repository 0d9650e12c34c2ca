"""Where there is no room for all keys, the less important ones are left out, in a known order."""

from __future__ import annotations

from textual.widgets._footer import FooterKey

from tests.support.past_runs import FakeRuns
from tests.support.pilot import wait_for
from tests.support.runs import FakeSession, new_plan, new_services
from tui.ui.app import BatchTui
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.widgets.key_fit import LineKey, left_out

OPEN, SORT, DELETE = LineKey("table.open", "⏎", "Open"), LineKey("run.sort", "s", "Sort"), LineKey("x", "x", "Delete")
OFF = LineKey("resume", "r", "Resume", is_enabled=False)
HELP, QUIT = LineKey("app.help", "?", "Help"), LineKey("app.quit", "q", "Quit")
KEYS = (OPEN, SORT, DELETE, OFF, HELP, QUIT)


def test_nothing_is_left_out_where_everything_fits() -> None:
    assert left_out(KEYS, sum(key.width for key in KEYS)) == frozenset()


def test_keys_that_do_nothing_now_go_first_then_as_ranked_then_the_others_and_help_and_quit_never() -> None:
    room = sum(key.width for key in KEYS) - 1
    order: list[str] = []
    while gone := left_out(KEYS, room) - set(order):
        (name,) = gone
        order.append(name)
        room -= next(key.width for key in KEYS if key.id == name)
    assert order == ["resume", "run.sort", "table.open", "x"]


async def test_a_narrow_run_screen_shows_download_delete_help_and_quit_whole_and_a_wide_one_every_key() -> None:
    screen = OpenRunScreen(new_services(), FakeRuns(), new_plan(), FakeSession())
    async with BatchTui(lambda: screen).run_test(size=(80, 24)) as pilot:

        def shown() -> list[FooterKey]:
            return [key for key in screen.query(FooterKey) if key.display and key.region.width]

        await wait_for(pilot, shown, "the keys are shown")
        words = [key.description for key in shown()]
        assert words[-4:] == ["Download", "Delete", "Help", "Quit"]
        assert shown()[-1].region.right <= 80
        await pilot.resize_terminal(160, 45)
        await wait_for(pilot, lambda: "Sort" in [key.description for key in shown()], "there is room for all keys")
        await pilot.resize_terminal(80, 24)
        await wait_for(pilot, lambda: [key.description for key in shown()] == words, "as narrow as before")
