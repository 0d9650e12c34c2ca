"""Makes the job, bound to the pool; it does not end by itself before all its tasks were added."""

from __future__ import annotations

from dataclasses import replace

from tui.core.run_description import run_metadata
from tui.engine.context import RunContext
from tui.engine.elsewhere import check_is_whole


def run(context: RunContext) -> str:
    job = replace(context.plan.job_spec(), metadata=run_metadata(context.plan))

    def create() -> None:
        check_is_whole(context)
        context.batch.create_job(job, context.sign)

    context.make("job", job.id, create)
    return job.id
