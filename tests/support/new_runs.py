"""A new run screen on a pilot: canned pools and images, a pre-flight a test decides, and what came of it."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from tests.support.pilot import wait_for
from tests.support.runs import FrozenClock, new_services
from tests.support.terminal import Terminal
from tui.core.errors import BatchTuiError
from tui.core.plan import RunPlan
from tui.core.planning import FileChoice
from tui.core.ports import StopSignal
from tui.core.preflight import Finding, Item, Verdict, items_of, passed
from tui.core.records import ImageInfo, ImageReference, PoolRecord, ResizeError
from tui.core.run_draft import LastChoices, RunDraft, new_draft
from tui.ui.app import BatchTui
from tui.ui.screens.new_run.form import FormInput
from tui.ui.screens.new_run.screen import NewRunScreen
from tui.ui.services import NewRunServices

ResultT = TypeVar("ResultT")

NARROW, COMFORTABLE = (80, 24), (120, 40)


def pool(pool_id: str, nodes: int, target: int | None = None, state: str = "active", **changes: object) -> PoolRecord:
    wanted = nodes if target is None else target
    record = PoolRecord(pool_id, state, "steady", "Standard_D4s_v3", wanted, 0, nodes, 0, 4, 0.0)
    return replace(record, **changes)  # type: ignore[arg-type]  # fields by name


POOLS = (
    pool("old", 1, state="deleting"),
    pool("nightly", 0),
    pool("render-farm", 12),
    pool("short-one", 2, 3, resize_errors=(ResizeError("AccountCoreQuotaReached", "no cores"),)),
)


def image(publisher: str, offer: str, sku: str, agent: str, **changes: object) -> ImageInfo:
    info = ImageInfo(ImageReference(publisher, offer, sku), agent, is_verified=True, os_type="linux")
    return replace(info, **changes)  # type: ignore[arg-type]  # fields by name


IMAGES = (
    image("debian", "debian-12", "12-gen2", "batch.node.debian 12"),
    image("canonical", "ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04"),
    image("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04", end_of_life_s=1.8e9),
    image("canonical", "ubuntu-20", "past", "batch.node.ubuntu 20.04", end_of_life_s=1.0),
    image("somebody", "unproven", "1", "batch.node.el 8", is_verified=False),
    image("microsoftwindowsserver", "windowsserver", "2022", "batch.node.windows amd64", os_type="windows"),
)


class ScriptedPreflight:
    """Finds what the test says, everything else in order; hangs at an item until it is stopped, where told to."""

    def __init__(self) -> None:
        self.plans: list[RunPlan] = []
        self.findings: dict[Item, Finding] = {}
        self.hangs_at: Item | None = None
        self.defect: Exception | None = None
        self.stopped = threading.Event()
        self.on_sandbox = True

    def __call__(self, plan: RunPlan, stop: StopSignal, report: Callable[[Finding], object], /) -> None:
        self.plans.append(plan)
        for item in items_of(plan, on_sandbox=self.on_sandbox):
            report(Finding(item, Verdict.RUNNING))
            if self.defect is not None:
                raise self.defect
            if item is self.hangs_at:
                while not stop.wait(1.0):
                    pass
                self.stopped.set()
                return
            report(self.findings.get(item, passed(item, "as it should be")))


@dataclass
class Account:
    """What the services answer, and how often they were asked."""

    pools: tuple[PoolRecord, ...] = POOLS
    images: tuple[ImageInfo, ...] = IMAGES
    error: BatchTuiError | None = None
    calls: list[str] = field(default_factory=list)
    preflight: ScriptedPreflight = field(default_factory=ScriptedPreflight)
    remembered: list[LastChoices] = field(default_factory=list)

    def list_pools(self) -> tuple[PoolRecord, ...]:
        self._called("pools")
        return self.pools

    def list_images(self) -> tuple[ImageInfo, ...]:
        self._called("images")
        return self.images

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.error is not None:
            raise self.error

    def services(self) -> NewRunServices:
        return NewRunServices(
            self.list_pools,
            self.list_images,
            self.preflight,
            on_sandbox=self.preflight.on_sandbox,
            remember_choices=self.remembered.append,
        )


class HeldCalls:
    """A `run_blocking` whose calls wait until the test lets them go."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, function: Callable[[], ResultT], /) -> Awaitable[ResultT]:
        future: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()

        def go() -> None:
            if future.done():
                return
            try:
                future.set_result(function())
            except BatchTuiError as error:
                future.set_exception(error)

        self.waiting.append(go)
        return future

    def release(self) -> None:
        for go in self.waiting:
            go()
        self.waiting.clear()


def draft_with_files(folder: Path, count: int = 3, **changes: object) -> RunDraft:
    """A draft whose inputs are real files of `folder`."""
    files = []
    for index in range(count):
        path = folder / f"taskdata{index + 1}.txt"
        path.write_text("some words\n" * 100 * (index + 1))
        files.append(FileChoice(path.stat().st_size, str(path)))
    draft = new_draft(date(2026, 11, 20), random.Random(5), "/jobs")
    return replace(draft, **{"files": tuple(files), **changes})  # type: ignore[arg-type]  # fields by name


class Shown(Terminal):
    """The screen, and what can be read on it."""

    def __init__(
        self, pilot: Pilot[int], screen: NewRunScreen, account: Account, results: list[RunPlan | None]
    ) -> None:
        super().__init__(pilot)
        self.screen, self.account, self.results = screen, account, results

    @property
    def draft(self) -> RunDraft:
        return self.screen.draft

    async def go(self, step: int) -> None:
        """To a step through the rail, its first field focused."""
        await self.screen.action_go(step)
        await wait_for(self.pilot, lambda: self.focus_is_in(self.screen.pane), f"step {step} has the focus")

    def field(self, option: str) -> FormInput:
        return next(field for field in self.screen.query(FormInput) if field.option == option)

    def focus_is_in(self, widget: Widget) -> bool:
        focused = self.pilot.app.screen.focused
        return focused is not None and widget in focused.ancestors_with_self


@asynccontextmanager
async def shown(
    draft: RunDraft,
    account: Account | None = None,
    *,
    size: tuple[int, int] = COMFORTABLE,
    step: int = 0,
    changes: Mapping[str, object] | None = None,
    is_read_only: bool = False,
) -> AsyncIterator[Shown]:
    """The screen above another one, as Home opens it; `changes` are fields of the application's services."""
    account = account or Account()
    services = replace(new_services(clock=FrozenClock()), **dict(changes or {}))  # type: ignore[arg-type]  # by name
    screen = NewRunScreen(services, account.services(), draft, opening_step=step, is_read_only=is_read_only)
    results: list[RunPlan | None] = []
    app = BatchTui(Screen)
    async with app.run_test(size=size) as pilot:
        app.push_screen(screen, results.append)
        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        yield Shown(pilot, screen, account, results)
