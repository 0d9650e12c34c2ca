"""The new run screen: from defaults to a plan, back and forth without loss, and why it stays where it stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Button

from tests.support.new_runs import NARROW, Account, draft_with_files, pool, shown
from tui.core.plan import NewPool
from tui.core.run_draft import LastChoices, RunDraft
from tui.ui.bindings import undescribed
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.new_run.form import Choice, FormInput, Pick, Tick
from tui.ui.screens.new_run.image_picker import ImagePicker
from tui.ui.screens.new_run.remote_list import RemoteList
from tui.ui.screens.new_run.review import ReviewPane
from tui.ui.screens.new_run.screen import INPUTS, POOL_JOB, REVIEW, WORKLOAD, NewRunScreen
from tui.ui.screens.new_run.workload import WorkloadList


@pytest.fixture
def draft(tmp_path: Path) -> RunDraft:
    return draft_with_files(tmp_path)


async def test_defaults_to_start(draft: RunDraft) -> None:
    async with shown(draft) as run:
        await run.press("enter")
        await run.until_so(lambda: run.screen.step == INPUTS, "the inputs are shown")
        await run.pilot.click("#next")
        await run.until("● Pool & job", "make a new pool", "Standard_D2s_v3")
        assert run.account.calls == []
        assert run.account.preflight.plans == []
        await run.press("enter")
        await run.until("● Review", "✓ 7 of 7", "Nothing has been created yet", f"{draft.run_id}-application")
        assert run.results == []
        await run.press("enter")
        await run.until_so(lambda: run.results, "the screen is left")
        plan = run.results[0]
        assert plan is not None
        assert (plan.run_id, plan.pool) == (draft.run_id, NewPool(draft.run_id, dedicated=3))
        assert [item.local_path for item in plan.inputs] == [choice.local_path for choice in draft.files]
        assert plan is run.account.preflight.plans[-1]
        assert run.account.remembered == [LastChoices()]


async def test_back_and_forth_keeps_what_was_typed(draft: RunDraft) -> None:
    async with shown(draft, step=POOL_JOB) as run:
        run.field("vm-size").value = "Standard_D2s_v3x!"
        run.field("retries").value = "2"
        await run.until("✗ 'Standard_D2s_v3x!' is not a VM size")
        await run.press("escape", "escape", "down")
        await run.until("● Workload", "✗ Pool & job", "ffmpeg-mp3-20261120")
        await run.press("up")
        await run.go(POOL_JOB)
        await run.until("Standard_D2s_v3x!")
        assert (run.draft.vm_size, run.draft.retries) == ("Standard_D2s_v3x!", "2")


async def test_a_parameter_is_judged_as_it_is_typed_and_what_is_seldom_used_is_folded_away(draft: RunDraft) -> None:
    async with shown(draft) as run:
        assert "Seconds to wait" not in run.text
        await run.press("tab", "tab", "enter")
        await run.until("Seconds to wait")
        await run.press("tab", "end", ".", "5")
        await run.until_so(lambda: run.draft.parameters == {"delay": "0.5"}, "the delay is taken")
        run.field("words").value = "300000"
        await run.until("✗ Words per file: '300000' cannot be used")
        assert "'300000' cannot be used" in run.line("Words per file ")
        assert run.screen.query_one("#next", Button).disabled
        await run.press("enter")
        assert run.screen.step == WORKLOAD
        await run.until_so(lambda: run.focus_is_in(run.field("words")), "the field has the focus")
        run.field("words").value = "3"
        await run.until_gone("✗")
        await run.press("enter")
        await run.until_so(lambda: run.screen.step == INPUTS, "on to the inputs")
        assert run.draft.parameters == {"words": "3", "delay": "0.5"}


async def test_enter_goes_from_problem_to_problem_and_unfolds_what_is_folded_away(draft: RunDraft) -> None:
    async with shown(replace(draft, typed_spot="many", priority="high"), step=POOL_JOB) as run:
        await run.until("✗ Spot nodes: 'many' is not a whole number; from 0 to 2,500 (and 1 more)")
        await run.press("enter")
        await run.until_so(lambda: run.focus_is_in(run.field("spot")), "the field has the focus")
        run.field("spot").value = "0"
        await run.until("▶ Advanced · ✗ 1 to mend", "✗ Priority: 'high' is not a whole number")
        await run.press("enter")
        await run.until("▼ Advanced")
        await run.until_so(lambda: run.focus_is_in(run.field("priority")), "it has the focus")
        run.field("priority").value = "0"
        await run.until_so(lambda: not run.screen.query_one("#next", Button).disabled, "it goes on")
        assert "✗" not in run.text


async def test_what_nobody_touched_follows_the_runs_name_and_ticks_say_what_is_deleted(draft: RunDraft) -> None:
    async with shown(draft, step=POOL_JOB) as run:
        run.field("name").value = "mine"
        await run.until("/jobs/mine")
        assert (run.draft.new_pool_id, run.draft.typed_new_pool_id) == ("mine", None)
        assert run.draft.typed_destination is None
        run.screen.pane.query(Tick)[1].focus()
        await run.press("space")
        await run.until("[✓] pool")
        await run.go(REVIEW)
        await run.until("pool deleted once the outputs are here", "mine-application")


async def test_another_workload_brings_its_nodes_and_leaving_asks_while_it_would_be_lost(draft: RunDraft) -> None:
    async with shown(draft) as run:
        await run.press("down")
        await run.until(".mp4 files", "5 Spot", "ffmpeg-mp3-20261120")
        assert (run.draft.dedicated, run.draft.spot) == ("0", "5")
        await run.press("escape")
        await run.until("Discard this run?")
        await run.press("escape")
        await run.until_so(lambda: run.screen.is_current, "it stays")
        await run.press("up", "escape")
        await run.until_so(lambda: run.results == [None], "nothing to lose: it leaves")


async def test_a_run_is_discarded_once_that_is_confirmed(draft: RunDraft) -> None:
    async with shown(draft) as run:
        await run.press("down", "escape")
        await run.until_so(lambda: isinstance(run.pilot.app.screen, ConfirmDialog), "it asks")
        await run.pilot.click("#confirm")
        await run.until_so(lambda: run.results == [None], "it is left")


async def test_a_click_on_the_rail_goes_to_the_step(draft: RunDraft) -> None:
    async with shown(draft) as run:
        await run.pilot.click("NewRunRail", offset=(4, 7))
        await run.until_so(lambda: run.screen.step == POOL_JOB, "pool and job are shown")
        await run.pilot.resize_terminal(*NARROW)
        await run.until("○ Review")
        column = run.line("○ Review").index("Review")
        await run.pilot.click("NewRunRail", offset=(column, 0))
        await run.until_so(lambda: run.screen.step == REVIEW, "the review is shown")


async def test_every_step_is_whole_on_a_small_terminal(draft: RunDraft) -> None:
    async with shown(draft, size=NARROW) as run:
        for step, texts in (
            (WORKLOAD, ("Top words", "MP4 to MP3", "Words per file", "▶ More")),
            (POOL_JOB, ("Image", "VM size", "dedicated", "Time limit", "Outputs", "Then delete", "▶ Advanced")),
            (REVIEW, ("containers", "✓ Outputs have a place", "Start")),
        ):
            await run.go(step)
            await run.until("✓ Workload" if step else "● Workload", "Review", *texts)
        await run.pilot.resize_terminal(80, 50)
        await run.until("$AZ_BATCH_NODE_SHARED_DIR")
        command = run.line("$AZ_BATCH_NODE_SHARED_DIR").rstrip(" │▁▂▃▄▅▆▇█")
        assert command.endswith("/"), f"a path too long for a line breaks between its parts: {command}"


async def test_what_is_folded_away_is_reached_on_a_small_terminal(draft: RunDraft) -> None:
    account = Account(pools=tuple(pool(f"farm-{number}", 1) for number in range(12)))
    wrong = replace(draft, uses_existing_pool=True, pool_id="farm-1", retries="often")
    async with shown(wrong, account, size=NARROW, step=POOL_JOB) as run:
        await run.until("farm-1", "✗ Retries: 'often' is not a whole number")
        await run.press("enter")
        await run.until_so(lambda: run.focus_is_in(run.field("retries")), "the field has the focus")
        await run.until("✗ 'often' is not a whole number")


async def test_without_the_right_to_change_anything_nothing_starts(draft: RunDraft) -> None:
    async with shown(draft, step=REVIEW, is_read_only=True) as run:
        await run.until("✓ 7 of 7")
        assert not run.screen.query_one("#next", Button).display
        await run.press("enter")
        await run.pilot.pause()
        assert run.results == []
        assert "Start" not in run.text


def test_every_key_says_what_it_does() -> None:
    owners = (NewRunScreen, ReviewPane, RemoteList, ImagePicker, WorkloadList, FormInput, Choice, Tick, Pick)
    assert [undescribed(vars(owner)["BINDINGS"]) for owner in owners] == [[]] * len(owners)
