"""Rows of tasks on their way into the table and the counts, slice by slice where they are many.

Invariant: the counts are of whole lists. A part of a first list goes into the table, and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from tui.core.events import TasksArriving, TasksChanged
from tui.core.records import TaskRow
from tui.core.task_tally import SLICE_ROWS, SlicedTally
from tui.ui import collector
from tui.ui.widgets.task_list import TaskList


class RowIntake:
    """Feeds one table and the counts beside it; who owns it shows them."""

    def __init__(self, tasks: TaskList, counted: SlicedTally) -> None:
        self._list = tasks
        self._counted = counted
        self._arriving: deque[Sequence[TaskRow]] = deque()

    @property
    def is_behind(self) -> bool:
        """Whether `catch_up` has something left to do."""
        return bool(self._arriving) or self._counted.is_behind

    def take(self, event: TasksChanged) -> None:
        """A first list goes into the table slice by slice, and what comes meanwhile after it."""
        if event.is_full:
            self._list.listing.end(is_whole=True)
        if event.is_full and not self._list.model.total:
            self._queue(event.rows)
        elif event.is_full:
            self._arriving.clear()
            self._list.replace(event.rows)
        elif self._arriving:
            self._arriving.append(event.rows)
        else:
            self._list.apply(event.rows)
        self._counted.put(event.rows, is_full=event.is_full)

    def take_part(self, event: TasksArriving, *, is_first: bool) -> None:
        """`is_first` while no list was whole yet; later, what is there stays until the whole list comes."""
        self._list.listing.go_on(event.listed, is_first=is_first)
        if is_first:
            self._queue(event.rows)

    async def catch_up(self) -> None:
        """One slice at a time, with whatever else there is to do in between."""
        while self.is_behind:
            await asyncio.sleep(0)
            self._take_slice()
            await asyncio.sleep(0)
            self._counted.work()
        collector.settle()

    def _queue(self, rows: Sequence[TaskRow]) -> None:
        self._arriving.extend(rows[start : start + SLICE_ROWS] for start in range(0, len(rows), SLICE_ROWS))
        self._take_slice()

    def _take_slice(self) -> None:
        if self._arriving:
            self._list.apply(self._arriving.popleft())
