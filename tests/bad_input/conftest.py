"""A real sandbox for the rows that need one, and file systems that stop even root."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Machine, machine

__all__ = ["Machine", "machine"]

Mount = Callable[[str], Path]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a memory file system with the given options; skips where that is not allowed."""
    made: list[Path] = []

    def mount(options: str) -> Path:
        place = tmp_path / f"mounted-{len(made)}"
        place.mkdir()
        tried = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
            capture_output=True, text=True, check=False, timeout=10,
        )  # fmt: skip
        if tried.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {tried.stderr.strip()}")
        made.append(place)
        return place

    yield mount
    for place in made:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=10)
