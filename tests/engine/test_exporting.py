"""A file is replaced whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.core.errors import LocalError
from tui.engine.exporting import replace_file


def test_the_new_content_stands_in_place_of_the_old(tmp_path: Path) -> None:
    target = tmp_path / "tasks.csv"
    target.write_text("old")
    assert replace_file(str(target), ["größer\r\n", "b"]) == len("größer\r\nb".encode())
    assert target.read_bytes() == "größer\r\nb".encode()
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_on_the_way_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "tasks.csv"
    target.write_text("good")

    def pieces() -> Iterator[str]:
        yield "half"
        raise OSError(28, "No space left on device")

    with pytest.raises(LocalError, match="No space left"):
        replace_file(str(target), pieces())
    assert target.read_text() == "good"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(LocalError):
        replace_file(str(tmp_path / "nowhere" / "a.csv"), ["x"])
