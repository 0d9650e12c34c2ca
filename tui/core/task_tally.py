"""Counts and durations of a run's tasks, kept up by what changed: at 100,000 tasks nothing is counted twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

from tui.core.records import TaskCounts, TaskRow, TaskStatus
from tui.core.task_table import duration_s, is_live

DURATIONS_KEPT = 1_000
"""The latest durations tell how long the next tasks take; more would only slow the estimate down."""
SLICE_ROWS = 10_000
"""Rows counted at a time: some 10 ms, so that whoever shows the counts can paint in between."""


class TaskTally:
    """Invariant: `counts` equals `run_view.count_rows` of the latest row of every task."""

    def __init__(self) -> None:
        self._statuses: dict[str, TaskStatus] = {}
        self._numbers = dict.fromkeys(TaskStatus, 0)
        self.running: dict[str, TaskRow] = {}
        """Tasks whose duration grows, by id."""
        self.durations: deque[float] = deque(maxlen=DURATIONS_KEPT)
        """Seconds that tasks took which ended while we looked, or lately; successes and failures alike."""

    def apply(self, rows: Iterable[TaskRow]) -> None:
        """Merges rows by id."""
        numbers, statuses = self._numbers, self._statuses
        for row in rows:
            status, before = row.status, statuses.get(row.id)
            if is_live(row):
                self.running[row.id] = row
            elif before is not None:
                self.running.pop(row.id, None)
            if status is before:
                continue
            statuses[row.id] = status
            numbers[status] += 1
            if before is not None:
                numbers[before] -= 1
            if status.is_over and (took_s := duration_s(row, 0.0)) is not None:
                self.durations.append(took_s)

    def replace(self, rows: Iterable[TaskRow]) -> None:
        """The full list."""
        fresh = {row.id: row for row in rows}
        self._statuses = {row_id: row.status for row_id, row in fresh.items()}
        statuses = list(self._statuses.values())
        self._numbers = {status: statuses.count(status) for status in TaskStatus}
        self.running = {row_id: row for row_id, row in fresh.items() if is_live(row)}
        ended = (row for row in reversed(fresh.values()) if row.end_time_s is not None and row.status.is_over)
        took = (duration_s(row, 0.0) for row in islice(ended, DURATIONS_KEPT))
        self.durations.clear()
        self.durations.extendleft(seconds for seconds in took if seconds is not None)

    @property
    def counts(self) -> TaskCounts:
        """A task being prepared counts as running."""
        numbers = self._numbers
        return TaskCounts(
            active=numbers[TaskStatus.ACTIVE],
            running=numbers[TaskStatus.RUNNING] + numbers[TaskStatus.PREPARING],
            succeeded=numbers[TaskStatus.SUCCEEDED],
            failed=numbers[TaskStatus.FAILED],
        )


class SlicedTally:
    """A tally that takes long lists slice by slice.

    Invariant: a full list is counted in `tally` whole or not at all; until it is, `tally` is the one before.
    """

    def __init__(self) -> None:
        self.tally = TaskTally()
        self._counting = self.tally
        self._waiting: deque[tuple[Sequence[TaskRow], int]] = deque()

    @property
    def is_behind(self) -> bool:
        """Whether `work` has something left to do."""
        return bool(self._waiting)

    def put(self, rows: Sequence[TaskRow], *, is_full: bool) -> None:
        """Takes a list; what fits a slice is counted at once."""
        if is_full:
            self._waiting.clear()
            self._counting = TaskTally()
        self._waiting.append((rows, 0))
        self.work()

    def work(self) -> None:
        """Counts one slice."""
        if self._waiting:
            rows, start = self._waiting.popleft()
            self._counting.apply(rows[start : start + SLICE_ROWS])
            if start + SLICE_ROWS < len(rows):
                self._waiting.appendleft((rows, start + SLICE_ROWS))
        if not self._waiting:
            self.tally = self._counting
