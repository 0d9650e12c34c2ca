"""What the last run chose comes back as it was, and a file that cannot be used costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.core.images import ImageChoice
from tui.core.run_draft import LastChoices
from tui.gateways.last_choices import CHOICES_FILE, ChoiceBook

CHOSEN = LastChoices(
    workload="ffmpeg-mp3",
    parameters={"words": "5"},
    pool_id="render-farm",
    vm_size="Standard_D4s_v3",
    image=ImageChoice("debian", "debian-12", "12"),
    dedicated="2",
    spot=None,
    slots="4",
    timeout="1h",
    delete_after=frozenset({"job", "pool"}),
)


def test_choices_and_folder_come_back_as_they_were(tmp_path: Path) -> None:
    book = ChoiceBook(tmp_path)
    book.remember_choices(CHOSEN)
    book.remember_folder("/home/user/größe")
    assert ChoiceBook(tmp_path).choices() == CHOSEN
    assert ChoiceBook(tmp_path).folder() == "/home/user/größe"
    assert (tmp_path / CHOICES_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"choices": 3, "folder": 4}', b'{"choices": {"workload": "x"}}']
)
def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CHOICES_FILE).write_bytes(content)
    book = ChoiceBook(tmp_path)
    assert (book.choices(), book.folder()) == (None, "")
    book.remember_choices(CHOSEN)
    assert book.choices() == CHOSEN


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file in the folder's place")
    book = ChoiceBook(tmp_path / "config")
    book.remember_choices(CHOSEN)
    assert book.choices() is None
