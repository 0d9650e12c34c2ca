"""Specs of the smallest pool, job and task."""

from __future__ import annotations

from tui.core.records import ImageInfo
from tui.core.redaction import Secret
from tui.core.specs import JobSpec, PoolSpec, SignedReference, TaskSpec


def no_sas(reference: SignedReference) -> Secret:
    raise AssertionError(f"nothing of this spec is to be signed: {reference}")


def pool_spec(image: ImageInfo, pool_id: str) -> PoolSpec:
    return PoolSpec(
        id=pool_id,
        vm_size="Standard_D2s_v3",
        image=image,
        dedicated=1,
        spot=0,
        slots_per_node=4,
        start_task=None,
        metadata={"batchtui_run": "run-1"},
    )


def job_spec(job_id: str, pool_id: str) -> JobSpec:
    return JobSpec(
        id=job_id,
        pool_id=pool_id,
        priority=7,
        max_wall_clock_s=1_800,
        max_task_retry_count=0,
        preparation_task=None,
        metadata={"batchtui_run": "run-1"},
    )


def task(task_id: str, command: str) -> TaskSpec:
    return TaskSpec(task_id, f"/bin/sh -c '{command}'", (), ())
