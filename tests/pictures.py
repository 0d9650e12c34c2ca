"""`python -m tests.pictures [FOLDER]`: the pictures of the README, from canned state, so that they can be made again.

The same state gives the same pictures: no service, no clock, no account of anybody.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from tests.support.accounts import BATCH_KEY, STORAGE_KEY, WORK, FakeAccounts
from tests.support.new_runs import Account, draft_with_files
from tests.support.past_runs import ENDED, FakeRuns, detail, reading
from tests.support.pilot import wait_for
from tests.support.runs import (
    FakeLogs,
    PausableFakeSession,
    failed,
    new_plan,
    new_services,
    running,
    running_events,
    succeeded,
    task,
)
from tests.ui.test_inputs import Readers, empty_draft, texts
from tui.core.account_check import Check, passed
from tui.core.events import Progress, Step
from tui.core.input_listing import ListedFile, Listing
from tui.core.plan import PlannedInput
from tui.core.records import TaskRow
from tui.ui.app import BatchTui
from tui.ui.run_services import HomeServices
from tui.ui.screens.home import HomeScreen
from tui.ui.screens.new_run.screen import INPUTS, REVIEW, NewRunScreen
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.screens.set_up import SetUpScreen
from tui.ui.screens.task import TaskScreen
from tui.ui.services import AccountLabel, LogSource

FOLDER = Path(__file__).parents[1] / "assets" / "screenshots"
SIZE = (120, 32)
TASKS = 64
CHAPTERS = range(1, TASKS + 1)
LOG = b"counting the words of chapter01.txt\nWord     Count\nthe:     1,204\nand:     611\nsea:     198\n"
PASTED = f"""BATCH_ACCOUNT_NAME = "mybatch"
BATCH_ACCOUNT_KEY = "{BATCH_KEY}"
BATCH_ACCOUNT_URL = "https://mybatch.westeurope.batch.azure.com"
STORAGE_ACCOUNT_NAME = "mystore"
STORAGE_ACCOUNT_KEY = "{STORAGE_KEY}"
"""
DISK = {
    "/jobs": Listing("/jobs", ("books", "clips"), (ListedFile("notes.txt", 8_120), ListedFile("report.txt", 48_000))),
    "/jobs/books": texts("/jobs/books", *(f"chapter{number}.txt" for number in range(1, 13)), size_bytes=31_000),
    "/jobs/clips": texts("/jobs/clips", "harbour.mp4", size_bytes=86_000_000),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A screen, what is done on it, and what stands there once it is done."""

    name: str
    screen: Callable[[Path], Screen[Any]]
    until: str
    keys: tuple[str, ...] = ()
    beside: str = ""
    """On the screen before the keys are pressed."""
    prepare: Callable[[Screen[Any]], object] = lambda _: None
    theme: str = "batch-dark"


FOUND = {
    Check.BATCH_ADDRESS: "resolves to 20.50.2.14",
    Check.STORAGE_ADDRESS: "resolves to 20.60.8.1",
    Check.CLOCK: "agrees with the service's",
    Check.BATCH_ACCESS: "granted; the account has 2 pools",
    Check.STORAGE_ACCESS: "granted; the account has 5 containers",
    Check.SHARED_ACCESS: "a SAS wrote and read a file in a container of ours, deleted again",
}


def rows() -> tuple[TaskRow, ...]:
    """Sixty-four tasks in the middle of their work."""
    ended = [failed(number) if number in (9, 20) else succeeded(number, 1.2 + number % 7) for number in range(27)]
    return (*ended, *(running(number, 4.2) for number in range(27, 30)), *(task(number) for number in range(30, TASKS)))


def home(_: Path) -> HomeScreen:
    def no_new_run(name: str) -> None:
        raise AssertionError(name)

    services = HomeServices(FakeRuns(), FakeAccounts(WORK, current="work"), lambda _: new_services(), no_new_run)  # type: ignore[arg-type]
    return HomeScreen(new_services(), services)


def set_up(_: Path) -> SetUpScreen:
    accounts = FakeAccounts()
    accounts.outcome = tuple(passed(check, FOUND[check]) for check in Check)
    return SetUpScreen(replace(new_services(), account=AccountLabel("no account yet", "")), accounts)


def inputs(_: Path) -> NewRunScreen:
    return NewRunScreen(new_services(), Readers(disk=DISK).services(), empty_draft(), opening_step=INPUTS)


def review(folder: Path) -> NewRunScreen:
    return NewRunScreen(new_services(), Account().services(), draft_with_files(folder), opening_step=REVIEW)


def run(_: Path) -> OpenRunScreen:
    logs = FakeLogs({LogSource("task", "topword-00000", "stdout"): LOG})
    inputs = tuple(
        PlannedInput(name, 31_000, f"/jobs/books/{name}") for name in map("chapter{:02}.txt".format, CHAPTERS)
    )
    return OpenRunScreen(new_services(logs), FakeRuns(), replace(new_plan(), inputs=inputs), PausableFakeSession())


def feed_run(screen: Screen[Any]) -> None:
    assert isinstance(screen, OpenRunScreen)
    ended = sum(row.status.is_over for row in rows())
    screen.feed(running_events(rows()))
    screen.feed(
        [
            Progress(Step.UPLOAD, TASKS, TASKS, "files", 1_984_000, 1_984_000),
            Progress(Step.TASKS, TASKS, TASKS, "tasks"),
            Progress(Step.MONITOR, ended, TASKS, "tasks"),
        ]
    )


def failed_task(_: Path) -> TaskScreen:
    found = reading(detail(row=replace(failed(0), retry_count=1)), job_state="completed")
    return TaskScreen(new_services(), FakeRuns(reading=found), ENDED.plan, "topword-00000")


PICTURES = (
    Picture(
        "set-up",
        set_up,
        "everything works",
        ("ctrl+t",),
        beside="Test",
        prepare=lambda screen: screen.post_message(events.Paste(PASTED)),
    ),
    Picture("inputs", inputs, "files chosen", ("right", "right", "space", "down", "down", "space"), beside="books"),
    Picture("review", review, "✓ 7 of 7"),
    Picture("run", run, "complete", prepare=feed_run),
    Picture("task", failed_task, "reactivate"),
    Picture("home", home, "2 runs with nodes that cost"),
    Picture("delete", home, "to confirm", ("down", "x"), beside="nodes cost"),
)


async def draw(picture: Picture, folder: Path) -> str:
    """The picture as SVG."""
    screen = picture.screen(folder)
    app = BatchTui(lambda: screen, theme=picture.theme)
    async with app.run_test(size=SIZE) as pilot:

        def has(text: str) -> bool:
            return any(text in strip.text for strip in pilot.app.screen._compositor.render_strips())

        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        picture.prepare(screen)
        await wait_for(pilot, lambda: has(picture.beside), f"on screen before: {picture.beside}")
        await pilot.press(*picture.keys)
        await wait_for(pilot, lambda: has(picture.until), f"on screen: {picture.until}")
        await _without_toasts(pilot)
        return app.export_screenshot(title="batch-tui", simplify=True)


def _without_toasts(pilot: Pilot[int]) -> Awaitable[None]:
    pilot.app.clear_notifications()
    return wait_for(pilot, lambda: not pilot.app.screen.query("Toast"), "toasts are gone")


@contextmanager
def in_utc() -> Iterator[None]:
    """Clocks on screen are local."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, in_utc():
        for picture in PICTURES:
            svg = asyncio.run(draw(picture, Path(scratch)))
            (folder / f"{picture.name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
