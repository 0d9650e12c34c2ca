"""Why is nothing running? The first cause that keeps waiting tasks from running, and what to do about it.

The walk goes the way the service does: job, pool, allocation, nodes and their start task, the job's preparation of
them, slots, dependencies. What it names is always true of what was read; where nothing it knows is in the way, it says
so instead of guessing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tui.core.records import (
    JobRecord,
    NodePreparation,
    NodeRecord,
    PoolRecord,
    ResizeError,
    TaskCounts,
    TaskDetail,
)
from tui.core.units import count_text, duration_text

Verdict = Literal["fine", "wait", "blocked"]


@dataclass(frozen=True, slots=True)
class Situation:
    """What was read of a job and everything its tasks need."""

    read_s: float
    job: JobRecord | None
    pool: PoolRecord | None
    nodes: tuple[NodeRecord, ...]
    counts: TaskCounts
    waiting: TaskDetail | None = None
    """One of the tasks that wait."""
    unmet: tuple[str, ...] = ()
    """Of the tasks it depends on, those that are known not to be completed."""
    unread: int = 0
    """How many further tasks it depends on were not looked at."""
    preparations: tuple[NodePreparation, ...] = ()
    """How the nodes that tasks of the job came to were prepared for it."""

    @property
    def takers(self) -> tuple[NodeRecord, ...]:
        """The nodes that may take a task of this job: they take tasks, and its preparation did not fail there."""
        barred = {item.node_id for item in self.preparations if item.has_failed}
        return tuple(node for node in self.nodes if node.takes_tasks and node.id not in barred)


@dataclass(frozen=True, slots=True)
class Cause:
    """The answer: what is the matter, and what helps."""

    verdict: Verdict
    sentence: str
    action: str = ""
    details: tuple[str, ...] = ()


_QUOTA = "ask for more quota of this account in the Azure portal, or resize the pool to what fits"
_RESIZE_ACTIONS: dict[str, str] = {
    "AccountCoreQuotaReached": f"the dedicated cores of the account are used up: {_QUOTA}",
    "AccountLowPriorityCoreQuotaReached": f"the Spot cores of the account are used up: {_QUOTA}",
    "AccountSpotCoreQuotaReached": f"the Spot cores of the account are used up: {_QUOTA}",
    "AccountVMSeriesCoreQuotaReached": f"the cores of this VM series are used up: {_QUOTA}, or choose another VM size",
    "AllocationFailed": "Azure has no such machines free now: try again later, another VM size, or another region",
    "AllocationTimedOut": "Azure did not find machines in time: resize the pool again, or choose another VM size",
    "ResizeStopped": "somebody stopped the resize: resize the pool again",
}
_STARTING = ("creating", "starting", "waitingforstarttask", "rebooting", "reimaging", "upgradingos")


def first_cause(situation: Situation) -> Cause:
    """The first thing in the way."""
    for look in (_job, _tasks, _pool, _allocation, _nodes, _preparation, _slots, _dependencies):
        for cause in look(situation):
            return cause
    return Cause(
        "wait",
        "Nothing is in the way: a node has free slots and a task that fits them waits.",
        "the service usually starts a task within seconds; look again in a moment",
    )


def _job(found: Situation) -> Iterator[Cause]:
    job = found.job
    if job is None:
        yield Cause("blocked", "The job is gone.", "its tasks went with it; start a new run")
    elif job.state in ("disabling", "disabled"):
        yield Cause("blocked", f"The job is {job.state}: it starts no tasks.", "enable the job")
    elif job.is_over:
        reason = f" ({job.terminate_reason})" if job.terminate_reason else ""
        yield Cause("blocked", f"The job is {job.state}{reason}: it starts no tasks any more.", "start a new run")


def _tasks(found: Situation) -> Iterator[Cause]:
    counts = found.counts
    if not counts.total:
        yield Cause("wait", "The job has no tasks yet.", "they run once they are added")
    elif not counts.active and counts.running:
        yield Cause("fine", f"Nothing waits: {_are(counts.running, 'task')} running or being prepared.")
    elif not counts.active:
        yield Cause("fine", f"Nothing waits: all {count_text(counts.total, 'task')} are completed.")


def _pool(found: Situation) -> Iterator[Cause]:
    pool = found.pool
    if pool is None:
        yield Cause(
            "blocked", "The pool is gone: there is nothing to run on.", "start a new run, or make the pool anew"
        )
    elif pool.state != "active":
        yield Cause("blocked", f"The pool is {pool.state}.", "start a new run on another pool")


def _allocation(found: Situation) -> Iterator[Cause]:
    pool = found.pool
    assert pool is not None
    if found.counts.running or any(node.takes_tasks for node in found.nodes):
        return
    if not pool.target_nodes:
        yield Cause("blocked", f"Pool {pool.id} is sized to 0 nodes.", "resize the pool")
    elif pool.resize_errors and pool.current_nodes < pool.target_nodes and not found.nodes:
        error = pool.resize_errors[0]
        yield Cause(
            "blocked",
            f"The pool cannot get its {count_text(pool.target_nodes, 'node')}: {error.code}.",
            _RESIZE_ACTIONS.get(error.code, "see what the service says, then resize the pool"),
            tuple(map(_resize_error, pool.resize_errors)),
        )
    elif not found.nodes and not pool.is_steady:
        age = duration_text(max(0.0, found.read_s - pool.creation_time_s))
        sentence = f"The pool is waiting for Azure to allocate {count_text(pool.target_nodes, 'node')}"
        yield Cause("wait", f"{sentence}; it was made {age} ago.", "this takes minutes; a quota error would show here")
    elif not found.nodes:
        sentence = f"The pool has no nodes, though it wants {pool.target_nodes:,}."
        yield Cause("blocked", sentence, "resize the pool again")


def _resize_error(error: ResizeError) -> str:
    return f"{error.code}: {error.message}"


def _nodes(found: Situation) -> Iterator[Cause]:
    nodes = found.nodes
    if found.counts.running or any(node.takes_tasks for node in nodes):
        return
    states = Counter(node.state for node in nodes)
    starting = [node for node in nodes if node.state in _STARTING]
    failed = [node for node in nodes if node.state == "starttaskfailed"]
    if starting:
        since = duration_text(max(0.0, found.read_s - min(node.state_transition_time_s for node in starting)))
        is_in_start_task = states["waitingforstarttask"] == len(starting)
        doing = f"{'is' if len(starting) == 1 else 'are'} {'in the start task' if is_in_start_task else 'starting'}"
        yield Cause(
            "wait",
            f"{count_text(len(starting), 'node')} {doing}, the first since {since}; none takes tasks yet.",
            "n shows the nodes and the output of their start task",
            _states(states),
        )
    elif failed:
        failure, code = failed[0].start_task_failure, failed[0].start_task_exit_code
        words = "" if failure is None else f" ({failure.code}: {failure.message})"
        exit_text = "" if code is None else f" with exit code {code}"
        yield Cause(
            "blocked",
            f"The start task failed on {len(failed):,} of {count_text(len(nodes), 'node')}{exit_text}{words}.",
            "n shows its output; mend the start task, then reboot the nodes or make the pool anew",
            _states(states),
        )
    elif states["preempted"]:
        yield Cause(
            "wait",
            f"Azure took the Spot {'nodes' if states['preempted'] > 1 else 'node'} back.",
            "they return when there is room; dedicated nodes are not taken back",
            _states(states),
        )
    else:
        yield Cause(
            "blocked", "No node takes tasks.", "n shows the nodes; reboot them or resize the pool", _states(states)
        )


def _preparation(found: Situation) -> Iterator[Cause]:
    if found.counts.running or found.takers:
        return
    ids = {node.id for node in found.nodes}
    failed = [item for item in found.preparations if item.has_failed and item.node_id in ids]
    if failed:
        failure, code = failed[0].failure, failed[0].exit_code
        words = "" if failure is None else f" ({failure.code}: {failure.message})"
        exit_text = "" if code is None else f" with exit code {code}"
        nodes = f"{len(failed):,} of {count_text(len(ids), 'node')}"
        yield Cause(
            "blocked",
            f"The job's preparation task failed on {nodes}{exit_text}{words}.",
            "no task of the job runs on such a node; mend what it needs and start a new run",
            tuple(item.node_id for item in failed[:3]),
        )


def _states(states: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{count:,} {state}" for state, count in states.most_common())


def _slots(found: Situation) -> Iterator[Cause]:
    pool, waiting = found.pool, found.waiting
    assert pool is not None
    needed = 1 if waiting is None else waiting.required_slots
    if needed > pool.slots_per_node:
        yield Cause(
            "blocked",
            f"A task needs {needed} slots, but a node has {pool.slots_per_node}: it never fits.",
            "use a pool with more task slots a node, or tasks that need fewer",
        )
        return
    if found.unmet:
        return  # no slot would help the task that waits
    takers = found.takers
    if any(pool.slots_per_node - node.running_slots >= needed for node in takers):
        return
    used, total = sum(node.running_slots for node in takers), len(takers) * pool.slots_per_node
    if found.counts.running:
        sentence = f"Tasks do run: {found.counts.running:,} of them, and {used:,} of {total:,} slots are in use"
        yield Cause(
            "fine", f"{sentence}; {found.counts.active:,} wait for a slot.", "more nodes would run more at once"
        )
    elif takers:
        yield Cause(
            "wait",
            f"Other jobs use the pool: {used:,} of {total:,} slots are taken, and a task of this job needs {needed}.",
            "wait, add nodes, or give this job a higher priority",
        )


def _dependencies(found: Situation) -> Iterator[Cause]:
    if found.waiting is not None and found.unmet:
        names = ", ".join(found.unmet[:3]) + (f" and {len(found.unmet) - 3} more" if len(found.unmet) > 3 else "")
        unread = f"; {found.unread:,} further ones were not looked at" if found.unread else ""
        yield Cause(
            "wait",
            f"Task {found.waiting.row.id} waits for {names}{unread}.",
            "a task that failed satisfies no dependency unless its exit conditions say so",
        )
    elif found.waiting is not None and found.unread:
        yield Cause(
            "wait",
            f"Task {found.waiting.row.id} depends on other tasks, {found.unread:,} of which were not looked at.",
            "it runs once all of them are completed; the table shows how far they are",
        )
    elif found.counts.running:
        yield Cause("fine", f"Tasks do run: {found.counts.running:,} of them, and slots are free for more.")


def _are(count: int, noun: str) -> str:
    return f"{count_text(count, noun)} {'is' if count == 1 else 'are'}"
