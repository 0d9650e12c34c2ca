"""A job that no run of ours made, as the live view takes it."""

from __future__ import annotations

from tui.core.plan import ExistingPool, RunPlan
from tui.core.records import JobRecord
from tui.core.workloads import TOP_WORDS


def watched_plan(job: JobRecord, account: str) -> RunPlan:
    """A plan that is only looked at: it names the job and its pool, and claims no inputs and no outputs."""
    return RunPlan(
        run_id=job.id,
        workload_name=TOP_WORDS.name,
        inputs=(),
        pool=ExistingPool(job.pool_id),
        timeout_s=job.max_wall_clock_s or 0.0,
        destination="",
        account=account,
        created_s=job.creation_time_s,
    )
