"""Why nothing runs: the first cause on the service's own way, and nothing made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.runs import NOW_S, new_node, new_pool, task
from tui.core.records import FailureInfo, JobRecord, NodePreparation, ResizeError, TaskCounts, TaskDetail
from tui.core.waiting import Situation, first_cause

JOB = JobRecord("job", "active", "pool", 0, NOW_S - 300)
IDLE = replace(new_node(0, "idle"), running_slots=0, running_tasks=0)
BUSY = new_node(1)
DETAIL = TaskDetail(task(6), "cmd", NOW_S)
WELL = Situation(NOW_S, JOB, new_pool(), (IDLE,), TaskCounts(active=5), DETAIL)
EMPTY_POOL = replace(new_pool(nodes=0), allocation_state="steady")
QUOTA = ResizeError("AccountCoreQuotaReached", "The account has reached its core quota")
BROKEN = replace(
    new_node(0, "starttaskfailed"),
    start_task_failure=FailureInfo("usererror", "FailureExitCode", "it failed"),
    start_task_exit_code=127,
)


UNPREPARED = NodePreparation(IDLE.id, True, 2, FailureInfo("usererror", "FailureExitCode", "it failed"))
OTHER_IDLE = replace(IDLE, id="other")


@pytest.mark.parametrize(
    ("changes", "verdict", "words", "action"),
    [
        ({"job": None}, "blocked", "The job is gone", "new run"),
        ({"job": replace(JOB, state="disabled")}, "blocked", "The job is disabled", "enable the job"),
        (
            {"job": replace(JOB, state="completed", terminate_reason="MaxWallClockTimeExpiry")},
            "blocked",
            "The job is completed (MaxWallClockTimeExpiry)",
            "new run",
        ),
        ({"counts": TaskCounts()}, "wait", "no tasks yet", "once they are added"),
        ({"counts": TaskCounts(running=1)}, "fine", "1 task is running", ""),
        ({"counts": TaskCounts(succeeded=3, failed=1)}, "fine", "all 4 tasks are completed", ""),
        ({"pool": None}, "blocked", "The pool is gone", "new run"),
        ({"pool": replace(new_pool(), state="deleting")}, "blocked", "The pool is deleting", "another pool"),
        (
            {"pool": replace(EMPTY_POOL, target_dedicated=0), "nodes": ()},
            "blocked",
            "sized to 0 nodes",
            "resize the pool",
        ),
        (
            {"pool": replace(EMPTY_POOL, resize_errors=(QUOTA,)), "nodes": ()},
            "blocked",
            "cannot get its 3 nodes: AccountCoreQuotaReached",
            "ask for more quota",
        ),
        (
            {"pool": replace(EMPTY_POOL, allocation_state="resizing"), "nodes": ()},
            "wait",
            "waiting for Azure to allocate 3 nodes; it was made 3 min 20 s ago",
            "minutes",
        ),
        ({"pool": EMPTY_POOL, "nodes": ()}, "blocked", "has no nodes, though it wants 3", "resize"),
        (
            {"nodes": (new_node(0, "starting"), BROKEN)},
            "wait",
            "1 node is starting, the first since 1 min 00 s",
            "n shows",
        ),
        ({"nodes": (new_node(0, "waitingforstarttask"),)}, "wait", "1 node is in the start task", "n shows"),
        ({"nodes": (BROKEN, BROKEN)}, "blocked", "failed on 2 of 2 nodes with exit code 127", "mend the start task"),
        ({"nodes": (new_node(0, "preempted"),)}, "wait", "took the Spot node back", "dedicated"),
        ({"nodes": (new_node(0, "unusable"),)}, "blocked", "No node takes tasks", "reboot"),
        (
            {"waiting": replace(DETAIL, required_slots=4)},
            "blocked",
            "needs 4 slots, but a node has 1",
            "more task slots",
        ),
        ({"nodes": (BUSY,)}, "wait", "Other jobs use the pool: 1 of 1 slots", "priority"),
        (
            {"nodes": (BUSY,), "counts": TaskCounts(active=5, running=1)},
            "fine",
            "1 of 1 slots are in use; 5 wait for a slot",
            "more nodes",
        ),
        (
            {"nodes": (BUSY,), "counts": TaskCounts(active=1, running=1), "unmet": ("a",), "unread": 2},
            "wait",
            "topword-00006 waits for a; 2 further ones were not looked at",
            "exit conditions",
        ),
        ({"unread": 4_000}, "wait", "4,000 of which were not looked at", "all of them are completed"),
        ({"unmet": ("a", "b", "c", "d")}, "wait", "topword-00006 waits for a, b, c and 1 more", "exit conditions"),
        ({"counts": TaskCounts(active=5, running=2)}, "fine", "slots are free", ""),
        (
            {"preparations": (UNPREPARED,)},
            "blocked",
            "preparation task failed on 1 of 1 node with exit code 2 (FailureExitCode: it failed)",
            "new run",
        ),
        ({"preparations": (replace(UNPREPARED, is_over=False),)}, "wait", "Nothing is in the way", ""),
        ({"preparations": (NodePreparation(IDLE.id, True, 0),)}, "wait", "Nothing is in the way", ""),
        ({"preparations": (UNPREPARED,), "nodes": (IDLE, OTHER_IDLE)}, "wait", "Nothing is in the way", ""),
        ({"preparations": (replace(UNPREPARED, node_id="gone"),)}, "wait", "Nothing is in the way", ""),
        (
            {"preparations": (UNPREPARED,), "counts": TaskCounts(active=1, running=1), "nodes": (IDLE, BUSY)},
            "fine",
            "slots are in use",
            "more nodes",
        ),
        ({}, "wait", "Nothing is in the way", "look again"),
    ],
)
def test_the_first_cause_is_named_with_what_helps(
    changes: dict[str, object], verdict: str, words: str, action: str
) -> None:
    cause = first_cause(replace(WELL, **changes))  # type: ignore[arg-type]
    assert cause.verdict == verdict
    assert words in cause.sentence
    assert action in cause.action


def test_a_resize_error_of_a_pool_that_has_nodes_is_history() -> None:
    found = replace(WELL, pool=replace(new_pool(nodes=1), resize_errors=(QUOTA,)))
    assert "in the way" in first_cause(found).sentence
    assert first_cause(replace(found, nodes=())).details == (f"{QUOTA.code}: {QUOTA.message}",)
