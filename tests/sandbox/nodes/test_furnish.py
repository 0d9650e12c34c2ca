"""A node's own folders are its owner's alone, whatever folders there were and whatever the process leaves to others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tui.sandbox.nodes.furnish import furnish
from tui.sandbox.nodes.layout import ROOT_FOLDERS, NodeLayout


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_nobody_else_enters_a_node(tmp_path: Path, mask: int) -> None:
    layout = NodeLayout.of(tmp_path / "state" / "nodes", "pool", "node")
    before = os.umask(mask)
    try:
        furnish(layout)
    finally:
        os.umask(before)
    own = (layout.base, layout.bin, layout.home, layout.tmp, layout.venv, layout.root)
    below = [layout.root / name for name in ROOT_FOLDERS]
    for folder in (tmp_path / "state", tmp_path / "state" / "nodes", *own, *below):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
