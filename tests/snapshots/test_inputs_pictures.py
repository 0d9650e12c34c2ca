"""Pictures of the inputs step: a folder half chosen, and a place with nothing to choose."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.support.pilot import wait_for
from tests.support.runs import FrozenClock, new_services
from tests.ui.test_inputs import Readers, empty_draft, texts
from tui.core.input_listing import ListedFile, Listing
from tui.ui.app import BatchTui
from tui.ui.screens.new_run.screen import INPUTS, NewRunScreen

SnapCompare = Callable[..., bool]

DISK = {
    "/jobs": Listing(
        "/jobs",
        ("books", "clips", "empty"),
        (
            ListedFile("broken.txt", trouble="a link that leads nowhere"),
            ListedFile("odd\nname.txt", 812),
            ListedFile("report.txt", 48_000),
        ),
    ),
    "/jobs/books": texts("/jobs/books", "chapter1.txt", "chapter2.txt", "chapter10.txt", size_bytes=31_000),
    "/jobs/clips": texts("/jobs/clips", "harbour.mp4", size_bytes=86_000_000),
    "/jobs/empty": texts("/jobs/empty"),
}


def compare(snap_compare: SnapCompare, size: tuple[int, int], workload: str, *keys: str, until: str) -> bool:
    """The picture of the step on `DISK`, after `keys` and once `until` is on it."""
    services = new_services(clock=FrozenClock())
    screen = NewRunScreen(services, Readers(disk=DISK).services(), empty_draft(workload), opening_step=INPUTS)

    async def run_before(pilot: Pilot[int]) -> None:
        strips = pilot.app.screen._compositor.render_strips
        await wait_for(pilot, lambda: screen.is_current and "reading" not in "".join(s.text for s in strips()), "read")
        await pilot.press(*keys)
        await wait_for(pilot, lambda: any(until in strip.text for strip in strips()), f"on screen: {until}")

    return snap_compare(BatchTui(lambda: screen), terminal_size=size, run_before=run_before)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["narrow", "comfortable"])
def test_half_chosen(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    keys = ("right", "right", "down", "shift+down")
    assert compare(snap_compare, size, "top-words", *keys, until="✓ 2 of 6 files chosen")


def test_nothing_passes(snap_compare: SnapCompare) -> None:
    keys = ("slash", *"x", "enter")
    assert compare(snap_compare, (80, 24), "ffmpeg-mp3", *keys, until="Nothing in /jobs passes *.mp4x")
