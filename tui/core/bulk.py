"""What became of an action on many tasks, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """Done, or the reason why not."""

    task_id: str
    problem: str = ""
    note: str = ""
    """Of one that is done: what was found in place of what was to be done, such as `was over already`."""


@dataclass(slots=True)
class BulkProgress:
    """Invariant: every task is done, failed or left, and in exactly one of them."""

    left: dict[str, None]
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """Reasons by task id."""
    notes: Counter[str] = field(default_factory=Counter)
    """How many of those done have which note."""

    @classmethod
    def of(cls, task_ids: Iterable[str]) -> BulkProgress:
        return cls(dict.fromkeys(task_ids))

    def take(self, outcome: TaskOutcome) -> None:
        """Of a task that is left; anything else is told twice and changes nothing."""
        if outcome.task_id not in self.left:
            return
        del self.left[outcome.task_id]
        if outcome.problem:
            self.failed[outcome.task_id] = outcome.problem
            return
        self.done.append(outcome.task_id)
        if outcome.note:
            self.notes[outcome.note] += 1

    def again(self) -> BulkProgress:
        """What was done stays so, what failed is left once more."""
        return BulkProgress(dict.fromkeys([*self.failed, *self.left]), list(self.done), {}, Counter(self.notes))

    @property
    def total(self) -> int:
        return len(self.left) + len(self.done) + len(self.failed)
