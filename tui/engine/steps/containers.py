"""Makes the run's own containers. One that is there already must bear the run's mark."""

from __future__ import annotations

from functools import partial

from tui.core.run_description import run_metadata
from tui.core.units import count_text
from tui.engine.context import RunContext


def run(context: RunContext) -> str:
    plan = context.plan
    metadata = run_metadata(plan)
    for name in plan.containers:
        context.make("container", name, partial(context.storage.create_container, name, metadata))
    return count_text(len(plan.containers), "container")
