"""The tasks of one job: by id, by time of their last change, counted, and queued for nodes.

Built for jobs of a million tasks: a delta list costs what changed, a page costs its rows, counts cost nothing, the next
task to run is found without a scan. Every change of state goes through `move`, which keeps all of it true.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tui.sandbox.batch.dependencies import Dependencies
from tui.sandbox.batch.records import Task, TaskState, key_of

_COMPACT_AFTER = 1024
"""Stale entries of the transition log that are always tolerated before it is rebuilt."""


@dataclass(slots=True)
class TaskCounts:
    """Tasks, or slots, by what became of them; `running` includes preparing."""

    active: int = 0
    running: int = 0
    completed: int = 0
    succeeded: int = 0
    failed: int = 0

    def add(self, task: Task, amount: int) -> None:
        if task.state is TaskState.ACTIVE:
            self.active += amount
        elif task.state is TaskState.COMPLETED:
            self.completed += amount
            if task.succeeded:
                self.succeeded += amount
            else:
                self.failed += amount
        else:
            self.running += amount


class TaskBook:
    """All tasks of a job, with the orders and sums that make every question about them cheap."""

    def __init__(self) -> None:
        self._by_key: dict[str, Task] = {}
        self._sorted: list[Task] = []
        self._is_sorted = True
        self._log_times: list[int] = []
        self._log_tasks: list[Task] = []
        self._next_order = 0
        self.counts = TaskCounts()
        self.slot_counts = TaskCounts()
        self.ready = ReadyQueue()
        self.dependencies = Dependencies()

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._by_key.values())

    def __contains__(self, identifier: str) -> bool:
        return key_of(identifier) in self._by_key

    def get(self, identifier: str) -> Task | None:
        return self._by_key.get(key_of(identifier))

    @property
    def unfinished(self) -> int:
        return len(self._by_key) - self.counts.completed

    def take_order(self) -> int:
        self._next_order += 1
        return self._next_order

    def add(self, task: Task) -> None:
        """Take in a new or a stored task."""
        self._by_key[key_of(task.id)] = task
        if self._is_sorted and not (self._sorted and _sort_key(self._sorted[-1]) > key_of(task.id)):
            self._sorted.append(task)
        else:
            self._is_sorted = False
        self._next_order = max(self._next_order, task.order)
        self.counts.add(task, 1)
        self.slot_counts.add(task, task.spec.required_slots)
        self._log(task)

    def remove(self, task: Task) -> None:
        del self._by_key[key_of(task.id)]
        self._is_sorted = False
        self.ready.discard(task)
        self.dependencies.forget(task)
        self.counts.add(task, -1)
        self.slot_counts.add(task, -task.spec.required_slots)
        task.state_time = -1

    def move(self, task: Task, state: TaskState, now: int, *, succeeded: bool | None = None) -> None:
        """Change a task's state. `now` is later than every change before it."""
        self.counts.add(task, -1)
        self.slot_counts.add(task, -task.spec.required_slots)
        task.previous_state, task.previous_state_time = task.state, task.state_time
        task.state, task.state_time, task.succeeded = state, now, succeeded
        self.counts.add(task, 1)
        self.slot_counts.add(task, task.spec.required_slots)
        self._log(task)

    def _log(self, task: Task) -> None:
        if self._log_times and task.state_time < self._log_times[-1]:
            at = bisect_left(self._log_times, task.state_time)
            self._log_times.insert(at, task.state_time)
            self._log_tasks.insert(at, task)
        else:
            self._log_times.append(task.state_time)
            self._log_tasks.append(task)
        if len(self._log_times) > 2 * len(self._by_key) + _COMPACT_AFTER:
            live = [
                (at, entry)
                for at, entry in zip(self._log_times, self._log_tasks, strict=True)
                if entry.state_time == at
            ]
            self._log_times = [at for at, _ in live]
            self._log_tasks = [entry for _, entry in live]

    def changed_since(self, ticks: int, at_most: int) -> list[Task] | None:
        """Tasks whose last change is not before `ticks`, by id; None when more than `at_most` entries say so."""
        start = bisect_left(self._log_times, ticks)
        if len(self._log_times) - start > at_most:
            return None
        found = [
            task
            for at, task in zip(self._log_times[start:], self._log_tasks[start:], strict=True)
            if task.state_time == at
        ]
        return sorted(found, key=_sort_key)

    def in_order(self, after: str | None = None) -> Iterator[Task]:
        """Tasks by id, those behind the id `after` alone where it is given."""
        if not self._is_sorted:
            self._sorted = sorted(self._by_key.values(), key=_sort_key)
            self._is_sorted = True
        start = 0
        if after is not None:
            start = bisect_left(self._sorted, key_of(after), key=_sort_key)
            if start < len(self._sorted) and _sort_key(self._sorted[start]) == key_of(after):
                start += 1
        ordered = self._sorted
        return (ordered[index] for index in range(start, len(ordered)))


def _sort_key(task: Task) -> str:
    return key_of(task.id)


class ReadyQueue:
    """Active tasks that may run, first come first served among those that fit.

    Entries of tasks that were terminated, deleted or sent off meanwhile are skipped when they come up.
    """

    def __init__(self) -> None:
        self._by_slots: dict[int, deque[tuple[int, Task]]] = {}
        self._turn = 0
        self._queued: dict[Task, int] = {}

    def __len__(self) -> int:
        return len(self._queued)

    def push(self, task: Task) -> None:
        self._turn += 1
        self._queued[task] = self._turn
        self._by_slots.setdefault(task.spec.required_slots, deque()).append((self._turn, task))

    def discard(self, task: Task) -> None:
        self._queued.pop(task, None)

    def pop(self, free_slots: int) -> Task | None:
        """The task that waits longest among those that need no more than `free_slots`."""
        heads = [
            (queue[0][0], slots) for slots in self._by_slots if slots <= free_slots and (queue := self._live(slots))
        ]
        if not heads:
            return None
        _, slots = min(heads)
        _, task = self._by_slots[slots].popleft()
        del self._queued[task]
        return task

    def _live(self, slots: int) -> deque[tuple[int, Task]]:
        queue = self._by_slots[slots]
        while queue and self._queued.get(queue[0][1]) != queue[0][0]:
            queue.popleft()
        return queue
