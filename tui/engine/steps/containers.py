"""Makes the run's own containers. One that is there already must bear the run's mark.

Before the first one it asks Batch for the run's job: a key that Batch refuses, or a job of that name that is someone
else's, is found while nothing was made and nothing uploaded.
"""

from __future__ import annotations

from functools import partial

from tui.core.run_description import run_metadata
from tui.core.units import count_text
from tui.engine.context import RunContext


def run(context: RunContext) -> str:
    plan = context.plan
    context.retry(f"looking for the job {plan.job_id}", lambda: _check_job(context))
    metadata = run_metadata(plan)
    for name in plan.containers:
        context.make("container", name, partial(context.storage.create_container, name, metadata))
    return count_text(len(plan.containers), "container")


def _check_job(context: RunContext) -> None:
    job_id = context.plan.job_id
    metadata = context.find("job", job_id)
    if metadata is not None:
        context.check_ours("job", job_id, metadata)
