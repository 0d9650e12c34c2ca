"""What is asked before a headless run makes anything."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.cli.canned import START_S, plan
from tui import wiring
from tui.commands.headless import new_run_id, require_pool
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
