"""The table model against a naive one that sorts and filters everything after each change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.arrangement import sorted_in_runs
from tui.core.columns import Column, natural_key, place_columns
from tui.core.table_model import SortOrder, TableModel


@dataclass(frozen=True)
class Row:
    id: str
    name: str = ""
    size: int | None = None

    @property
    def is_odd(self) -> bool:
        return (self.size or 0) % 2 == 1


COLUMNS = (
    Column[Row]("id", "ID", lambda row: row.id, width=4, sort_value=lambda row: natural_key(row.id)),
    Column[Row]("name", "NAME", lambda row: row.name, width=8),
    Column[Row]("size", "SIZE", lambda row: str(row.size), width=4, sort_value=lambda row: row.size),
)


def new_model(*rows: Row) -> TableModel[Row]:
    model = TableModel(COLUMNS, lambda row: row.id)
    model.replace(rows)
    return model


def shown_ids(model: TableModel[Row]) -> list[str]:
    return [model.id_at(position) for position in range(len(model))]


class NaiveTable:
    """What `TableModel` promises, said as plainly as can be."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.sort: SortOrder | None = None
        self.only_odd = False
        self.marked: set[str] = set()

    def order(self) -> list[str]:
        rows = [row for row in self.rows.values() if self.accepts(row)]
        if self.sort is not None:
            column = next(column for column in COLUMNS if column.key == self.sort.column_key)
            valued = [row for row in rows if column.sort_key_of(row) is not None]
            valued.sort(key=column.sort_key_of, reverse=self.sort.is_descending)
            rows = valued + [row for row in rows if column.sort_key_of(row) is None]
        return [row.id for row in rows]

    def accepts(self, row: Row) -> bool:
        return not self.only_odd or row.is_odd


ROW_IDS = st.integers(0, 12).map(lambda number: f"t{number}")
ROWS = st.builds(Row, ROW_IDS, st.sampled_from(["", "ab", "AB", "b", "ß", "Ss"]), st.none() | st.integers(0, 5))
SORTS = st.none() | st.builds(SortOrder, st.sampled_from(["id", "name", "size"]), st.booleans())
CHANGES: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(st.just("apply"), st.lists(ROWS, max_size=6)),
    st.tuples(st.just("replace"), st.lists(ROWS, max_size=14)),
    st.tuples(st.just("mark"), st.lists(ROW_IDS, max_size=4)),
    st.tuples(st.just("sort"), SORTS),
    st.tuples(st.just("arrange"), st.tuples(SORTS, st.booleans(), st.lists(ROWS, max_size=4))),
    st.tuples(st.just("only odd"), st.booleans()),
    st.tuples(st.just("toggle"), ROW_IDS),
    st.tuples(st.just("range"), st.tuples(ROW_IDS, ROW_IDS)),
    st.tuples(st.just("all"), st.none()),
    st.tuples(st.just("invert"), st.none()),
)


def only_odd(is_wanted: bool) -> Callable[[Row], bool] | None:
    return (lambda row: row.is_odd) if is_wanted else None


def change(model: TableModel[Row], naive: NaiveTable, name: str, argument: Any) -> None:
    order = naive.order()
    match name:
        case "apply":
            model.apply(argument)
            naive.rows.update((row.id, row) for row in argument)
        case "replace":
            model.replace(argument)
            naive.rows = {row.id: row for row in argument}
        case "sort":
            model.sort(argument)
            naive.sort = argument
        case "arrange":
            naive.sort, naive.only_odd, meanwhile = argument
            found = model.arrangement(naive.sort, only_odd(naive.only_odd))
            model.apply(meanwhile)
            assert found.run()
            assert model.adopt(found)
            naive.rows.update((row.id, row) for row in meanwhile)
        case "only odd":
            model.show_only(only_odd(argument))
            naive.only_odd = argument
        case "toggle":
            model.toggle_mark(argument)
            naive.marked ^= {argument} & naive.rows.keys()
        case "mark":
            model.mark(argument)
            naive.marked |= set(argument)
        case "range":
            model.mark_range(*argument)
            if all(row_id in order for row_id in argument):
                low, high = sorted(map(order.index, argument))
                naive.marked |= set(order[low : high + 1])
        case "all":
            model.mark_shown()
            naive.marked |= set(order)
        case "invert":
            model.invert_marks()
            naive.marked ^= set(order)
    naive.marked &= naive.rows.keys()


@given(st.lists(CHANGES, max_size=30))
def test_any_sequence_of_changes_shows_what_a_naive_table_shows(changes: list[tuple[str, Any]]) -> None:
    model, naive = new_model(), NaiveTable()
    versions: dict[str, tuple[int, Row]] = {}
    cursor_id, cursor = "t3", 0
    for name, argument in changes:
        change(model, naive, name, argument)
        order = naive.order()
        settled = model.settle_cursor(cursor_id, cursor)
        near = min(cursor, len(order) - 1) if order else None
        assert settled == (order.index(cursor_id) if cursor_id in order else near)
        if settled is not None:
            cursor_id, cursor = model.id_at(settled), settled
        assert shown_ids(model) == order
        assert model.total == len(naive.rows)
        assert [model.row_at(position) for position in range(len(model))] == [naive.rows[row_id] for row_id in order]
        assert {row_id: model.position_of(row_id) for row_id in naive.rows} == {
            row_id: order.index(row_id) if row_id in order else None for row_id in naive.rows
        }
        assert model.marked == naive.marked
        assert model.hidden_mark_count == len(naive.marked - set(order))
        for position, row_id in enumerate(order):
            version, row = versions.get(row_id, (0, model.row_at(position)))
            assert model.version_at(position) > version or model.row_at(position) == row
            versions[row_id] = (model.version_at(position), model.row_at(position))


@given(st.integers(100, 400), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9)), max_size=9))
@pytest.mark.parametrize("is_descending", [False, True])
def test_few_changes_among_many_rows_are_placed_without_sorting_all(
    is_descending: bool, row_count: int, moves: list[tuple[int, int]]
) -> None:
    naive = NaiveTable()
    naive.rows = {f"t{number}": Row(f"t{number}", size=number % 7) for number in range(row_count)}
    naive.sort = SortOrder("size", is_descending)
    model = new_model(*naive.rows.values())
    model.sort(naive.sort)
    moved = [Row(f"t{number}", size=size or None) for number, size in moves]
    model.apply(moved)
    naive.rows.update((row.id, row) for row in moved)
    assert shown_ids(model) == naive.order()


def test_an_order_of_rows_that_are_gone_is_not_adopted_and_an_unwanted_one_is_given_up() -> None:
    model = new_model(Row("a"), Row("b"))
    found = model.arrangement(SortOrder("id", is_descending=True), None)
    assert not model.adopt(found)
    assert not found.run(lambda: True)
    again = model.arrangement(SortOrder("id", is_descending=True), None)
    model.replace([Row("c")])
    assert again.run()
    assert not model.adopt(again)
    assert shown_ids(model) == ["c"]


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("distinct", [1, 3, 100_000])
def test_an_order_dealt_into_runs_is_the_one_of_a_single_sort(is_descending: bool, distinct: int) -> None:
    keys = [(number * 7_919) % 100_003 % distinct for number in range(100_000)]
    order = list(range(0, 100_000, 2))
    expected = sorted(order, key=keys.__getitem__, reverse=is_descending)
    assert sorted_in_runs(order, keys, is_descending=is_descending) == expected


def test_a_full_list_that_repeats_what_is_known_changes_no_version() -> None:
    model = new_model(Row("a", "x"), Row("b", "y"))
    before = [model.version_at(position) for position in range(2)]
    model.replace([Row("a", "x"), Row("b", "y")])
    assert [model.version_at(position) for position in range(2)] == before
    model.replace([Row("b", "y"), Row("a", "z")])
    assert model.version_at(0) == before[1]
    assert model.version_at(1) > before[0]


def test_a_row_that_changes_under_a_filter_comes_and_goes() -> None:
    model = new_model(Row("a", "red"), Row("b", "blue"))
    model.show_only(lambda row: "red" in row.name)
    model.apply([Row("a", "green"), Row("b", "dark red")])
    assert shown_ids(model) == ["b"]
    model.apply([Row("c", "reddish")])
    assert shown_ids(model) == ["b", "c"]


def test_a_cursor_goes_with_its_row_and_stays_near_when_the_row_is_gone() -> None:
    model = new_model(*(Row(name, size=number) for number, name in enumerate("abcd")))
    model.sort(SortOrder("size", is_descending=True))
    assert model.settle_cursor("a", 0) == 3
    model.show_only(lambda row: row.id == "b")
    assert model.settle_cursor("a", 3) == 0
    model.show_only(lambda row: False)  # noqa: ARG005 - called by position
    assert model.settle_cursor("a", 0) is None


def test_sorting_by_an_unknown_column_is_refused() -> None:
    with pytest.raises(KeyError):
        new_model().sort(SortOrder("colour"))


def test_natural_keys_compare_numbers_as_numbers() -> None:
    assert sorted(["t10", "t9", "T1", "", "7", "a"], key=natural_key) == ["", "7", "a", "T1", "t9", "t10"]


def test_columns_leave_by_priority_and_share_what_is_left() -> None:
    def column(key: str, width: int, priority: int = 0, flex: int = 0) -> Column[Row]:
        return Column(key, key, lambda row: row.id, width=width, priority=priority, flex=flex)

    columns = (column("a", 10), column("b", 5, priority=1), column("c", 5, priority=2), column("d", 4, flex=1))
    assert [(placed.column.key, placed.start, placed.width) for placed in place_columns(columns, 40, start=2)] == [
        ("a", 2, 10),
        ("b", 14, 5),
        ("c", 21, 5),
        ("d", 28, 12),
    ]
    assert [placed.column.key for placed in place_columns(columns, 29)] == ["a", "b", "d"]
    assert [placed.column.key for placed in place_columns(columns, 5)] == ["a", "d"]
