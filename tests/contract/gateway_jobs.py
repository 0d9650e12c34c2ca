"""Jobs through the gateway, seen to their end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tests.contract.gateway_specs import no_sas
from tui.core.ports import BatchPort
from tui.core.records import TaskStatus
from tui.core.specs import TaskSpec

LIMIT_S = 20.0
ROUND_S = 0.02
_never = threading.Event()


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline, f"no {what} within {LIMIT_S} s"
        _never.wait(ROUND_S)


def status(batch: BatchPort, job_id: str, task_id: str) -> TaskStatus:
    found = batch.get_task(job_id, task_id)
    assert found is not None
    return found.row.status


def run_to_end(batch: BatchPort, job_id: str, *tasks: TaskSpec) -> None:
    assert all(result.added for result in batch.add_tasks(job_id, tasks, no_sas))
    until(lambda: all(status(batch, job_id, one.id).is_over for one in tasks), "end of all tasks")
