"""The live table at 100,000 rows: CPU of a tick, freeze and memory of loading, beside Textual's DataTable."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable

from tests.perf.figures import Figure, Line, milliseconds
from tui.core.plan import NewPool, PlannedInput, RunPlan
from tui.core.records import TaskRow, TaskState
from tui.core.task_table import is_live, new_task_table
from tui.ui.widgets.virtual_table import VirtualTable

_SIZE = (120, 40)
_TICKS = 15
_NOW_S = 1_795_168_800.0
_MEGABYTE = 1_000_000


def _plan(count: int) -> RunPlan:
    inputs = tuple(PlannedInput(f"input-{index:06}.txt", 4_096, None) for index in range(count))
    return RunPlan("top-words-20261120-abc", "top-words", inputs, NewPool("pool"), 1_800, "/outputs")


def _rows(count: int) -> list[TaskRow]:
    return [
        TaskRow(f"topword-{index:05}", TaskState.ACTIVE, "2026-11-20T10:00:00.0000000Z", node_id=f"tvm-{index % 50}_d")
        for index in range(count)
    ]


def _changed(rows: Sequence[TaskRow], tick: int) -> list[TaskRow]:
    """One row in a hundred ends, another hundredth each tick, the ones on screen among them."""
    return [
        replace(rows[index], state=TaskState.COMPLETED, exit_code=0, succeeded=True, start_time_s=_NOW_S,
                end_time_s=_NOW_S + tick)
        for index in range(tick % 100, len(rows), 100)
    ]  # fmt: skip


class _OneWidget(App[None]):
    def __init__(self, widget: VirtualTable[TaskRow] | DataTable[str]) -> None:
        super().__init__()
        self._widget = widget

    def compose(self) -> ComposeResult:
        yield self._widget


async def _painted(pilot: Pilot[None]) -> None:
    """Until everything that was asked for so far is on screen."""
    done = asyncio.Event()
    pilot.app.screen.call_after_refresh(done.set)
    await done.wait()


async def _cpu_of_ticks(
    pilot: Pilot[None], rows: Sequence[TaskRow], tick: Callable[[Sequence[TaskRow]], None]
) -> float:
    taken = []
    for number in range(_TICKS):
        changed = _changed(rows, number)
        started = time.process_time()
        tick(changed)
        await _painted(pilot)
        taken.append(time.process_time() - started)
    return statistics.median(taken[2:])


async def _own_tick(count: int) -> float:
    rows = _rows(count)
    model = new_task_table(_plan(count), lambda: _NOW_S)
    table = VirtualTable(model, is_live=is_live)
    async with _OneWidget(table).run_test(size=_SIZE) as pilot:
        model.replace(rows)
        table.refresh_rows()
        await _painted(pilot)

        def tick(changed: Sequence[TaskRow]) -> None:
            model.apply(changed)
            table.refresh_rows()

        return await _cpu_of_ticks(pilot, rows, tick)


async def _data_table_tick(count: int) -> float:
    rows = _rows(count)
    model = new_task_table(_plan(count), lambda: _NOW_S)
    columns = model.columns
    table: DataTable[str] = DataTable()
    async with _OneWidget(table).run_test(size=_SIZE) as pilot:
        for column in columns:
            table.add_column(column.key, key=column.key, width=column.width)
        for row in rows:
            table.add_row(*(column.text(row) for column in columns), key=row.id)
        await _painted(pilot)

        def tick(changed: Sequence[TaskRow]) -> None:
            for row in changed:
                for column in columns:
                    table.update_cell(row.id, column.key, column.text(row))

        return await _cpu_of_ticks(pilot, rows, tick)


async def _load(count: int) -> tuple[float, float]:
    """The longest time the event loop stood still, in seconds, and the memory it took, in bytes."""
    rows, plan = _rows(count), _plan(count)
    model = new_task_table(plan, lambda: _NOW_S)
    table = VirtualTable(model, is_live=is_live)
    async with _OneWidget(table).run_test(size=_SIZE) as pilot:
        await _painted(pilot)
        gc.collect()
        before = resident_bytes()
        gaps: list[float] = []
        watch = asyncio.create_task(_watch_gaps(gaps))
        await asyncio.sleep(0)
        model.replace(rows)
        table.refresh_rows()
        await _painted(pilot)
        await asyncio.sleep(0)
        watch.cancel()
        return max(gaps), resident_bytes() - before


async def _watch_gaps(gaps: list[float]) -> None:
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now


def resident_bytes() -> float:
    statistics_file = Path("/proc/self/statm")
    if statistics_file.exists():
        return int(statistics_file.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _median_of(measure: Callable[[int], Awaitable[float]], count: int, times: int = 3) -> float:
    async def once() -> float:
        return await measure(count)

    return statistics.median(asyncio.run(once()) for _ in range(times))


def figures() -> Iterable[Line]:
    """Ticks of 1 % changed rows, and loading."""
    frozen_s, grown_bytes = asyncio.run(_load(100_000))
    small = _median_of(_own_tick, 1_000)
    large = _median_of(_own_tick, 100_000)
    theirs = _median_of(_data_table_tick, 10_000, times=1)
    note = f"{milliseconds(large)} / {milliseconds(small)}"
    yield Figure("tick at 100,000 rows / at 1,000 rows", large / small, 4, note=note)
    note = f"{milliseconds(large)} / {milliseconds(theirs)}"
    yield Figure("tick at 100,000 rows / DataTable at 10,000", large / theirs, 1 / 8, note=note)
    yield Figure("loading 100,000 rows: interface frozen", frozen_s * 1_000, 150, unit="ms")
    yield Figure("loading 100,000 rows: memory", grown_bytes / _MEGABYTE, 60, unit="MB")
