"""A full list on its way: its pages are handed on as they come, and now and then it is told how far it is.

What is told is a part. It serves to look at; whoever takes in the list takes it in whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.core.events import TasksArriving
from tui.core.ports import ClockPort, Publish, StopSignal
from tui.core.records import TaskPage, TaskRow

TOLD_EVERY_S = 0.5
"""One message for all pages of that time: pages may come a hundred in a second, or one."""
LONG_LIST_S = 2.0
"""A list whose tasks are known already is spoken of once it takes so long."""


class ListingLeft(Exception):
    """Nobody waits for the list any more; nothing of it may be taken in."""


def told(
    pages: Iterable[TaskPage], clock: ClockPort, publish: Publish, stop: StopSignal, *, is_first: bool
) -> Iterator[TaskPage]:
    """The pages; a first list is told with its rows, another one only by its length. ListingLeft once `stop` is set."""
    silent_until_s = clock.monotonic_s() + (TOLD_EVERY_S if is_first else LONG_LIST_S)
    listed, rows = 0, list[TaskRow]()
    for page in pages:
        if stop.is_set():
            raise ListingLeft
        yield page
        listed += len(page.rows)
        if is_first:
            rows += page.rows
        if (now_s := clock.monotonic_s()) >= silent_until_s:
            publish(TasksArriving(tuple(rows), listed, clock.now_s()))
            silent_until_s = now_s + TOLD_EVERY_S
            rows.clear()
