"""What each finding of the pre-flight means: what blocks a start, what only warns, and with which remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.core.errors import (
    AccessRefused,
    BatchTuiError,
    InputError,
    LocalError,
    NotFound,
    ServiceFault,
    Throttled,
    Unreachable,
)
from tui.core.plan import ExistingPool, NewPool, PlannedInput, RunPlan
from tui.core.preflight import (
    Finding,
    InputTrouble,
    Item,
    Preflight,
    Verdict,
    blocked,
    items_of,
    judge_error,
    judge_image,
    judge_inputs,
    judge_names,
    judge_pool,
    judge_programs,
    not_finished,
    passed,
)
from tui.core.records import ImageInfo, ImageReference, PoolRecord, ResizeError

PLAN = RunPlan(
    "top-words-20261120-abc", "top-words", (PlannedInput("a.txt", 1, "/in/a.txt"),), NewPool("p"), 600.0, "/out"
)
ON_A_POOL = replace(PLAN, pool=ExistingPool("farm"))
IMAGE = ImageInfo(ImageReference("canonical", "ubuntu-24_04-lts", "server"), "batch.node.ubuntu 24.04", True, "linux")
POOL = PoolRecord("farm", "active", "steady", "Standard_D2s_v3", 2, 0, 2, 0, 1, 0.0)


def test_only_what_concerns_the_plan_is_looked_at() -> None:
    assert Item.IMAGE in items_of(PLAN, on_sandbox=False)
    assert Item.POOL not in items_of(PLAN, on_sandbox=False)
    assert Item.POOL in items_of(ON_A_POOL, on_sandbox=False)
    assert Item.IMAGE not in items_of(ON_A_POOL, on_sandbox=False)
    assert Item.PROGRAMS not in items_of(PLAN, on_sandbox=False)
    assert Item.PROGRAMS in items_of(PLAN, on_sandbox=True)


def test_names_wait_for_both_services_and_are_not_tried_where_one_failed() -> None:
    preflight = Preflight.of(PLAN, on_sandbox=False)
    assert Item.NAMES not in preflight.ready
    preflight = preflight.with_finding(passed(Item.BATCH, "")).with_finding(Finding(Item.STORAGE, Verdict.RUNNING))
    assert Item.IMAGE in preflight.ready
    assert Item.NAMES not in preflight.ready
    preflight = preflight.with_finding(Finding(Item.STORAGE, Verdict.FAILED, "no"))
    assert Item.NAMES in preflight.ready
    assert preflight.obstacle(Item.NAMES) is Item.STORAGE
    assert preflight.obstacle(Item.IMAGE) is None
    assert "Storage has to answer" in blocked(Item.NAMES, Item.STORAGE).detail


def test_it_is_over_once_everything_is_settled_and_warnings_are_no_failures() -> None:
    preflight = Preflight.of(PLAN, on_sandbox=False)
    for item in preflight.findings:
        assert not preflight.is_over
        preflight = preflight.with_finding(not_finished(item, 20.0))
    assert preflight.is_over
    assert preflight.failures == ()
    assert len(preflight.warnings) == len(preflight.findings)


@pytest.mark.parametrize(
    ("item", "error", "verdict"),
    [
        (Item.BATCH, Unreachable("No answer"), Verdict.FAILED),
        (Item.STORAGE, AccessRefused("Wrong key"), Verdict.FAILED),
        (Item.BATCH, Throttled("Slow down"), Verdict.WARNING),
        (Item.IMAGE, ServiceFault("500"), Verdict.WARNING),
        (Item.IMAGE, Unreachable("No answer"), Verdict.WARNING),
        (Item.INPUTS, NotFound("No such container"), Verdict.FAILED),
        (Item.DESTINATION, LocalError("Permission denied"), Verdict.FAILED),
        (Item.DESTINATION, InputError("A file"), Verdict.FAILED),
    ],
)
def test_an_error_blocks_only_where_the_run_could_not_succeed(
    item: Item, error: BatchTuiError, verdict: Verdict
) -> None:
    error.hint = "mend it"
    found = judge_error(item, error)
    assert (found.verdict, found.remedy) == (verdict, "mend it")
    assert error.title in found.detail


def test_inputs_that_are_not_as_they_were_are_named_with_what_is_wrong() -> None:
    assert judge_inputs(PLAN, InputTrouble()).verdict is Verdict.PASSED
    found = judge_inputs(PLAN, InputTrouble(missing=("a", "b", "c", "d"), unreadable=("e",), changed=("f",)))
    assert found.verdict is Verdict.FAILED
    assert found.detail == "a, b and 2 more not there any more; e cannot be read; f changed size since"


def test_a_name_that_is_taken_blocks_and_says_what_to_rename() -> None:
    assert judge_names(PLAN, (), is_known_run=False).verdict is Verdict.PASSED
    pool = judge_names(PLAN, ("pool p",), is_known_run=False)
    assert (pool.verdict, pool.detail) == (Verdict.FAILED, "pool p exists already")
    assert "another id" in pool.remedy
    several = judge_names(PLAN, ("container x", "job y"), is_known_run=False)
    assert several.detail == "container x, job y exist already"
    assert "rename the run" in several.remedy
    known = judge_names(PLAN, (), is_known_run=True)
    assert known.verdict is Verdict.FAILED
    assert "resume" in known.remedy


@pytest.mark.parametrize(
    ("pool", "verdict"),
    [
        (POOL, Verdict.PASSED),
        (None, Verdict.FAILED),
        (replace(POOL, state="deleting"), Verdict.FAILED),
        (replace(POOL, current_dedicated=0, target_dedicated=0), Verdict.WARNING),
        (
            replace(POOL, current_dedicated=0, resize_errors=(ResizeError("AccountCoreQuotaReached", "m"),)),
            Verdict.WARNING,
        ),
        (replace(POOL, current_dedicated=1, resize_errors=(ResizeError("AllocationFailed", "m"),)), Verdict.PASSED),
    ],
)
def test_an_existing_pool_blocks_only_where_it_never_takes_a_task(pool: PoolRecord | None, verdict: Verdict) -> None:
    assert judge_pool(ExistingPool("farm"), pool).verdict is verdict


def test_an_image_is_verified_gone_or_near_its_end() -> None:
    pool = NewPool("p")
    assert judge_image(pool, [IMAGE], 0.0).verdict is Verdict.PASSED
    assert judge_image(pool, [replace(IMAGE, is_verified=False)], 0.0).verdict is Verdict.FAILED
    assert judge_image(pool, [], 0.0).verdict is Verdict.FAILED
    ending = judge_image(pool, [replace(IMAGE, end_of_life_s=12.5 * 86_400)], 0.0)
    assert ending.verdict is Verdict.WARNING
    assert "12 days" in ending.detail


def test_a_missing_program_names_the_way_to_it() -> None:
    assert judge_programs({"python3": "/bin/python3"}).detail == "/bin/python3"
    found = judge_programs({"ffmpeg": None, "python3": "/bin/python3"})
    assert found.verdict is Verdict.FAILED
    assert "ffmpeg" in found.detail
    assert "python3" not in found.detail
    assert "batch-tui[media]" in found.remedy
