"""A long life: thousands of polls over sockets while requests fail at random and tasks change, on a clock that jumps.

After every poll that succeeded, every task must be what it was made to be; memory, handles and threads must not grow.
"""

from __future__ import annotations

import gc
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.bench import Bench, bench_at
from tests.support.faults import Fault, FaultKind, FaultPlan
from tui.core.events import RunEvent, TasksChanged
from tui.core.ports import StopSignal
from tui.core.records import TaskRow, TaskState
from tui.core.redaction import Secret
from tui.core.specs import JobSpec, SignedReference, TaskSpec
from tui.engine.poller import Poller

POLLS = 20_000
TASKS = 200
_JOB = "long-life"
_CHANGE_EVERY = 4
_SAMPLE_EVERY = 250
_WARM_UP_SHARE = 0.2
"""Of the samples, which allocators, caches and connection pools take to fill."""
FAULT_SHARE = 0.02
_POLLED = (
    "GET /jobs/{job_id}/tasks",
    "GET /jobs/{job_id}/taskcounts",
    "GET /jobs/{job_id}",
)

MEMORY_BUDGET_KB = 64.0
"""A thousand polls: what is kept of each would show as far more."""


class JumpingClock:
    """Time passes only while somebody waits, and then at once: days in minutes."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def now_s(self) -> float:
        return time.time()

    def wall_s(self) -> float:
        return self.now_s()

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        self.elapsed_s += max(0.0, seconds)
        return stop.is_set()


@dataclass(frozen=True, slots=True)
class Sample:
    """What this process holds after so many polls."""

    polls: int
    memory_kb: float
    handles: int
    threads: int


@dataclass(slots=True)
class Life:
    """What came of it."""

    samples: list[Sample] = field(default_factory=list)
    polls: int = 0
    failed_polls: int = 0
    changes: int = 0
    lost: int = 0
    """Polls that succeeded and did not show a task as it was, or told it wrongly."""
    elapsed_s: float = 0.0
    """On the clock that jumps."""


def live(bench: Bench, polls: int, fault_share: float = FAULT_SHARE) -> Life:
    """So many polls of one job, with changes in between, of whose requests `fault_share` fail."""
    life, chooser, clock, stop = Life(), random.Random(0), JumpingClock(), threading.Event()
    expected = _make_job(bench)
    told: dict[str, TaskRow] = {}

    def publish(event: RunEvent) -> None:
        if isinstance(event, TasksChanged):
            if event.is_full:
                told.clear()
            told.update((row.id, row) for row in event.rows)

    poller = Poller(bench.batch, clock, _JOB, "no-pool")
    for number in range(1, polls + 1):
        if number % _SAMPLE_EVERY == 1:
            _trouble(bench, number, fault_share)
        if number % _CHANGE_EVERY == 0:
            _change(bench, expected, chooser)
            life.changes += 1
        clock.wait(stop, poller.poll(publish))
        if poller.view.trouble is not None:
            life.failed_polls += 1
        else:
            life.lost += _states(told.values()) != expected or dict(poller.view.rows) != told
        if number % _SAMPLE_EVERY == 0:
            life.samples.append(_sample(number))
    life.polls, life.elapsed_s = polls, clock.elapsed_s
    FaultPlan(bench.sandbox).clear()
    bench.batch.delete_job(_JOB)
    return life


def _make_job(bench: Bench) -> dict[str, TaskState]:
    def unsigned(reference: SignedReference) -> Secret:
        raise AssertionError(f"nothing to sign: {reference}")

    bench.batch.create_job(JobSpec(_JOB, "no-pool", 0, None, 0, None), unsigned)
    ids = [f"task-{index:04}" for index in range(TASKS)]
    for start in range(0, TASKS, 100):
        tasks = [TaskSpec(task_id, "true", (), ()) for task_id in ids[start : start + 100]]
        bench.batch.add_tasks(_JOB, tasks, unsigned)
    return dict.fromkeys(ids, TaskState.ACTIVE)


def _trouble(bench: Bench, seed: int, share: float) -> None:
    """Every way to fail, at random, for what is polled; a new plan also empties the sandbox's own log."""
    faults = [
        Fault(kind, operation=operation, share=share / len(FaultKind), delay_s=5.0, retry_after_s=1.0)
        for operation in _POLLED
        for kind in FaultKind
    ]
    FaultPlan(bench.sandbox).put(*faults, seed=seed)


def _change(bench: Bench, expected: dict[str, TaskState], chooser: random.Random) -> None:
    task_id = chooser.choice(list(expected))
    if expected[task_id] is TaskState.ACTIVE:
        bench.batch.terminate_task(_JOB, task_id)
        expected[task_id] = TaskState.COMPLETED
    else:
        bench.batch.reactivate_task(_JOB, task_id)
        expected[task_id] = TaskState.ACTIVE


def _states(rows: Iterable[TaskRow]) -> dict[str, TaskState]:
    return {row.id: row.state for row in rows}


def _sample(polls: int) -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory_kb = pages * os.sysconf("SC_PAGE_SIZE") / 1_024
    return Sample(polls, memory_kb, len(os.listdir("/proc/self/fd")), threading.active_count())


def slope(samples: Sequence[Sample], name: str) -> float:
    """Growth a thousand polls, by least squares, once warm."""
    warm = samples[int(len(samples) * _WARM_UP_SHARE) :]
    times = [sample.polls / 1_000 for sample in warm]
    values = [float(getattr(sample, name)) for sample in warm]
    middle_time, middle = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - middle_time) ** 2 for at in times)
    return sum((at - middle_time) * (value - middle) for at, value in zip(times, values, strict=True)) / spread


def report(polls: int = POLLS) -> bool:
    """Prints the figures; whether nothing was lost and nothing grows."""
    with tempfile.TemporaryDirectory(prefix="batch-tui-faults-") as name, bench_at(Path(name)) as bench:
        life = live(bench, polls)
    memory, handles, threads = (slope(life.samples, name) for name in ("memory_kb", "handles", "threads"))
    print(
        f"      {life.polls:,} polls, {life.failed_polls:,} failed, {life.changes:,} changes; "
        f"{life.elapsed_s / 3_600:,.0f} hours of the clock; {life.samples[-1].memory_kb / 1_024:.0f} MB at the end"
    )
    checks = (
        (life.lost == 0, f"{life.lost} updates lost"),
        (memory <= MEMORY_BUDGET_KB, f"memory {memory:+.1f} KB a thousand polls ≤ {MEMORY_BUDGET_KB:g}"),
        (abs(handles) < 0.05, f"handles {handles:+.3f} a thousand polls"),
        (abs(threads) < 0.05, f"threads {threads:+.3f} a thousand polls"),
    )
    for is_well, text in checks:
        print(f"{'ok  ' if is_well else 'LOST'}  long life: {text}", flush=True)
    return all(is_well for is_well, _ in checks)
