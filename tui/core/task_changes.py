"""What ending, reactivating or deleting several tasks would do: which of them it concerns, which not, and what is lost.

A change names its tasks once and for all: what is done later is what was listed, whatever the table shows by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tui.core.deletion import Loss
from tui.core.records import JobRecord, TaskRow, TaskState
from tui.core.task_reading import TaskAction, why_not_row
from tui.core.units import count_text

TASK_ACTIONS: tuple[TaskAction, ...] = ("terminate", "reactivate", "delete")


@dataclass(frozen=True, slots=True)
class TaskGround:
    """What decides, beyond the tasks themselves, what may be done with them and what is lost."""

    job: JobRecord | None
    """None where it is gone, and its tasks with it."""
    node_ids: frozenset[str] = frozenset()
    """Nodes there are: with any other node, what it had is gone already."""
    logged: frozenset[str] | None = frozenset()
    """Tasks whose logs are in the output container; None where that cannot be told."""


@dataclass(frozen=True, slots=True)
class TaskChange:
    """One action and the tasks it is to be done with."""

    action: TaskAction
    task_ids: tuple[str, ...]
    left_out: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Reasons why it is not possible, each with the tasks it holds for."""
    losses: tuple[Loss, ...] = ()

    @property
    def needs_typing(self) -> bool:
        """Whether a person confirms it by typing: a deletion that takes what nobody gets back."""
        return self.action == "delete" and any(loss.is_final for loss in self.losses)


def task_changes(rows: Sequence[TaskRow], ground: TaskGround) -> tuple[TaskChange, ...]:
    """What each action would come to for these tasks."""
    return tuple(_change(action, rows, ground) for action in TASK_ACTIONS)


def _change(action: TaskAction, rows: Iterable[TaskRow], ground: TaskGround) -> TaskChange:
    able: list[TaskRow] = []
    left_out: dict[str, list[str]] = {}
    for row in rows:
        reason = "the job is gone, and its tasks with it"
        if ground.job is not None:
            reason = why_not_row(row, ground.job, action)
        if reason:
            left_out.setdefault(reason, []).append(row.id)
        else:
            able.append(row)
    return TaskChange(
        action,
        tuple(row.id for row in able),
        tuple((reason, tuple(ids)) for reason, ids in left_out.items()),
        tuple(_LOSSES[action](able, ground)),
    )


def _of_unfinished(rows: Sequence[TaskRow]) -> Iterable[Loss]:
    waiting = sum(row.state is TaskState.ACTIVE for row in rows)
    running = sum(row.state in (TaskState.RUNNING, TaskState.PREPARING) for row in rows)
    if running:
        yield Loss(f"{count_text(running, 'task')} under way, with what is not delivered yet")
    if waiting:
        yield Loss(f"{count_text(waiting, 'waiting task')}, which will not run")


def _of_terminated(rows: Sequence[TaskRow], _: TaskGround) -> Iterable[Loss]:
    yield from _of_unfinished(rows)
    if rows:
        yield Loss("counted as failed; the job goes on with its other tasks", is_final=False)


def _of_reactivated(rows: Sequence[TaskRow], _: TaskGround) -> Iterable[Loss]:
    if rows:
        yield Loss(f"exit codes and times of {count_text(len(rows), 'task')}", is_final=False)
        yield Loss("what they delivered before is replaced as they run again", is_final=False)


def _of_deleted(rows: Sequence[TaskRow], ground: TaskGround) -> Iterable[Loss]:
    yield from _of_unfinished(rows)
    over = [row for row in rows if row.state is TaskState.COMPLETED]
    on_nodes = [row for row in over if row.node_id in ground.node_ids]
    logged = ground.logged
    if logged is None and on_nodes:
        yield Loss(
            f"files on the nodes of {count_text(len(on_nodes), 'task')}: whether their logs are stored is not known"
        )
    elif logged is not None:
        unlogged = sum(row.id not in logged for row in on_nodes)
        if unlogged:
            yield Loss(f"logs that only the nodes have, and other files there, of {count_text(unlogged, 'task')}")
        if len(on_nodes) > unlogged:
            stored = count_text(len(on_nodes) - unlogged, "task")
            yield Loss(f"files on the nodes of {stored}; outputs and logs in the container stay", is_final=False)
    if over:
        yield Loss(f"states and exit codes of {count_text(len(over), 'task')}", is_final=False)
    if rows:
        yield Loss("the job counts them no more; a run counts them as failed", is_final=False)


_LOSSES: dict[TaskAction, Callable[[Sequence[TaskRow], TaskGround], Iterable[Loss]]] = {
    "terminate": _of_terminated,
    "reactivate": _of_reactivated,
    "delete": _of_deleted,
}
