"""What becomes of a synthetic task: decided by the recipe's seed and the task's id alone, so it is the same every time.

Failures come in families, as in a real job: one cause hits many tasks, and their last line of stderr differs in its
numbers only. Codes, categories and details are those a node of the sandbox reports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from tui.sandbox.nodes import failures
from tui.sandbox.nodes.records import Failure, TaskOutcome

_FLAKY = 0.05
"""Share of the tasks with a retry to spare whose first attempt fails."""
_STRAGGLERS = 0.02
_STRAGGLER_FACTOR = 5.0
_SHORTEST_S = 0.05
_BAD_NODES = 0.01
_UNUSABLE_NODES = 0.004
TEMPORARY_FAILURE = 75


def chance(*names: object) -> float:
    """A number in [0, 1) that belongs to these names."""
    text = "/".join(map(str, names)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest()) / (1 << 56)


@dataclass(frozen=True, slots=True)
class Family:
    """One cause of failure."""

    weight: int
    exit_code: int | None
    """None where no process was started."""
    failure: Callable[[], Failure] | None
    """None where the exit code alone is the failure."""
    last_words: str
    """The last line of stderr; `{a}`, `{b}` and `{c}` are numbers that differ from task to task."""


FAMILIES = (
    Family(30, 1, None, "ValueError: frame {a} of clip {b} has {c} channels, expected 3"),
    Family(16, 2, None, "error: input-{a}.bin: checksum mismatch at offset {b}"),
    Family(10, 137, None, "Killed: worker {a} used {b} MiB of {c} MiB"),
    Family(8, -9, None, "out of memory: requested {a} bytes"),
    Family(6, -11, None, "segmentation fault at 0x{a:x} (core not dumped)"),
    Family(10, 124, failures.wall_clock_expired, "still waiting for part {a} of {b}"),
    Family(
        10,
        None,
        lambda: failures.failure("BlobNotFound", ("BlobSource", "https://account.blob.core.windows.net/in/part")),
        "",
    ),
    Family(4, None, lambda: failures.program_not_found("renderer"), ""),
    Family(
        6,
        0,
        lambda: failures.failure("FileUploadContainerNotFound", ("FilePath", "result.json")),
        "warning: {a} of {b} records were skipped",
    ),
)
_WEIGHTS = sum(family.weight for family in FAMILIES)


def family_of(seed: int, failing_share: float, job_id: str, task_id: str) -> Family | None:
    """Why the task fails for good; None for one that succeeds in the end."""
    if chance(seed, job_id, task_id, "fails") >= failing_share:
        return None
    rest = chance(seed, job_id, task_id, "family") * _WEIGHTS
    for family in FAMILIES:
        rest -= family.weight
        if rest < 0:
            return family
    return FAMILIES[-1]


def outcome_of(
    seed: int, failing_share: float, job_id: str, task_id: str, *, is_first: bool, may_retry: bool
) -> TaskOutcome:
    """How an attempt at the task ends."""
    family = family_of(seed, failing_share, job_id, task_id)
    if family is not None:
        return TaskOutcome(family.exit_code, family.failure() if family.failure else None)
    if may_retry and is_first and chance(seed, job_id, task_id, "flaky") < _FLAKY:
        return TaskOutcome(TEMPORARY_FAILURE, None)
    return TaskOutcome(0, None)


def duration_s(seed: int, job_id: str, task_id: str, mean_s: float) -> float:
    """How long an attempt lasts; the durations of many tasks have the mean `mean_s`, and a few take much longer."""
    usual = 0.45 + 0.95 * chance(seed, job_id, task_id, "duration")
    is_straggler = chance(seed, job_id, task_id, "straggler") < _STRAGGLERS
    return max(mean_s * usual * (_STRAGGLER_FACTOR if is_straggler else 1.0), _SHORTEST_S)


def start_task_fails(seed: int, node_number: int) -> bool:
    return chance(seed, node_number, "start task") < _BAD_NODES


def is_unusable(seed: int, node_number: int) -> bool:
    return chance(seed, node_number, "unusable") < _UNUSABLE_NODES
