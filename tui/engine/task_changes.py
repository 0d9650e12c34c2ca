"""Ends, reactivates or deletes many tasks, a bounded number of requests at once, and tells what became of each.

What fails holds nothing up. Once it is to stop, or the account is refused, nothing further is begun and what is under
way is awaited: a task that is not told of was not touched. Every call blocks and may be made from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from tui.core.bulk import TaskOutcome
from tui.core.download_choice import log_owner
from tui.core.errors import (
    AccessRefused,
    BatchTuiError,
    Interrupted,
    NotFound,
    RequestRefused,
    ServiceError,
    account_refusal,
)
from tui.core.events import Notice, RunEvent
from tui.core.plan import LOG_PREFIX, RunPlan
from tui.core.ports import StopSignal, StoragePort
from tui.core.records import TaskState
from tui.core.redaction import redact
from tui.core.task_changes import TaskGround
from tui.core.task_reading import TaskAction
from tui.engine.parallel import in_parallel
from tui.engine.retrying import Retrier
from tui.engine.run_tools import RunTools, tell_nobody

WORKERS = 8
GONE = "not there any more"
OVER = "over already"

_LOGS_LISTED = 50_000
"""Beyond so many logs of a run it is not known of which tasks there are none."""
_LOOKED_UP = 8
"""So few tasks' logs are looked for one by one: the list of all may be long."""
_NO_SUCH_TASK = frozenset({"TaskNotFound", "JobNotFound"})
_DOING: dict[TaskAction, str] = {"terminate": "ending", "reactivate": "reactivating", "delete": "deleting"}

Tell = Callable[[TaskOutcome | Notice], object]
"""Hears outcomes from the calling thread, and from any thread why something waits."""


def change_tasks(
    tools: RunTools, job_id: str, action: TaskAction, task_ids: Sequence[str], stop: StopSignal, tell: Tell
) -> None:
    """Does it to each of `task_ids` and to no other task.

    Raises Interrupted where `stop` left some, AccessRefused where the account is; what was done was told before.
    """

    def tell_notice(event: RunEvent) -> None:
        if isinstance(event, Notice):
            tell(event)

    work = _Work(tools, job_id, action, tools.retrier(stop, tell_notice))
    refusal: AccessRefused | None = None
    told = 0

    def wanted() -> Iterator[str]:
        for task_id in task_ids:
            if stop.is_set():
                return
            yield task_id

    for outcome in in_parallel(wanted(), work, workers=WORKERS, name=action, stop=threading.Event()):
        problem = outcome.error
        if (refused := account_refusal(problem)) is not None:
            refusal = refused
        elif not isinstance(problem, Interrupted):
            told += 1
            words = "" if problem is None else redact(str(problem))
            tell(TaskOutcome(outcome.item, words, outcome.result or ""))
    if refusal is not None:
        raise refusal
    if told < len(task_ids):
        raise Interrupted("Stopped", _DOING[action])


class _Work:
    """One action on one task, tried again where that may help; what was found instead, or nothing, is its result.

    An attempt that nobody answered may have acted: whatever a later one finds is then taken for its doing.
    """

    def __init__(self, tools: RunTools, job_id: str, action: TaskAction, retry: Retrier) -> None:
        self._batch = tools.batch
        self._job_id = job_id
        self._action = action
        self._retry = retry

    def __call__(self, task_id: str) -> str:
        problems: list[BatchTuiError] = []

        def attempt() -> str:
            try:
                return self._act(task_id)
            except BatchTuiError as problem:
                problems.append(problem)
                raise

        try:
            note = self._retry(f"{_DOING[self._action]} task {task_id}", attempt)
        except Interrupted as stopped:
            raise problems[-1] if problems else stopped from None
        except BatchTuiError as problem:
            is_unsure = len(problems) > 1 or problem.can_retry
            if self._action != "reactivate" or not is_unsure or not self._runs_again(task_id):
                raise
            note = ""
        return "" if problems else note

    def _act(self, task_id: str) -> str:
        """Empty where it was done; ending or deleting what is over or gone needs nothing done."""
        batch, job_id = self._batch, self._job_id
        try:
            match self._action:
                case "terminate":
                    return "" if batch.terminate_task(job_id, task_id) else OVER
                case "reactivate":
                    batch.reactivate_task(job_id, task_id)
                case "delete":
                    batch.delete_task(job_id, task_id)
        except NotFound as problem:
            if self._action == "reactivate" or problem.code not in _NO_SUCH_TASK:
                raise
            return GONE
        return ""

    def _runs_again(self, task_id: str) -> bool:
        detail = self._batch.get_task(self._job_id, task_id)
        return detail is not None and detail.row.state is not TaskState.COMPLETED


def read_task_ground(tools: RunTools, plan: RunPlan, task_ids: Sequence[str], stop: StopSignal) -> TaskGround:
    """What decides what may be done with `task_ids` and what is lost with them, read now.

    Raises ServiceError where Batch cannot tell; storage that cannot leaves open which logs there are.
    """
    retry = tools.retrier(stop, tell_nobody)
    job = retry("reading the job", lambda: tools.batch.get_job(plan.job_id))
    pool = None if job is None else retry("reading the pool", lambda: tools.batch.get_pool(plan.pool.id))
    nodes = () if pool is None else retry("listing the nodes", lambda: tools.batch.list_nodes(plan.pool.id))
    prefixes = [LOG_PREFIX]
    if len(task_ids) <= _LOOKED_UP:
        prefixes = [f"{LOG_PREFIX}{task_id}/" for task_id in task_ids]
    logged: frozenset[str] | None
    try:
        logged = retry("looking for logs", lambda: _logged(tools.storage, plan.output_container, prefixes))
    except (NotFound, RequestRefused):
        logged = frozenset()  # no such container; a job of others may have a name that none could have
    except ServiceError:
        logged = None
    return TaskGround(job, frozenset(node.id for node in nodes), logged)


def _logged(storage: StoragePort, container: str, prefixes: Sequence[str]) -> frozenset[str] | None:
    """Tasks with logs; None where there are too many to list."""
    found: set[str] = set()
    listed = 0
    for prefix in prefixes:
        for blob in storage.list_blobs(container, prefix):
            listed += 1
            if listed > _LOGS_LISTED:
                return None
            found.add(log_owner(blob.name))
    return frozenset(found)
