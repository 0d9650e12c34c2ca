"""What the commands are made of."""

from __future__ import annotations

from pathlib import Path

from tui import wiring


def test_own_files_are_below_the_users_own_home(own_home: Path) -> None:
    paths = wiring.paths()
    for folder in (paths.config, paths.state, paths.cache, paths.log):
        assert folder.is_relative_to(own_home)
        assert "batch-tui" in folder.parts
        assert not folder.exists()
