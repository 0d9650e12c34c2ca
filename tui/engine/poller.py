"""Keeps a job's tasks, its pool and nodes up to date: one poll at a time, each telling only what really changed.

A tick lists the tasks that changed since the watermark and merges them by id. A full list at the start and at a slow
rhythm heals what lists of changes may miss; how far it has come is told, but it is taken in whole or not at all. One
thread runs all of it, so no two lists are ever under way. Trouble with the service is told and polling goes on; whoever
watches decides whether to give up. Only refused access ends it: asking again would be refused again, and a person has
to mend it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tui.core.errors import AccessRefused, ServiceError, Throttled
from tui.core.events import CountsChanged, PollReport, PoolChanged, TasksChanged
from tui.core.ports import BatchPort, ClockPort, Publish, StopSignal
from tui.core.records import JobRecord, NodeRecord, PoolRecord, TaskCounts, TaskRow
from tui.core.redaction import redact
from tui.engine.cadence import Cadence, RequestRate
from tui.engine.listing import ListingLeft, told
from tui.engine.retrying import asked_pause_s
from tui.engine.task_book import TaskBook

FULL_LIST_EVERY_S = 300.0
SURROUNDINGS_EVERY_S = 5.0
"""How often pool, nodes, job and counts are read while they are settled; while they are not, with every poll."""

_CONTROL_CHECK_S = 0.2
"""How long a wait overlooks `refresh_now` and `resume`."""
_NEVER = threading.Event()


class PollControl:
    """What the outside may ask of a running poller, from any thread."""

    def __init__(self) -> None:
        self._is_paused = threading.Event()
        self._refresh = threading.Event()

    @property
    def is_paused(self) -> bool:
        return self._is_paused.is_set()

    def pause(self) -> None:
        self._is_paused.set()

    def resume(self) -> None:
        """Polls at once."""
        self._is_paused.clear()
        self._refresh.set()

    def refresh_now(self) -> None:
        """One poll with a full list as soon as none is under way, also while paused."""
        self._refresh.set()

    def takes_refresh(self) -> bool:
        """Whether a refresh was asked for since the last time this was asked."""
        if not self._refresh.is_set():
            return False  # not cleared: it may be asked for at this very moment
        self._refresh.clear()
        return True


@dataclass(slots=True)
class PollView:
    """What the poller knows; for its own thread."""

    rows: Mapping[str, TaskRow] = field(default_factory=dict)
    counts: TaskCounts = field(default_factory=TaskCounts)
    """Of the rows, not the service's own."""
    pool: PoolRecord | None = None
    nodes: tuple[NodeRecord, ...] = ()
    job: JobRecord | None = None
    has_read_surroundings: bool = False
    full_lists: int = 0
    is_full: bool = False
    """Whether the newest list was a full one."""
    trouble: ServiceError | None = None
    """Why the newest poll failed, if it did."""
    failing_since_s: float | None = None
    """On the monotonic clock, while polls fail."""


class Poller:
    """Watches one job and its pool."""

    def __init__(
        self, batch: BatchPort, clock: ClockPort, job_id: str, pool_id: str, control: PollControl | None = None
    ) -> None:
        self.control = control or PollControl()
        self.view = PollView()
        self._batch = batch
        self._clock = clock
        self._job_id = job_id
        self._pool_id = pool_id
        self._book = TaskBook()
        self._cadence = Cadence()
        self._rate = RequestRate()
        self._listed_s = clock.now_s()
        """When the newest list was asked for."""
        self._full_list_s = float("-inf")
        self._surroundings_s = float("-inf")
        self._counts: TaskCounts | None = None
        self._wants_full_list = True

    def want_full_list(self) -> None:
        """Makes the next poll a full one."""
        self._wants_full_list = True

    def run(self, stop: StopSignal, publish: Publish, is_over: Callable[[PollView], bool] | None = None) -> None:
        """Polls until `stop`, or until `is_over` says so after a poll. Raises AccessRefused, and no other trouble."""
        while not stop.is_set():
            try:
                pause_s = self.poll(publish, stop)
            except ListingLeft:
                return
            if isinstance(self.view.trouble, AccessRefused):
                raise self.view.trouble
            if is_over is not None and is_over(self.view):
                return
            self._wait(stop, 0.0 if self._wants_full_list and self.view.trouble is None else pause_s)

    def poll(self, publish: Publish, stop: StopSignal = _NEVER) -> float:
        """One poll; gives the pause that should follow it, in seconds. ListingLeft where `stop` is set in its midst."""
        view, began_s = self.view, self._clock.monotonic_s()
        self._rate.sample(began_s, self._batch.request_count)
        try:
            changed = self._read_surroundings(publish, began_s)
            changed |= self._read_tasks(publish, began_s, stop)
        except ServiceError as problem:
            view.trouble = problem
            view.failing_since_s = began_s if view.failing_since_s is None else view.failing_since_s
            pause_s = self._cadence.after_trouble(asked_pause_s(problem))
        else:
            view.trouble = view.failing_since_s = None
            # After a long full list the changes since its first page are due.
            took_s = 0.0 if view.is_full else self._clock.monotonic_s() - began_s
            pause_s = self._cadence.after_success(changed=changed, took_s=took_s)
        self._report(publish, pause_s)
        return pause_s

    def _report(self, publish: Publish, pause_s: float) -> None:
        trouble, now_s = self.view.trouble, self._clock.now_s()
        publish(
            PollReport(
                at_s=now_s,
                succeeded=trouble is None,
                requests_per_minute=self._rate.sample(self._clock.monotonic_s(), self._batch.request_count),
                next_in_s=pause_s,
                trouble=redact(str(trouble)) if trouble is not None else "",
                throttled_until_s=now_s + pause_s if isinstance(trouble, Throttled) else None,
                as_of_s=self._listed_s if trouble is None else None,
            )
        )

    def _read_tasks(self, publish: Publish, began_s: float, stop: StopSignal) -> bool:
        self._listed_s = self._clock.now_s()
        since = self._book.changed_since
        is_first = self.view.full_lists == 0
        is_full = self._wants_full_list or since is None or began_s - self._full_list_s >= FULL_LIST_EVERY_S
        if is_full:
            pages = self._batch.list_tasks(self._job_id)
            change = self._book.replace(told(pages, self._clock, publish, stop, is_first=is_first))
            self._full_list_s, self._wants_full_list = began_s, False
            self.view.full_lists += 1
        else:
            change = self._book.merge(self._batch.list_tasks(self._job_id, since))
        self.view.rows, self.view.counts, self.view.is_full = self._book.rows, self._book.counts, is_full
        replaces = is_full and (is_first or change.has_lost_rows)
        if change.rows or replaces:
            rows = tuple(self._book.rows.values()) if replaces else change.rows
            publish(TasksChanged(rows, replaces, self._listed_s, change.server_time_s))
        return bool(change.rows) or change.has_lost_rows

    def _read_surroundings(self, publish: Publish, began_s: float) -> bool:
        if self._is_settled() and began_s - self._surroundings_s < SURROUNDINGS_EVERY_S:
            return False
        view = self.view
        before = (view.pool, view.nodes, self._counts)
        self._counts = self._batch.count_tasks(self._job_id)
        view.job = self._batch.get_job(self._job_id)
        view.pool = self._batch.get_pool(self._pool_id)
        view.nodes = self._batch.list_nodes(self._pool_id) if view.pool is not None else ()
        self._surroundings_s, view.has_read_surroundings = began_s, True
        publish(CountsChanged(self._counts, self._clock.now_s()))
        publish(PoolChanged(view.pool, view.nodes, self._clock.now_s()))
        return before != (view.pool, view.nodes, self._counts)

    def _is_settled(self) -> bool:
        pool, nodes = self.view.pool, self.view.nodes
        return pool is not None and pool.is_steady and all(node.takes_tasks or node.is_broken for node in nodes)

    def _wait(self, stop: StopSignal, pause_s: float) -> None:
        until_s = self._clock.monotonic_s() + pause_s
        while not stop.is_set():
            if self.control.takes_refresh():
                self._wants_full_list = True
                return
            left_s = until_s - self._clock.monotonic_s()
            if left_s <= 0 and not self.control.is_paused:
                return
            self._clock.wait(stop, _CONTROL_CHECK_S if left_s <= 0 else min(left_s, _CONTROL_CHECK_S))
