"""Pictures of the new run screen, a step each: canned account, frozen clock, UTC."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.new_runs import COMFORTABLE, NARROW, Account, draft_with_files
from tests.support.pilot import wait_for
from tests.support.runs import new_services
from tui.core.preflight import Item, failed, warned
from tui.core.run_draft import RunDraft
from tui.ui.app import BatchTui
from tui.ui.screens.new_run.screen import POOL_JOB, REVIEW, WORKLOAD, NewRunScreen

SnapCompare = Callable[..., bool]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clocks on screen are local: here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def draft(tmp_path: Path) -> RunDraft:
    return draft_with_files(tmp_path)


def compare(
    snap_compare: SnapCompare,
    draft: RunDraft,
    step: int,
    *keys: str,
    until: str,
    size: tuple[int, int],
    account: Account | None = None,
    theme: str = "batch-dark",
) -> bool:
    """The picture of a step after `keys`, once `until` is on it."""
    screen = NewRunScreen(new_services(), (account or Account()).services(), draft, opening_step=step)

    async def run_before(pilot: Pilot[int]) -> None:
        def has(text: str) -> bool:
            return any(text in strip.text for strip in pilot.app.screen._compositor.render_strips())

        await wait_for(pilot, lambda: screen.is_current and screen.focused, "the screen has its focus")
        await pilot.press(*keys)
        await wait_for(pilot, lambda: has(until), f"on screen: {until}")

    return snap_compare(BatchTui(lambda: screen, theme=theme), terminal_size=size, run_before=run_before)


def test_workload(snap_compare: SnapCompare, draft: RunDraft) -> None:
    assert compare(snap_compare, draft, WORKLOAD, until="Words per file", size=NARROW)


def test_new_pool_with_something_to_mend(snap_compare: SnapCompare, draft: RunDraft) -> None:
    wrong = replace(draft, typed_dedicated="3x")
    assert compare(snap_compare, wrong, POOL_JOB, until="'3x' is not a whole number", size=COMFORTABLE)


def test_existing_pool(snap_compare: SnapCompare, draft: RunDraft) -> None:
    keys = ("right", "tab")
    assert compare(snap_compare, draft, POOL_JOB, *keys, until="render-farm", size=NARROW, theme="batch-light")


def test_images(snap_compare: SnapCompare, draft: RunDraft) -> None:
    assert compare(snap_compare, draft, POOL_JOB, "tab", "space", until="debian-12", size=NARROW)


@pytest.mark.parametrize("size", [NARROW, COMFORTABLE], ids=["narrow", "comfortable"])
def test_review(snap_compare: SnapCompare, draft: RunDraft, size: tuple[int, int]) -> None:
    account = Account()
    account.preflight.findings[Item.NAMES] = failed(Item.NAMES, "pool p exists already", "give it another id")
    account.preflight.findings[Item.IMAGE] = warned(Item.IMAGE, "support ends in 3 days", "pick a newer one")
    assert compare(snap_compare, draft, REVIEW, until="✗ 1 obstacle", size=size, account=account)
