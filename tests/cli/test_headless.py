"""What is asked before a headless run makes anything, and what is said where it was stopped."""

from __future__ import annotations

import io
import random
from dataclasses import replace

import pytest

from tests.cli.canned import RUN_ID, START_S, plan, summary
from tui import wiring
from tui.commands.headless import new_run_id, require_pool, tell_what_stopped
from tui.console.safe_text import Output
from tui.core.errors import InputError
from tui.core.plan import ExistingPool
from tui.core.records import PoolRecord


class Pools:
    """An account with one pool."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_pool(self, pool_id: str) -> PoolRecord | None:
        self.asked.append(pool_id)
        return (
            PoolRecord("mine", "active", "steady", "standard_d2s_v3", 1, 0, 1, 0, 1, 0.0) if pool_id == "mine" else None
        )


def test_a_pool_that_is_not_there_is_found_out_before_anything_is_made() -> None:
    with pytest.raises(InputError, match="no pool called theirs") as caught:
        require_pool(replace(plan(), pool=ExistingPool("theirs")), Pools())
    assert caught.value.hint.startswith("nothing was created")


@pytest.mark.parametrize(
    ("exit_code", "is_told"), [(0, False), (1, False), (2, True), (3, True), (4, True), (130, False)]
)
def test_what_stopped_a_run_is_an_error_and_how_its_tasks_ended_is_none(exit_code: int, is_told: bool) -> None:
    stderr = io.StringIO()
    ended = summary(
        exit_code=exit_code, outcome="The limit of the run passed", hint=f"`batch-tui runs resume {RUN_ID}`"
    )
    tell_what_stopped(ended, Output(stderr))
    error = f"Error: The limit of the run passed\n  Hint: `batch-tui runs resume {RUN_ID}`\n"
    assert stderr.getvalue() == (error if is_told else "")


def test_a_pool_that_is_there_or_is_to_be_made_is_no_trouble() -> None:
    pools = Pools()
    require_pool(replace(plan(), pool=ExistingPool("mine")), pools)
    require_pool(plan(), pools)
    assert pools.asked == ["mine"], "nothing is asked about a pool that the run makes"


def test_a_name_that_a_run_of_this_machine_has_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "SystemRandom", lambda: random.Random(7))
    first = new_run_id("top-words", START_S)
    journal = wiring.journals(wiring.clock()).path(first)
    journal.parent.mkdir(parents=True)
    journal.touch()
    assert new_run_id("top-words", START_S) != first
