"""A run of the failed inputs of another: what it takes over, what it makes, and when there can be none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.runs import RUN_ID, new_plan
from tui.core.errors import InputError
from tui.core.plan import ExistingPool, NewPool
from tui.core.plan_codec import plan_from_json, plan_to_json
from tui.core.rerun import RetryGround, retry_plan, retry_words

AGAIN = "top-words-20261120-abc"
WHOLE = RetryGround(3, has_inputs=True)
FAILED = ("topword-00006", "topword-00002")


def test_exactly_the_failed_inputs_from_the_earlier_container_on_the_same_pool() -> None:
    old = replace(new_plan(), delete_after=frozenset({"pool", "job"}))
    plan = retry_plan(old, FAILED, WHOLE, AGAIN, 7.0)
    assert [item.blob_name for item in plan.inputs] == [old.inputs[2].blob_name, old.inputs[6].blob_name]
    assert {item.local_path for item in plan.inputs} == {None}
    assert plan.input_container == old.input_container
    assert old.input_container not in plan.containers
    assert (plan.pool, plan.delete_after) == (ExistingPool(old.pool.id), frozenset())
    assert [plan.output_name(item) for item in plan.inputs] == [old.output_name(old.inputs[n]) for n in (2, 6)]
    assert (plan.run_id, plan.retry_of, plan.created_s) == (AGAIN, RUN_ID, 7.0)


def test_a_retry_of_a_retry_reads_the_container_that_holds_the_inputs() -> None:
    first = retry_plan(new_plan(), FAILED, WHOLE, AGAIN, 7.0)
    second = retry_plan(first, ["topword-00001"], WHOLE, f"{AGAIN}d", 8.0)
    assert second.input_container == new_plan().input_container
    assert [item.blob_name for item in second.inputs] == [new_plan().inputs[6].blob_name]


def test_without_the_pool_one_like_it_named_after_the_new_run() -> None:
    gone = RetryGround(None, has_inputs=True)
    plan = retry_plan(new_plan(), FAILED, gone, AGAIN, 7.0)
    assert plan.pool == NewPool(AGAIN, dedicated=3)
    assert "a new pool" in retry_words(plan, gone)


def test_what_is_there_without_nodes_is_told() -> None:
    empty = RetryGround(0, has_inputs=True)
    assert "no nodes yet" in retry_words(retry_plan(new_plan(), FAILED, empty, AGAIN, 7.0), empty)


@pytest.mark.parametrize(
    ("ground", "pool", "task_ids"),
    [
        (RetryGround(3, has_inputs=False), NewPool("p"), FAILED),
        (RetryGround(None, has_inputs=True), ExistingPool("p"), FAILED),
        (WHOLE, NewPool("p"), ("topword-00006", "somebody-else")),
    ],
    ids=["inputs gone", "another's pool gone", "a task we did not add"],
)
def test_what_cannot_run_again_is_refused(
    ground: RetryGround, pool: NewPool | ExistingPool, task_ids: tuple[str, ...]
) -> None:
    with pytest.raises(InputError):
        retry_plan(replace(new_plan(), pool=pool), task_ids, ground, AGAIN, 7.0)


def test_the_lineage_is_kept_and_a_plan_without_one_reads_as_before() -> None:
    plan = retry_plan(new_plan(), FAILED, WHOLE, AGAIN, 7.0)
    assert plan_from_json(plan_to_json(plan)) == plan
    assert "retry_of" not in plan_to_json(new_plan())
