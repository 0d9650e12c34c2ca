"""Which tasks of a job still wait for others, by id and by ranges of integer ids.

A task is counted down as what it depends on is satisfied, so finding the ones that became free costs no scan.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tui.sandbox.batch.records import Task, key_of


@dataclass(slots=True)
class _Range:
    start: int
    end: int
    missing: int
    task: Task


@dataclass(slots=True)
class Dependencies:
    """The open dependencies of one job's tasks."""

    _satisfied: set[str] = field(default_factory=set)
    _numbers: set[int] = field(default_factory=set)
    _open: dict[Task, int] = field(default_factory=dict)
    _by_key: dict[str, list[Task]] = field(default_factory=dict)
    _ranges: list[_Range] = field(default_factory=list)

    def add(self, task: Task) -> bool:
        """Take in a task that is not completed; true when nothing holds it back."""
        wanted = task.spec.wire.get("dependsOn")
        if not wanted:
            return True
        missing = 0
        for key in {key_of(identifier) for identifier in wanted.get("taskIds", ())} - self._satisfied:
            self._by_key.setdefault(key, []).append(task)
            missing += 1
        for given in wanted.get("taskIdRanges", ()):
            start, end = given["start"], given["end"]
            known = sum(start <= number <= end for number in self._numbers)
            if known < end - start + 1:
                self._ranges.append(_Range(start, end, end - start + 1 - known, task))
                missing += 1
        if missing:
            self._open[task] = missing
        return not missing

    def satisfy(self, task: Task) -> list[Task]:
        """Note that `task` satisfies those that depend on it; the tasks that nothing holds back any more."""
        key = key_of(task.id)
        if key in self._satisfied:
            return []
        self._satisfied.add(key)
        freed = [waiting for waiting in self._by_key.pop(key, ()) if self._count_down(waiting)]
        if key.isascii() and key.isdigit() and int(key) not in self._numbers:
            number = int(key)
            self._numbers.add(number)
            freed += self._close_ranges(number)
        return freed

    def forget(self, task: Task) -> None:
        """The task is completed or gone and waits for nothing."""
        self._open.pop(task, None)

    def _close_ranges(self, number: int) -> list[Task]:
        freed, still_open = [], []
        for item in self._ranges:
            if item.start <= number <= item.end:
                item.missing -= 1
            if item.missing:
                still_open.append(item)
            elif self._count_down(item.task):
                freed.append(item.task)
        self._ranges = still_open
        return freed

    def _count_down(self, task: Task) -> bool:
        left = self._open.get(task)
        if left is None:
            return False
        if left > 1:
            self._open[task] = left - 1
            return False
        del self._open[task]
        return True
