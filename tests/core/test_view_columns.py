"""Columns as chosen: order, width, and columns that came or went since."""

from __future__ import annotations

from tests.support.runs import NOW_S, new_plan
from tui.core.task_table import task_columns
from tui.core.view_columns import NARROWEST, ColumnChoice, chosen, completed, default_choice, moved, widened

COLUMNS = task_columns(new_plan(), lambda: NOW_S)
KEYS = [column.key for column in COLUMNS]


def shown(*choice: ColumnChoice) -> list[tuple[str, int]]:
    return [(column.key, column.width) for column in chosen(COLUMNS, choice)]


def test_without_a_choice_it_is_the_default() -> None:
    assert shown() == [(column.key, column.width) for column in COLUMNS if column.is_default]
    assert {column.key for column in COLUMNS} > {key for key, _ in shown()}


def test_order_and_width_are_those_chosen_and_what_is_unknown_is_let_go() -> None:
    hidden = [ColumnChoice(key, is_shown=False) for key in KEYS if key not in ("exit", "code")]
    choice = (ColumnChoice("code", width=30), ColumnChoice("gone", width=9), ColumnChoice("exit"), *hidden)
    assert shown(*choice) == [("code", 30), ("exit", 4)]
    assert [item.key for item in completed(COLUMNS, choice)][:2] == ["code", "exit"]
    assert {item.key for item in completed(COLUMNS, choice[:1])} == set(KEYS)


def test_hiding_every_column_hides_none() -> None:
    assert shown(*(ColumnChoice(key, is_shown=False) for key in KEYS)) == shown()


def test_moving_stops_at_the_ends_and_widths_within_reason() -> None:
    choice = default_choice(COLUMNS)
    assert [item.key for item in moved(choice, 1, -1)][:2] == ["state", "task"]
    assert moved(choice, 0, -1) == choice
    assert moved(choice, len(choice) - 1, 1) == choice
    assert widened(COLUMNS[2], ColumnChoice("exit"), 1).width == 5
    assert widened(COLUMNS[2], ColumnChoice("exit", width=NARROWEST), -1).width == NARROWEST
