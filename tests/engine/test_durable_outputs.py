"""A run that deletes its containers has its outputs on the disk by then, not only in the machine's memory."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import ALL_PARTS, make_world


def test_outputs_are_on_the_disk_before_their_container_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, synced = make_world(tmp_path), set[int]()
    at_deletion: list[set[int]] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.add(os.fstat(file).st_ino))
    world.faults.before_call = lambda name: at_deletion.append(set(synced)) if name == "delete_container" else None
    world.plan = replace(world.plan, delete_after=ALL_PARTS)
    assert world.execute().exit_code == 0
    files = {(world.destination / name).stat().st_ino for name in world.downloaded()}
    assert len(files) == 3
    assert files <= at_deletion[0]
    assert world.destination.stat().st_ino in at_deletion[0]
