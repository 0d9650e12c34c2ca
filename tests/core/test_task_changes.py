"""What an action on several tasks would come to: for which it is possible, for which not and why, and what is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.jobs import JOB
from tests.support.runs import failed, running, succeeded, task
from tui.core.records import TaskRow, TaskState
from tui.core.task_changes import TaskChange, TaskGround, task_changes
from tui.core.task_reading import TaskAction

ROWS = (failed(0), succeeded(1), running(2), task(3, TaskState.PREPARING), task(4))
NODES = frozenset(row.node_id for row in ROWS)
THERE = TaskGround(JOB, NODES)


def change(action: TaskAction, ground: TaskGround = THERE, *rows: TaskRow) -> TaskChange:
    (found,) = (found for found in task_changes(rows or ROWS, ground) if found.action == action)
    return found


def ids(*numbers: int) -> tuple[str, ...]:
    return tuple(ROWS[number].id for number in numbers)


def final(found: TaskChange) -> list[str]:
    return [loss.text for loss in found.losses if loss.is_final]


@pytest.mark.parametrize(
    ("action", "able", "left_out"),
    [
        ("terminate", ids(2, 3, 4), (("the task is over", ids(0, 1)),)),
        ("reactivate", ids(0), (("the task succeeded", ids(1)), ("the task is not over", ids(2, 3, 4)))),
        ("delete", ids(0, 1, 2, 3, 4), ()),
    ],
)
def test_every_task_is_either_concerned_or_left_out_with_the_reason(
    action: TaskAction, able: tuple[str, ...], left_out: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    found = change(action)
    assert (found.task_ids, found.left_out) == (able, left_out)


def test_the_job_decides_as_well() -> None:
    over = change("reactivate", TaskGround(replace(JOB, state="completed")))
    assert over.task_ids == ()
    assert over.left_out[0][0].startswith("the job is completed")
    for found in task_changes(ROWS, TaskGround(None)):
        assert found.left_out == (("the job is gone, and its tasks with it", ids(0, 1, 2, 3, 4)),)
        assert (found.task_ids, found.losses) == ((), ())


def test_what_has_not_ended_is_lost_and_only_a_deletion_is_typed_for() -> None:
    lost = ["2 tasks under way, with what is not delivered yet", "1 waiting task, which will not run"]
    assert final(change("terminate")) == lost
    assert not change("terminate").needs_typing
    assert final(change("reactivate")) == []
    assert final(change("delete"))[:2] == lost
    assert change("delete", THERE, ROWS[4]).needs_typing


@pytest.mark.parametrize(
    ("ground", "lost"),
    [
        (THERE, "logs that only the nodes have, and other files there, of 2 tasks"),
        (TaskGround(JOB, NODES, frozenset(ids(0))), "logs that only the nodes have, and other files there, of 1 task"),
        (TaskGround(JOB, NODES, frozenset(ids(0, 1))), ""),
        (TaskGround(JOB, NODES, None), "files on the nodes of 2 tasks: whether their logs are stored is not known"),
        (TaskGround(JOB, frozenset(), frozenset()), ""),
        (TaskGround(JOB, frozenset(), None), ""),
    ],
    ids=["not stored", "some stored", "all stored", "not known", "nodes are gone", "nodes are gone, not known"],
)
def test_of_ended_tasks_a_deletion_loses_what_only_their_nodes_have(ground: TaskGround, lost: str) -> None:
    found = change("delete", ground, *ROWS[:2])
    assert final(found) == ([lost] if lost else [])
    assert found.needs_typing is bool(lost)
    assert "states and exit codes of 2 tasks" in [loss.text for loss in found.losses]
