"""Makes the pool from the newest verified image, or checks the one to use; nodes come up while the run goes on."""

from __future__ import annotations

from dataclasses import replace

from tui.core.errors import InputError, RunFailed
from tui.core.images import newest_verified
from tui.core.plan import ExistingPool, NewPool
from tui.core.records import PoolRecord
from tui.core.run_description import run_metadata
from tui.core.units import count_text
from tui.engine.context import RunContext
from tui.engine.elsewhere import check_is_whole


def run(context: RunContext) -> str:
    pool = context.plan.pool
    return _make(context, pool) if isinstance(pool, NewPool) else _check(context, pool)


def _make(context: RunContext, pool: NewPool) -> str:
    def create() -> None:
        check_is_whole(context)
        image = newest_verified(context.batch.list_images(), pool.image, context.clock.now_s())
        spec = replace(context.plan.pool_spec(image), metadata=run_metadata(context.plan))
        context.batch.create_pool(spec, context.sign)

    context.make("pool", pool.id, create)
    return f"{count_text(pool.nodes, 'node')} of {pool.vm_size} asked for"


def _check(context: RunContext, pool: ExistingPool) -> str:
    found = context.retry(f"looking at the pool {pool.id}", lambda: context.batch.get_pool(pool.id))
    if found is None:
        raise InputError("No such pool", f"the account has no pool called {pool.id}", "leave --pool out to make one")
    if found.state == "deleting":
        raise RunFailed("The pool is being deleted", pool.id, "choose another, or leave --pool out to make one")
    if found.target_nodes + found.current_nodes == 0:
        context.tell(f"pool {pool.id} has no nodes: tasks wait until it is resized", is_warning=True)
    return f"existing {pool.id}: {pool_text(found)}"


def pool_text(pool: PoolRecord) -> str:
    """`steady 3/3`."""
    return f"{pool.allocation_state} {pool.current_nodes}/{pool.target_nodes}"
