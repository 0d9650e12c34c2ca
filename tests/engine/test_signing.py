"""Signatures: one expiry for each container and kind of access, never too near its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.world import make_world
from tui.core.plan import SAS_MARGIN_S
from tui.core.specs import SignedReference
from tui.engine.signing import RunSigner

_BOX = SignedReference("box", "cw")


def test_one_container_is_signed_once(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    sign = RunSigner(world.storage, world.clock, world.plan)
    assert {sign(_BOX).reveal() for _ in range(5)} == {sign(_BOX).reveal()}
    assert len(world.storage.signed) == 1


def test_blobs_of_a_container_share_its_expiry(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    sign = RunSigner(world.storage, world.clock, world.plan)
    for name in ("a", "b"):
        sign(SignedReference("box", "r", name))
        world.clock.advance(60.0)
    assert len({expires_s for _, _, expires_s, _ in world.storage.signed}) == 1


def test_what_comes_late_gets_a_new_one(tmp_path: Path) -> None:
    """Whatever is handed out lives at least as long as a run that begins now."""
    world = make_world(tmp_path)
    sign = RunSigner(world.storage, world.clock, world.plan)
    for _ in range(10):
        sign(_BOX)
        expires_s = world.storage.signed[-1][2]
        assert expires_s - world.clock.now_s() >= world.plan.timeout_s
        world.clock.advance(SAS_MARGIN_S / 3)
    assert len(world.storage.signed) > 1


@pytest.mark.parametrize("set_by_s", [3 * 86_400.0, -3 * 86_400.0])
def test_what_is_signed_after_the_clock_was_set_right_goes_by_the_right_time(tmp_path: Path, set_by_s: float) -> None:
    world = make_world(tmp_path)
    sign = RunSigner(world.storage, world.clock, world.plan)
    sign(_BOX)
    world.clock.set_by_s = set_by_s
    sign(_BOX)
    before_s, after_s = (expires_s for _, _, expires_s, _ in world.storage.signed)
    assert after_s - world.clock.wall_s() == pytest.approx(world.plan.sas_lifetime_s)
    assert after_s - before_s == pytest.approx(set_by_s)
