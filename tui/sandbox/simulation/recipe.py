"""What a seeded job is to be: how large, how fast, how faulty. Stored with its pool, so it goes on after a restart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tui.sandbox.batch.errors import invalid_property

Wire = dict[str, Any]

MAX_TASKS = 2_000_000
MAX_NODES = 2_500
MAX_SLOTS = 256
_TASK_S = 4.0
"""How long a task lasts on average where nobody says how many nodes there are."""
_FEWEST_NODES = 4


@dataclass(frozen=True, slots=True)
class Recipe:
    """A job of synthetic tasks and its pool."""

    job_id: str
    tasks: int
    churn: float
    """Share of the tasks that change their state each second, as long as there are tasks to run."""
    failures: float
    """Share of the tasks that fail for good."""
    nodes: int
    spot_nodes: int
    slots: int
    seed: int
    done: float
    """Share of the tasks that have ended before the job is first seen, as in a job that has run for a while."""
    is_endless: bool
    """Completed tasks become active again, so that it never ends."""

    @property
    def pool_id(self) -> str:
        return f"{self.job_id}-pool"

    @property
    def changes_per_s(self) -> float:
        return self.churn * self.tasks

    def to_wire(self) -> Wire:
        return asdict(self)

    @classmethod
    def from_wire(cls, wire: Wire) -> Recipe:
        return cls(**wire)

    @classmethod
    def of_request(cls, body: Wire) -> Recipe:
        """From the body of a request; raises InvalidPropertyValue."""
        tasks = int(number(body, "tasks", 100_000, 1, MAX_TASKS))
        churn = number(body, "churn", 0.01, 0.0, 1.0)
        slots = int(number(body, "slots", 4, 1, MAX_SLOTS))
        nodes = int(number(body, "nodes", _enough_nodes(tasks, churn, slots), 1, MAX_NODES))
        return cls(
            job_id=str(body.get("job") or "seeded"),
            tasks=tasks,
            churn=churn,
            failures=number(body, "failures", 0.02, 0.0, 1.0),
            nodes=nodes,
            spot_nodes=int(number(body, "spotNodes", nodes // 4, 0, nodes)),
            slots=slots,
            seed=int(number(body, "seed", 1, 0, 1 << 62)),
            done=number(body, "done", 0.0, 0.0, 1.0),
            is_endless=body.get("endless") is True,
        )


def number(body: Wire, name: str, default: float, low: float, high: float) -> float:
    """A number of a request's body within its bounds; raises InvalidPropertyValue."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise invalid_property(name, value, f"The value must be a number between {low:g} and {high:g}.")
    return value


def _enough_nodes(tasks: int, churn: float, slots: int) -> int:
    starts_per_s = churn * tasks / 2
    return max(_FEWEST_NODES, min(round(starts_per_s * _TASK_S / slots), MAX_NODES, tasks))
