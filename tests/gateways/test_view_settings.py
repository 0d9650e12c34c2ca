"""What was chosen is there at the next start, and a spoilt file is as good as none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.core.view_columns import ColumnChoice
from tui.gateways.view_settings import VIEWS_FILE, ViewBook

CHOICE = (ColumnChoice("exit", width=7), ColumnChoice("task", is_shown=False))


def test_columns_are_remembered_by_view(tmp_path: Path) -> None:
    ViewBook(tmp_path).remember_columns("tasks", CHOICE)
    ViewBook(tmp_path).remember_columns("other", ())
    assert ViewBook(tmp_path).columns("tasks") == CHOICE
    assert ViewBook(tmp_path).columns("other") == ViewBook(tmp_path).columns("new") == ()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"tasks": 3}', '{"tasks": [{}]}', '{"tasks": [{"key": 1}]}'])
def test_a_spoilt_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / VIEWS_FILE).write_text(content)
    assert ViewBook(tmp_path).columns("tasks") == ()
    ViewBook(tmp_path).remember_columns("tasks", CHOICE)
    assert ViewBook(tmp_path).columns("tasks") == CHOICE


def test_the_theme_is_remembered_beside_the_views(tmp_path: Path) -> None:
    ViewBook(tmp_path).remember_columns("tasks", CHOICE)
    assert ViewBook(tmp_path).theme() == ""
    ViewBook(tmp_path).remember_theme("nord")
    assert ViewBook(tmp_path).theme() == "nord"
    assert ViewBook(tmp_path).columns("tasks") == CHOICE
