"""The whole program on a job of 100,000 tasks of which 1 % change each second, beside an idle job of 100 tasks.

Keys are timed inside the app: from the key event to the paint it leads to, with the poller at work in the same process.
When the churn stops, what the table shows is compared with what the service lists.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from textual import events
from textual.pilot import Pilot

from tests.perf.bench import Bench, bench
from tests.perf.figures import Figure, Line
from tests.perf.table import resident_bytes
from tui.commands.log_reading import ServiceLogReader
from tui.commands.shown_runs import ShownSession
from tui.core.plan import ExistingPool, PlannedInput, RunPlan
from tui.core.records import TaskRow
from tui.engine.clock import SystemClock
from tui.engine.poller import Poller
from tui.engine.session import RunSession
from tui.sandbox import admin
from tui.ui import collector
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen
from tui.ui.services import AccountLabel, AppServices

_SIZE = (120, 40)
_TASKS = 100_000
_IDLE_TASKS = 100
_KEYS = ("down", "down", "down", "up", "pagedown", "pageup", "end", "home")
_PRESSES = 400
_BETWEEN_KEYS_S = 0.05
_SETTLE_S = 5.0
_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class _Measured:
    p50_s: float
    p99_s: float
    worst_s: float
    cpu: float
    """Of one core, while keys were pressed."""
    grown_bytes: float
    differs: int
    """Tasks that are shown otherwise than listed once the churn has stopped."""


def _plan(job_id: str, tasks: int) -> RunPlan:
    inputs = tuple(PlannedInput(f"input-{index:06}.txt", 4_096, None) for index in range(tasks))
    return RunPlan(job_id, "top-words", inputs, ExistingPool(f"{job_id}-pool"), 36_000, "/outputs", "sandbox")


async def _measure(place: Bench, job_id: str, tasks: int, *, stops: bool) -> _Measured:
    plan, clock = _plan(job_id, tasks), SystemClock()
    session = RunSession.watching(Poller(place.batch, clock, plan.job_id, plan.pool.id))
    services = AppServices(
        account=AccountLabel("sandbox", place.account.batch_endpoint),
        clock=clock,
        start_run=lambda _: ShownSession(session),
        log_reader=partial(ServiceLogReader, place.batch, place.storage),
    )
    screen = RunScreen(services, plan, ShownSession(session))
    collector.tame()
    async with BatchTui(lambda: screen).run_test(size=_SIZE) as pilot:
        model = screen.tasks
        await _until(lambda: model.total == tasks)
        await asyncio.sleep(_SETTLE_S)
        gc.collect()
        before, cpu_s, began_s = resident_bytes(), time.process_time(), time.perf_counter()
        taken = []
        for number in range(_PRESSES):
            await asyncio.sleep(_BETWEEN_KEYS_S)
            taken.append(await _press(pilot, _KEYS[number % len(_KEYS)]))
        cpu = (time.process_time() - cpu_s) / (time.perf_counter() - began_s)
        grown = resident_bytes() - before
        differs = await _differences(place, job_id, screen) if stops else 0
        session.stop()
    session.wait(_LIMIT_S)
    taken.sort()
    return _Measured(statistics.median(taken), taken[int(len(taken) * 0.99)], taken[-1], cpu, grown, differs)


async def _press(pilot: Pilot[int], key: str) -> float:
    """Seconds from the key to the paint."""
    painted = asyncio.Event()
    started = time.perf_counter()
    pilot.app.post_message(events.Key(key, None))
    pilot.app.call_later(pilot.app.screen.call_after_refresh, painted.set)
    await painted.wait()
    return time.perf_counter() - started


async def _until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.perf_counter() + _LIMIT_S
    while not is_so():
        if time.perf_counter() > deadline_s:
            raise AssertionError("the program never came to show what it should")
        await asyncio.sleep(0.05)


async def _differences(place: Bench, job_id: str, screen: RunScreen) -> int:
    """After the job was ended: how many tasks the table shows otherwise than the service lists, at best."""
    place.batch.terminate_job(job_id, "measured")
    deadline_s = time.perf_counter() + _LIMIT_S
    while True:
        await asyncio.sleep(_SETTLE_S)
        listed = await asyncio.to_thread(lambda: _listed(place, job_id))
        shown = {row.id: row for row in screen.tasks.rows}
        differs = sum(shown.get(task_id) != row for task_id, row in listed.items()) + len(shown.keys() - listed.keys())
        if not differs or time.perf_counter() > deadline_s:
            return differs


def _listed(place: Bench, job_id: str) -> dict[str, TaskRow]:
    return {row.id: row for page in place.batch.list_tasks(job_id) for row in page.rows}


def figures() -> Iterable[Line]:
    """Key to paint at the 99th percentile, and what goes with it."""
    with bench() as place:
        admin.seed(place.folder / "sandbox", {"job": "idle", "tasks": _IDLE_TASKS, "churn": 0.0, "nodes": 2})
        idle = asyncio.run(_measure(place, "idle", _IDLE_TASKS, stops=False))
        admin.seed(place.folder / "sandbox", {"job": "busy", "tasks": _TASKS, "churn": 0.01, "endless": True})
        busy = asyncio.run(_measure(place, "busy", _TASKS, stops=True))
    times = " / ".join(
        f"p50 {one.p50_s * 1_000:.0f} p99 {one.p99_s * 1_000:.0f} worst {one.worst_s * 1_000:.0f} ms, CPU {one.cpu:.0%}"
        for one in (busy, idle)
    )
    yield Figure("key to paint, p99: 100,000 busy / 100 idle tasks", busy.p99_s / idle.p99_s, 2, note=times)
    yield Figure("memory grown while keys were pressed", busy.grown_bytes / 1e6, 20, "MB")
    yield Figure("tasks shown otherwise than listed at the end", busy.differs, 0, "")
