"""The sandbox: how soon it answers, and how many small tasks it gets through."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from tests.perf.bench import Bench, bench
from tests.perf.figures import Figure, Line, command, in_turns, milliseconds, seconds_of
from tui.core.images import UBUNTU_LTS, newest_verified
from tui.core.plan import TASKS_PER_REQUEST
from tui.core.records import TaskRow
from tui.core.redaction import Secret
from tui.core.specs import JobSpec, PoolSpec, SignedReference, TaskSpec
from tui.sandbox import control

_SERVER_LIBRARIES = "import asyncio, sqlite3, starlette.applications, starlette.routing, uvicorn, httptools"
_TASKS = 500
_NODES, _SLOTS = 2, 4
_ROUNDS = 3
_PATIENCE_S = 120.0


def start() -> Iterable[Line]:
    """From asking for it to its first answer, against a process that only imports the server's libraries."""
    with tempfile.TemporaryDirectory(prefix="batch-tui-perf-") as name:
        state = Path(name) / "sandbox"
        taken: list[float] = []

        def up() -> None:
            taken.append(seconds_of(lambda: control.up(state)))

        def round_of_up() -> None:
            up()
            control.down(state)

        imports = in_turns({"import": command([sys.executable, "-c", _SERVER_LIBRARIES]), "up": round_of_up}, rounds=5)
    started = sorted(taken[1:])[len(taken[1:]) // 2]
    note = f"{milliseconds(started)} / {milliseconds(imports['import'])}"
    yield Figure("sandbox start / import of its server libraries", started / imports["import"], 3, note=note)


def five_hundred_tasks() -> Iterable[Line]:
    """From the first start to the last end, as the service's own times tell, against xargs on the same commands."""
    with bench() as on:
        on.batch.create_pool(_pool(on), _unsigned)
        _await_nodes(on)
        ours, theirs = [], []
        for number in range(_ROUNDS):
            ours.append(_ours(on, f"perf-{number}"))
            theirs.append(seconds_of(_xargs))
    middle = _ROUNDS // 2
    taken, other = sorted(ours)[middle], sorted(theirs)[middle]
    note = f"{taken:.2f} s against {other:.2f} s"
    yield Figure(f"{_TASKS} × `sh -c :` / xargs -P{_NODES * _SLOTS}", taken / other, 4, note=note)


def _unsigned(_reference: SignedReference) -> Secret:
    raise AssertionError("these tasks have no files")


def _pool(on: Bench) -> PoolSpec:
    image = newest_verified(on.batch.list_images(), UBUNTU_LTS, time.time())
    return PoolSpec("perf", "Standard_D2s_v3", image, _NODES, 0, _SLOTS, None)


def _await_nodes(on: Bench) -> None:
    pause, until = threading.Event(), time.monotonic() + _PATIENCE_S
    while sum(node.state == "idle" for node in on.batch.list_nodes("perf")) < _NODES:
        assert time.monotonic() < until, "the nodes did not come up"
        pause.wait(0.05)


def _ours(on: Bench, job_id: str) -> float:
    on.batch.create_job(JobSpec(job_id, "perf", 0, None, 0, None), _unsigned)
    specs = [TaskSpec(f"task-{index:05}", "sh -c :", (), ()) for index in range(_TASKS)]
    for begin in range(0, _TASKS, TASKS_PER_REQUEST):
        on.batch.add_tasks(job_id, specs[begin : begin + TASKS_PER_REQUEST], _unsigned)
    pause, until = threading.Event(), time.monotonic() + _PATIENCE_S
    while (counts := on.batch.count_tasks(job_id)).completed < _TASKS:
        assert time.monotonic() < until, f"the tasks did not end: {counts}"
        pause.wait(0.2)
    rows: list[TaskRow] = [row for page in on.batch.list_tasks(job_id) for row in page.rows]
    assert all(row.exit_code == 0 for row in rows)
    first = min(row.start_time_s for row in rows if row.start_time_s is not None)
    last = max(row.end_time_s for row in rows if row.end_time_s is not None)
    return last - first


def _xargs() -> None:
    numbers = "\n".join(map(str, range(_TASKS)))
    arguments = ["xargs", "-n1", f"-P{_NODES * _SLOTS}", "sh", "-c", ":"]
    subprocess.run(arguments, input=numbers, text=True, check=True, timeout=_PATIENCE_S)
