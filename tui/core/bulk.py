"""What became of an action on many tasks, one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """Done, or the reason why not."""

    task_id: str
    problem: str = ""


@dataclass(slots=True)
class BulkProgress:
    """Invariant: every task is done, failed or left, and in exactly one of them."""

    left: dict[str, None]
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """Reasons by task id."""

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
        else:
            self.done.append(outcome.task_id)

    def again(self) -> BulkProgress:
        """The same for what was not done."""
        return BulkProgress.of([*self.failed, *self.left])

    @property
    def total(self) -> int:
        return len(self.left) + len(self.done) + len(self.failed)
