"""One attempt of a task on a node: prepare the node for the job, run the launch, decide what the outcome means.

Slots are taken when an attempt starts and freed when its `run` has returned, never earlier: whatever happened to the
task meanwhile, a node never runs more than it has slots for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from uuid import uuid4

from tui.sandbox import folders
from tui.sandbox.batch.background import Background
from tui.sandbox.batch.launches import Launches
from tui.sandbox.batch.node_tasks import NodeTasks, failure_of
from tui.sandbox.batch.ports import AgentLost
from tui.sandbox.batch.records import Job, Node, Task, TaskState
from tui.sandbox.batch.state import BatchState
from tui.sandbox.batch.task_life import ENDED_BY_USER, TaskLife
from tui.sandbox.batch.wire_task import task_root
from tui.sandbox.nodes.records import TaskOutcome


class Ending(Enum):
    """Why the service ends an attempt."""

    TERMINATED = auto()
    REQUEUED = auto()
    DISOWNED = auto()
    """Its task is deleted: only slots and files are left to clear."""


@dataclass(slots=True, eq=False)
class Attempt:
    job: Job
    task: Task
    node: Node
    key: str
    slots: int
    keeps_working_directory: bool
    is_launched: bool = False
    preparing: asyncio.Task[bool] | None = None
    """The wait for the job's preparation task on the node."""
    ending: Ending | None = None
    runner: asyncio.Task[None] | None = None


class Attempts:
    """Starts and ends attempts. `freed` is told of every node that got slots back, `lost` of nodes without agent."""

    def __init__(
        self,
        state: BatchState,
        life: TaskLife,
        launches: Launches,
        node_tasks: NodeTasks,
        background: Background,
        freed: Callable[[Node], None],
        lost: Callable[[Node], None],
    ) -> None:
        self._state = state
        self._life = life
        self._launches = launches
        self._node_tasks = node_tasks
        self._background = background
        self._freed = freed
        self._lost = lost

    def start(self, job: Job, task: Task, node: Node) -> None:
        """Send a waiting task to a node with enough free slots."""
        task.attempt_number += 1
        attempt = Attempt(
            job=job,
            task=task,
            node=node,
            key=f"{job.id}/{task.id}#{task.attempt_number}",
            slots=task.spec.required_slots,
            keeps_working_directory=task.retry_count > 0 and task.node_id == node.id,
        )
        task.attempt = attempt
        job.attempts.add(attempt)
        node.attempts[attempt.key] = attempt
        node.used_slots += attempt.slots
        is_prepared = self._node_tasks.is_prepared(job, node)
        self._life.begin(job, task, node, TaskState.RUNNING if is_prepared else TaskState.PREPARING)
        attempt.runner = self._background.spawn(self._run(attempt, is_prepared), attempt.key)

    def end(self, attempt: Attempt, ending: Ending) -> None:
        """End an attempt; what its task becomes is decided when it is over. A deletion outweighs what came before."""
        if attempt.ending is None or ending is Ending.DISOWNED:
            attempt.ending = ending
        if attempt.is_launched and attempt.node.agent is not None:
            attempt.node.agent.terminate(attempt.key)
        elif attempt.preparing is not None:
            attempt.preparing.cancel()

    async def over(self, attempts: list[Attempt]) -> None:
        """Return when all of them have ended. Who gives up waiting, as a resize that is stopped does, ends none."""
        runners = [attempt.runner for attempt in attempts if attempt.runner]
        if runners:
            await asyncio.wait(runners)

    async def _run(self, attempt: Attempt, is_prepared: bool) -> None:
        job, task, node = attempt.job, attempt.task, attempt.node
        outcome: TaskOutcome | None = None
        try:
            if is_prepared or await self._prepare(attempt):
                if attempt.ending is None and node.agent is not None:
                    if not is_prepared:
                        self._life.begin(job, task, node, TaskState.RUNNING)
                    outcome = await self._launch(attempt)
                elif attempt.ending is None:
                    attempt.ending = Ending.REQUEUED
        except AgentLost:
            attempt.ending = attempt.ending or Ending.REQUEUED
            self._lost(node)
        self._release(attempt)
        self._settle(attempt, outcome)
        self._freed(node)

    async def _prepare(self, attempt: Attempt) -> bool:
        """Wait for the job's preparation on the node; false where it failed or the attempt was ended meanwhile."""
        if attempt.ending is not None:
            return False
        preparation = self._node_tasks.prepare(attempt.job, attempt.node)
        attempt.preparing = self._background.spawn(preparation, f"wait of {attempt.key}")
        await asyncio.wait({attempt.preparing})
        return not attempt.preparing.cancelled() and attempt.preparing.result()

    async def _launch(self, attempt: Attempt) -> TaskOutcome:
        agent = attempt.node.agent
        assert agent is not None
        launch = self._launches.task(
            attempt.job,
            attempt.task,
            attempt.node,
            attempt.key,
            keep_working_directory=attempt.keeps_working_directory,
        )
        attempt.is_launched = True
        return await agent.run(launch)

    def _release(self, attempt: Attempt) -> None:
        node = attempt.node
        attempt.task.attempt = None
        attempt.job.attempts.discard(attempt)
        del node.attempts[attempt.key]
        node.used_slots -= attempt.slots
        if attempt.is_launched:
            node.tasks_run += 1

    def _settle(self, attempt: Attempt, outcome: TaskOutcome | None) -> None:
        job, task = attempt.job, attempt.task
        if attempt.ending is Ending.DISOWNED:
            self.remove_files(task, attempt.node)
        elif outcome is not None and outcome.succeeded:  # it was over before its end was asked for
            self._complete(attempt, outcome)
        elif attempt.ending is Ending.REQUEUED:
            self._life.requeue(job, task)
        elif attempt.ending is Ending.TERMINATED:
            if outcome is None:
                self._life.end_waiting(job, task)
            else:
                self._life.complete(job, task, outcome.exit_code, ENDED_BY_USER)
                attempt.node.recent_tasks.append(task)
        elif outcome is None:
            self._life.wait_again(job, task)
        elif _may_retry(task, outcome):
            self._life.retry(job, task)
        else:
            self._complete(attempt, outcome)

    def _complete(self, attempt: Attempt, outcome: TaskOutcome) -> None:
        if outcome.succeeded:
            attempt.node.tasks_succeeded += 1
        attempt.node.recent_tasks.append(attempt.task)
        self._life.complete(attempt.job, attempt.task, outcome.exit_code, failure_of(outcome))

    def remove_files(self, task: Task, node: Node) -> None:
        """Delete the task's directory on its node."""
        self.remove_directory(node, self._launches.root(node) / task_root(task))

    def remove_job_files(self, job: Job, node: Node) -> None:
        self.remove_directory(node, self._launches.root(node) / "workitems" / job.id)

    def remove_directory(self, node: Node, directory: Path) -> None:
        """Move a directory out of the way at once, so that its name is free, and delete it in the background."""
        doomed = self._launches.root(node) / "volatile" / f"deleted-{uuid4().hex}"
        try:
            folders.make(doomed.parent)
            folders.move(directory, doomed)
        except OSError:
            return
        self._background.spawn(asyncio.to_thread(_remove, doomed), f"removal of {directory.name}")


def _remove(directory: Path) -> None:
    with contextlib.suppress(OSError):
        folders.remove(directory)


def _may_retry(task: Task, outcome: TaskOutcome) -> bool:
    """Only a process that exited by itself with another code than 0 is tried again, as long as retries are left."""
    if outcome.exit_code in (0, None):
        return False
    if outcome.failure is not None and outcome.failure.code == "TaskEnded":
        return False
    return task.spec.max_retries < 0 or task.retry_count < task.spec.max_retries
