"""The orders and sums of a job's tasks stay true through every kind of change."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tui.sandbox.batch.records import Task, TaskSpec, TaskState
from tui.sandbox.batch.task_book import TaskBook

SPEC = TaskSpec(wire={}, required_slots=2, max_wall_clock=0, retention=0, max_retries=0)
_STATES = st.sampled_from(list(TaskState))


class Books(RuleBasedStateMachine):
    """Random adds, moves and removals against the plainest model: a dictionary."""

    @initialize()
    def start(self) -> None:
        self.book = TaskBook()
        self.model: dict[str, Task] = {}
        self.now = 0

    def _tick(self) -> int:
        self.now += 1
        return self.now

    @rule(name=st.text("abAB19-", min_size=1, max_size=3))
    def add(self, name: str) -> None:
        if name in self.book:
            return
        now = self._tick()
        task = Task("job", name, self.book.take_order(), SPEC, now, now, TaskState.ACTIVE, now)
        self.book.add(task)
        self.model[name.lower()] = task

    @rule(pick=st.randoms(use_true_random=False), state=_STATES, succeeded=st.booleans())
    def move(self, pick: object, state: TaskState, succeeded: bool) -> None:
        if self.model:
            task = self._any(pick)
            self.book.move(task, state, self._tick(), succeeded=succeeded if state == "completed" else None)

    @rule(pick=st.randoms(use_true_random=False))
    def remove(self, pick: object) -> None:
        if self.model:
            task = self._any(pick)
            self.book.remove(task)
            del self.model[task.id.lower()]

    def _any(self, pick: object) -> Task:
        return pick.choice(sorted(self.model.values(), key=lambda task: task.id.lower()))  # type: ignore[attr-defined, no-any-return]

    @invariant()
    def lists_are_complete_and_in_order(self) -> None:
        expected = sorted(self.model)
        assert [task.id.lower() for task in self.book.in_order()] == expected
        for after in expected[:2]:
            assert [task.id.lower() for task in self.book.in_order(after)] == [i for i in expected if i > after]
        assert [task.id.lower() for task in self.book.in_order("b")] == [i for i in expected if i > "b"]

    @invariant()
    def changes_since_any_moment_are_those_tasks(self) -> None:
        for since in (0, self.now // 2, self.now, self.now + 1):
            changed = self.book.changed_since(since, at_most=10**9)
            assert changed is not None
            expected = sorted(key for key, task in self.model.items() if task.state_time >= since)
            assert [task.id.lower() for task in changed] == expected

    @invariant()
    def counts_are_sums(self) -> None:
        states = [task.state for task in self.model.values()]
        counts, slots = self.book.counts, self.book.slot_counts
        assert counts.active == states.count(TaskState.ACTIVE)
        assert counts.running == states.count(TaskState.RUNNING) + states.count(TaskState.PREPARING)
        assert counts.completed == states.count(TaskState.COMPLETED) == counts.succeeded + counts.failed
        assert counts.succeeded == sum(task.succeeded is True for task in self.model.values())
        assert slots.completed == 2 * counts.completed
        assert self.book.unfinished == len(states) - counts.completed


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def _task(name: str, slots: int = 1) -> Task:
    spec = TaskSpec({}, required_slots=slots, max_wall_clock=0, retention=0, max_retries=0)
    return Task("job", name, 1, spec, 1, 1, TaskState.ACTIVE, 1)


def test_the_log_of_changes_stays_small_however_often_tasks_change() -> None:
    book = TaskBook()
    task = _task("a")
    book.add(task)
    for now in range(2, 20_000):
        book.move(task, TaskState.RUNNING, now)
    assert len(book._log_times) < 2_000
    assert book.changed_since(19_999, 10) == [task]


def test_a_delta_that_is_most_of_the_job_is_left_to_a_scan() -> None:
    book = TaskBook()
    for index in range(10):
        task = _task(f"t{index}")
        task.state_time = index
        book.add(task)
    assert book.changed_since(8, at_most=2) is not None
    assert book.changed_since(7, at_most=2) is None


def test_the_queue_is_first_come_first_served_among_those_that_fit() -> None:
    queue = TaskBook().ready
    big, small, tiny = _task("big", 4), _task("small", 2), _task("tiny", 1)
    for task in (big, small, tiny):
        queue.push(task)
    assert queue.pop(2) is small
    queue.discard(tiny)
    assert queue.pop(2) is None
    queue.push(tiny)
    assert queue.pop(4) is big
    assert queue.pop(4) is tiny
    assert not queue
