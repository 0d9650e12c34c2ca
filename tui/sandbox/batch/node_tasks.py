"""What runs on a node beside its tasks: the start task, and each job's preparation and release task, once a node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tui.sandbox.batch.background import Background
from tui.sandbox.batch.launches import Launches
from tui.sandbox.batch.ports import AgentLost
from tui.sandbox.batch.records import Job, JobState, Node, NodeJobTasks, RunInfo, Wire
from tui.sandbox.batch.state import BatchState
from tui.sandbox.batch.task_life import ENDED_BY_USER
from tui.sandbox.nodes.records import Failure, TaskLaunch, TaskOutcome

_LOST = Failure("ServerError", "Unknown", "The node's agent ended before the task did")


class NodeTasks:
    """Runs them with their retries and records how they went. `lost` is told of nodes without agent."""

    def __init__(
        self, state: BatchState, launches: Launches, background: Background, lost: Callable[[Node], None]
    ) -> None:
        self._state = state
        self._launches = launches
        self._background = background
        self._lost = lost
        self._preparing: dict[tuple[str, str], asyncio.Task[bool]] = {}
        self._releasing: dict[str, asyncio.Task[None]] = {}

    async def start(self, node: Node, spec: Wire) -> bool:
        """Run the start task; true when it succeeded."""
        node.start_task_info = info = RunInfo(self._state.clock.now())

        def save() -> None:
            self._state.journal.save(node)

        return await self._run_with_retries(
            node, info, spec["maxTaskRetryCount"], lambda attempt: self._launches.start_task(node, spec, attempt), save
        )

    def is_prepared(self, job: Job, node: Node) -> bool:
        """True when the job needs nothing more on the node before its tasks run there."""
        spec = job.spec.preparation
        if spec is None:
            return True
        done = job.node_tasks.get(node.id)
        if done is None or done.preparation is None or done.preparation.end_time is None:
            return False
        return done.preparation.succeeded or not spec["waitForSuccess"]

    def is_barred(self, job: Job, node: Node) -> bool:
        """True when the job's preparation failed on the node, so none of its tasks runs there."""
        done = job.node_tasks.get(node.id)
        is_over = done is not None and done.preparation is not None and done.preparation.end_time is not None
        return is_over and not self.is_prepared(job, node)

    async def prepare(self, job: Job, node: Node) -> bool:
        """Run the job's preparation task on the node, once however many tasks wait for it."""
        if self.is_prepared(job, node):
            return True
        if self.is_barred(job, node):
            return False
        key = (job.key, node.id)
        work = self._preparing.get(key)
        if work is None:
            work = self._background.spawn(self._prepare(job, node), f"preparation of {job.id} on {node.id}")
            self._preparing[key] = work
            work.add_done_callback(lambda _: self._preparing.pop(key, None))
        return await asyncio.shield(work)

    async def end_preparations(self, job: Job) -> None:
        """End the job's preparation tasks that are under way."""
        works = []
        for (job_key, node_id), work in list(self._preparing.items()):
            if job_key != job.key:
                continue
            works.append(work)
            done, spec = job.node_tasks.get(node_id), job.spec.preparation
            node = None if done is None else self._state.find_node(done.pool_id, node_id)
            if node is not None and node.agent is not None and done and done.preparation and spec:
                attempt = done.preparation.retry_count + 1
                node.agent.terminate(self._launches.job_task_key(job, spec, attempt))
        await asyncio.gather(*works, return_exceptions=True)

    async def _prepare(self, job: Job, node: Node) -> bool:
        spec = job.spec.preparation
        assert spec is not None
        tasks = NodeJobTasks(node.pool_id, preparation=(info := RunInfo(self._state.clock.now())))
        job.node_tasks[node.id] = tasks
        succeeded = await self._run_with_retries(
            node,
            info,
            spec["constraints"]["maxTaskRetryCount"],
            lambda attempt: self._launches.job_task(job, spec, node, attempt),
            lambda: self._state.journal.save(job),
            goes_on=lambda: job.state not in (JobState.TERMINATING, JobState.DELETING),
        )
        return succeeded or not spec["waitForSuccess"]

    def forget_preparation(self, job: Job, node: Node) -> None:
        """After a reboot: the job's next task on the node prepares it again, if the job says so."""
        spec = job.spec.preparation
        done = job.node_tasks.get(node.id)
        if spec is None or done is None or done.preparation is None:
            return
        if spec["rerunOnNodeRebootAfterSuccess"] or not done.preparation.succeeded:
            del job.node_tasks[node.id]
            self._state.journal.save(job)

    def forget_unfinished(self, job: Job) -> None:
        """After a restart: a preparation that was under way runs anew, a release that was is over."""
        for node_id, done in list(job.node_tasks.items()):
            if done.preparation is not None and done.preparation.end_time is None:
                del job.node_tasks[node_id]
            elif done.release is not None and done.release.end_time is None:
                done.release.end_time, done.release.failure = self._state.clock.now(), _LOST
        self._state.journal.save(job)

    async def release(self, job: Job) -> None:
        """Run the job's release task on every node that was prepared and is still there; failures change nothing.

        A job that is deleted while it ends waits for the release under way rather than vanish below it.
        """
        spec = job.spec.release
        if spec is None:
            return
        work = self._releasing.get(job.key)
        if work is None:
            work = self._background.spawn(self._release_nodes(job, spec), f"release of {job.id}")
            self._releasing[job.key] = work
            work.add_done_callback(lambda _: self._releasing.pop(job.key, None))
        await asyncio.shield(work)

    async def _release_nodes(self, job: Job, spec: Wire) -> None:
        prepared = [
            (node, tasks)
            for node_id, tasks in job.node_tasks.items()
            if tasks.preparation is not None
            and tasks.preparation.end_time is not None
            and tasks.release is None
            and (node := self._state.find_node(tasks.pool_id, node_id)) is not None
            and node.agent is not None
        ]
        await asyncio.gather(*(self._release(job, spec, node, tasks) for node, tasks in prepared))

    async def _release(self, job: Job, spec: Wire, node: Node, tasks: NodeJobTasks) -> None:
        tasks.release = info = RunInfo(self._state.clock.now())
        self._state.journal.save(job)
        await self._run_with_retries(
            node,
            info,
            0,
            lambda attempt: self._launches.job_task(job, spec, node, attempt),
            lambda: self._state.journal.save(job),
        )

    async def _run_with_retries(
        self,
        node: Node,
        info: RunInfo,
        retries: int,
        launch: Callable[[int], TaskLaunch],
        save: Callable[[], None],
        goes_on: Callable[[], bool] = lambda: True,
    ) -> bool:
        attempt = 0
        while True:
            attempt += 1
            save()
            outcome = await self._run(node, launch(attempt)) if goes_on() else TaskOutcome(None, ENDED_BY_USER)
            may_retry = outcome.exit_code is not None and (retries < 0 or info.retry_count < retries)
            if outcome.succeeded or not may_retry or not goes_on():
                break
            info.retry_count += 1
            info.last_retry_time = self._state.clock.now()
        info.end_time = self._state.clock.now()
        info.exit_code = outcome.exit_code
        info.failure = failure_of(outcome)
        save()
        return info.succeeded

    async def _run(self, node: Node, launch: TaskLaunch) -> TaskOutcome:
        if node.agent is None:
            return TaskOutcome(None, _LOST)
        try:
            return await node.agent.run(launch)
        except AgentLost:
            self._lost(node)
            return TaskOutcome(None, _LOST)


def failure_of(outcome: TaskOutcome) -> Failure | None:
    """Why an attempt failed; an exit code other than 0 is a failure by itself."""
    if outcome.failure is not None or outcome.exit_code == 0:
        return outcome.failure
    return Failure(
        "UserError",
        "FailureExitCode",
        "The task exited with an exit code representing a failure",
        (
            ("Message", "The task process exited with an unexpected exit code"),
            ("AdditionalErrorCode", "FailureExitCode"),
        ),
    )
