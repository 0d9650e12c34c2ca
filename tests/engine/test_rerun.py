"""Failed inputs run again once their job is over: what is made anew, what is used again, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.engine.world import make_world
from tui.core.events import Step
from tui.core.rerun import retry_plan
from tui.engine.job_desk import JobDesk
from tui.engine.run_tools import RunTools

AGAIN = "again"


def test_the_failed_ones_succeed_on_the_same_pool_beside_the_outputs_of_the_others(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    old = world.plan
    world.batch.behaviour.exit_codes[old.task_id(1)] = 1
    assert world.execute().counts.failed == 1
    tools = RunTools(world.batch, world.storage, world.clock, world.journals(), world.patience)
    ground = JobDesk(old, lambda: tools).read_ground()
    assert world.downloaded().keys() & world.expected().keys() == {old.output_name(old.inputs[n]) for n in (0, 2)}
    whole = world.expected()

    world.batch.behaviour.exit_codes.clear()
    world.plan = retry_plan(old, [old.task_id(1)], ground, AGAIN, world.clock.now_s())
    world.events.clear()
    summary = world.execute()

    assert (summary.exit_code, summary.counts.total) == (0, 1)
    assert whole.items() <= world.downloaded().items()
    assert list(world.batch.pools) == [old.pool.id]
    assert world.step_texts(Step.UPLOAD)[-1].startswith("1 file,"), "the script alone"
    record = world.journals().read(AGAIN)
    assert record.notes == [f"retry of {old.run_id}"]
    assert record.plan == world.plan
    assert record.plan == replace(world.plan, retry_of=old.run_id)


def test_the_note_stands_once_though_the_run_is_resumed(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.execute()
    tools = RunTools(world.batch, world.storage, world.clock, world.journals(), world.patience)
    ground = JobDesk(world.plan, lambda: tools).read_ground()
    world.plan = retry_plan(world.plan, [world.plan.task_id(0)], ground, AGAIN, world.clock.now_s())
    world.execute()
    world.execute()
    assert len(world.journals().read(AGAIN).notes) == 1
