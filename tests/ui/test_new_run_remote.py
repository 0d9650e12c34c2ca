"""What the new run screen asks the service: pools, images, the pre-flight; shown as under way, left at will, judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from tests.support.new_runs import IMAGES, POOLS, Account, HeldCalls, draft_with_files, shown
from tui.core.errors import Unreachable
from tui.core.images import UBUNTU_LTS, ImageChoice
from tui.core.plan import ExistingPool
from tui.core.preflight import Item, failed, warned
from tui.core.run_draft import RunDraft
from tui.ui.screens.new_run.image_picker import ImagePicker, usable_images
from tui.ui.screens.new_run.pool_list import PoolList, pool_state
from tui.ui.screens.new_run.screen import POOL_JOB, REVIEW, WORKLOAD


@pytest.fixture
def draft(tmp_path: Path) -> RunDraft:
    return draft_with_files(tmp_path)


# Pools


async def test_an_existing_pool_is_picked_from_a_list_that_loads_in_the_background(draft: RunDraft) -> None:
    held = HeldCalls()
    async with shown(draft, step=POOL_JOB, changes={"run_blocking": held}) as run:
        await run.press("right")
        await run.until("asking the service for its pools", "✗ Pool: no pool was picked")
        await run.press("escape")
        await run.until("● Inputs")
        held.release()
        await run.go(POOL_JOB)
        await run.until("4 pools · 0.0 s ago", "✓ steady", "12 nodes × 4 slots", "! short", "✗ deleting", "○ empty")
        assert run.account.calls == ["pools"]
        assert run.draft.pool_id == "render-farm"
        await run.press("tab", "down", "enter")
        await run.until("✓ 7 of 7", "runs on short-one")
        plan = run.account.preflight.plans[-1]
        assert plan.pool == ExistingPool("short-one")


async def test_pools_that_come_after_another_workload_was_chosen_type_nothing(draft: RunDraft) -> None:
    held = HeldCalls()
    last = replace(draft, uses_existing_pool=True, pool_id="render-farm")
    async with shown(last, step=POOL_JOB, changes={"run_blocking": held}) as run:
        await run.until("asking the service for its pools")
        await run.go(WORKLOAD)
        await run.press("down")
        await run.until_so(lambda: run.draft.workload_name == "ffmpeg-mp3", "another workload is chosen")
        chosen = run.draft
        held.release()
        await run.until("✓ Pool & job")
        await run.go(POOL_JOB)
        await run.until("4 pools", chosen.timeout)
        assert run.draft == chosen


async def test_an_account_without_pools_says_what_to_do(draft: RunDraft) -> None:
    async with shown(draft, Account(pools=()), step=POOL_JOB) as run:
        await run.press("right")
        await run.until("The account has no pool; make a new one above.")


async def test_a_list_that_cannot_be_read_says_why_and_read_again_finds_the_pool_of_the_last_run(
    draft: RunDraft,
) -> None:
    account = Account(error=Unreachable("Batch does not answer", "connection refused", "look at the network"))
    async with shown(replace(draft, uses_existing_pool=True, pool_id="short-one"), account, step=POOL_JOB) as run:
        await run.until("✗ Batch does not answer: connection refused", "look at the network", "r asks again")
        account.error = None
        await run.press("tab", "r")
        await run.until("4 pools", "render-farm")
        assert run.draft.pool_id == "short-one"
        chosen = run.screen.query_one(PoolList).chosen
        assert chosen is not None
        assert chosen.id == "short-one"


async def test_a_pool_that_is_gone_or_on_its_way_out_is_not_run_on(draft: RunDraft) -> None:
    async with shown(replace(draft, uses_existing_pool=True, pool_id="gone"), step=POOL_JOB) as run:
        await run.until("✗ Pool: the pool of the last run is gone; pick one of the list")
        await run.press("tab", "down")
        await run.until_gone("✗ Pool:")
        await run.press("end")
        await run.until("✗ Pool: old is being deleted")
        assert run.screen.query_one("#next", Button).disabled


def test_the_state_of_a_pool_is_a_glyph_and_a_word() -> None:
    states = {pool.id: pool_state(pool)[0] for pool in POOLS}
    assert states == {"old": "✗ deleting", "nightly": "○ empty", "render-farm": "✓ steady", "short-one": "! short"}
    assert pool_state(replace(POOLS[2], allocation_state="resizing"))[0] == "● resizing"


# Images


def test_only_images_that_can_run_the_tasks_are_offered_the_default_first() -> None:
    offered = [str(image.reference) for image in usable_images(IMAGES, now_s=1.7e9)]
    assert offered == [
        "canonical ubuntu-24_04-lts server",
        "canonical 0001-com-ubuntu-server-jammy 22_04-lts",
        "debian debian-12 12-gen2",
    ]


async def test_the_image_picker_is_left_while_it_loads_and_once_it_has_an_image_is_searched_and_chosen(
    draft: RunDraft,
) -> None:
    held = HeldCalls()
    async with shown(draft, step=POOL_JOB, changes={"run_blocking": held}) as run:
        await run.press("tab", "space")
        await run.until("asking the service for its images")
        await run.press("escape")
        await run.until_so(lambda: run.screen.is_current, "it is left")
        held.release()
        await run.pilot.pause()
        assert run.draft.image == UBUNTU_LTS
        await run.press("space")
        await run.until("asking the service for its images")
        held.release()
        await run.until("canonical ubuntu-24_04-lts server", "debian debian-12", "✓ verified", "default")
        assert "unproven" not in run.text
        picker = run.pilot.app.screen
        assert isinstance(picker, ImagePicker)
        picker.query_one(Input).value = "12 DEB"
        await run.until_gone("jammy")
        await run.press("enter")
        await run.until_so(lambda: run.draft.image == ImageChoice("debian", "debian-12", "12-gen2"), "it is chosen")
        await run.until("debian debian-12 12-gen2")


# The pre-flight


async def test_an_obstacle_keeps_the_run_from_starting_and_a_warning_does_not(draft: RunDraft) -> None:
    account = Account()
    account.preflight.findings[Item.NAMES] = failed(Item.NAMES, "pool p exists already", "give it another id")
    async with shown(draft, account, step=REVIEW) as run:
        await run.until("✗ 1 obstacle", "pool p exists already", "→ give it another id")
        assert run.screen.query_one("#next", Button).disabled
        assert "✗ pre-flight: pool p exists already" in run.text
        await run.press("enter")
        assert run.screen.is_current
        account.preflight.findings = {Item.IMAGE: warned(Item.IMAGE, "support ends in 3 days", "pick a newer one")}
        await run.press("r")
        await run.until("! 1 warning", "support ends in 3 days", "→ pick a newer one")
        assert "obstacle" not in run.text
        await run.press("enter")
        await run.until_so(lambda: run.results, "it is started")
    assert len(account.preflight.plans) == 2


async def test_a_check_that_breaks_off_is_no_check_that_takes_long_and_leaving_ends_one_that_does(
    draft: RunDraft,
) -> None:
    account = Account()
    account.preflight.defect = ZeroDivisionError("nobody foresaw this")
    async with shown(draft, account, step=REVIEW) as run:
        await run.until("✗ it broke off: ZeroDivisionError: nobody foresaw this")
        assert run.screen.query_one("#next", Button).disabled
        account.preflight.defect, account.preflight.hangs_at = None, Item.IMAGE
        await run.press("r")
        await run.until("● 4 of 7 checked so far", "● Image is verified", "checking…")
        assert run.screen.query_one("#next", Button).disabled
        await run.press("enter")
        assert run.screen.is_current
        await run.press("escape")
        await run.until_so(account.preflight.stopped.is_set, "the pre-flight is stopped")
        assert run.screen.step == POOL_JOB


async def test_a_review_without_a_plan_says_what_is_missing_and_checks_nothing(draft: RunDraft) -> None:
    async with shown(replace(draft, typed_timeout="soon"), step=REVIEW) as run:
        await run.until("once nothing is missing", "✗ Time limit: 'soon' is not a duration; like 30m, 1h30m or 90s")
        assert run.account.preflight.plans == []
        assert run.screen.query_one("#next", Button).disabled
