"""Makes the job, bound to the pool; it does not end by itself before all its tasks were added."""

from __future__ import annotations

from tui.engine.context import RunContext


def run(context: RunContext) -> str:
    job = context.plan.job_spec()
    context.make("job", job.id, lambda: context.batch.create_job(job, context.sign))
    return job.id
