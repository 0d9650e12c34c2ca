"""How a task moves: active, preparing, running, completed, and back to active by retry, requeue or reactivation.

Every way keeps the ready queue, the dependencies and the execution record in step with the state.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.sandbox.batch.records import Job, Node, Task, TaskSpec, TaskState, Wire
from tui.sandbox.batch.state import BatchState
from tui.sandbox.nodes.records import Failure

ENDED_BY_USER = Failure("UserError", "TaskEnded", "Task Was Ended by User Request")
_UPLOAD_PREFIX = "FileUpload"
_NO_OPTIONS: Wire = {}


class TaskLife:
    """The transitions. `completed` is told of every task that reached its end."""

    def __init__(self, state: BatchState, completed: Callable[[Job, Task], None]) -> None:
        self._state = state
        self._completed = completed

    def add(self, job: Job, identifier: str, spec: TaskSpec) -> Task:
        """A new task, queued unless it waits for others."""
        now = self._state.clock.tick()
        task = Task(
            job_id=job.id,
            id=identifier,
            order=job.tasks.take_order(),
            spec=spec,
            created=now,
            modified=now,
            state=TaskState.ACTIVE,
            state_time=now,
        )
        self._state.add_task(job, task)
        if job.tasks.dependencies.add(task):
            job.tasks.ready.push(task)
        return task

    def begin(self, job: Job, task: Task, node: Node, state: TaskState) -> None:
        """The task is on a node, preparing or running."""
        task.pool_id, task.node_id = node.pool_id, node.id
        now = self._state.move_task(job, task, state)
        if state is TaskState.RUNNING:
            task.start_time = now

    def wait_again(self, job: Job, task: Task) -> None:
        """The node could not be prepared for the job: the task waits for another one."""
        self._queue(job, task)

    def retry(self, job: Job, task: Task) -> None:
        task.retry_count += 1
        self._queue(job, task)
        task.last_retry_time = task.state_time

    def requeue(self, job: Job, task: Task) -> None:
        """The task lost its node through no fault of its own and will run again from the start."""
        task.requeue_count += 1
        self._queue(job, task)
        task.node_id = None
        task.last_requeue_time = task.state_time

    def reactivate(self, job: Job, task: Task) -> None:
        task.retry_count = 0
        task.last_retry_time = None
        self._queue(job, task)
        task.node_id = None
        task.modified = task.state_time

    def _queue(self, job: Job, task: Task) -> None:
        self._state.move_task(job, task, TaskState.ACTIVE)
        task.forget_execution()
        job.tasks.ready.push(task)

    def complete(self, job: Job, task: Task, exit_code: int | None, failure: Failure | None) -> None:
        succeeded = exit_code == 0 and failure is None
        job.tasks.ready.discard(task)
        job.tasks.dependencies.forget(task)
        task.end_time = self._state.move_task(job, task, TaskState.COMPLETED, succeeded=succeeded)
        task.exit_code, task.failure = exit_code, failure
        if job.spec.uses_task_dependencies and self.satisfies(task):
            for freed in job.tasks.dependencies.satisfy(task):
                job.tasks.ready.push(freed)
        self._completed(job, task)

    def end_waiting(self, job: Job, task: Task) -> None:
        """Terminate a task no node works on."""
        task.node_id = None
        self.complete(job, task, None, ENDED_BY_USER)

    @staticmethod
    def satisfies(task: Task) -> bool:
        """Whether tasks that depend on this completed one may run."""
        default = "satisfy" if task.succeeded else "block"
        return bool(exit_options(task).get("dependencyAction", default) == "satisfy")


def exit_options(task: Task) -> Wire:
    """What the task's exit conditions say about how it ended; an exit code's rule outweighs a failed upload's."""
    conditions = task.spec.wire.get("exitConditions")
    if not conditions:
        return _NO_OPTIONS
    if task.exit_code is None:
        return _options(conditions, "preProcessingError")
    for entry in conditions.get("exitCodes", ()):
        if entry["code"] == task.exit_code:
            return dict(entry["exitOptions"])
    for entry in conditions.get("exitCodeRanges", ()):
        if entry["start"] <= task.exit_code <= entry["end"]:
            return dict(entry["exitOptions"])
    if task.failure is not None and task.failure.code.startswith(_UPLOAD_PREFIX):
        return _options(conditions, "fileUploadError")
    return _options(conditions, "default")


def _options(conditions: Wire, name: str) -> Wire:
    return dict(conditions.get(name) or conditions.get("default") or _NO_OPTIONS)
