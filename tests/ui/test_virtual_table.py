"""The virtual table: what it shows, and that cursor and viewport stay with their rows."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from tests.support.pilot import wait_for
from tui.core.columns import Column
from tui.core.table_model import SortOrder, TableModel
from tui.ui.widgets.table_painter import fit
from tui.ui.widgets.virtual_table import VirtualTable


@dataclass(frozen=True)
class Row:
    id: str
    size: int = 0


COLUMNS = (
    Column[Row]("id", "ID", lambda row: row.id, width=6),
    Column[Row]("size", "SIZE", lambda row: str(row.size), width=6, align="right", sort_value=lambda row: row.size),
    Column[Row]("note", "NOTE", lambda row: f"note {row.id}", width=10, priority=1, flex=1),
)


def row_id(number: int) -> str:
    return f"r{number:03}"


class TableApp(App[None]):
    """A table of 100 rows, ten lines high, and the messages it posts."""

    CSS = "VirtualTable { height: 11; width: 100%; }"

    def __init__(self, rows: int = 100, aside_from: int = 1_000) -> None:
        super().__init__()
        self.model: TableModel[Row] = TableModel(COLUMNS, lambda row: row.id)
        self.model.replace(Row(row_id(number), number) for number in range(rows))
        self.table: VirtualTable[Row] = VirtualTable(self.model, empty_text="nothing here", aside_from=aside_from)
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.refresh_rows()
        self.table.focus()

    def on_virtual_table_row_selected(self, message: VirtualTable.RowSelected) -> None:
        self.posted.append(message)

    def on_virtual_table_marks_changed(self, message: VirtualTable.MarksChanged) -> None:
        self.posted.append(message)

    def on_virtual_table_sort_requested(self, message: VirtualTable.SortRequested) -> None:
        self.posted.append(message)
        self.table.sort_by(message.column_key)

    def lines(self) -> list[str]:
        return [self.table.render_line(y).text for y in range(self.table.size.height)]

    def cursor_line(self) -> int:
        """The line on screen that the cursor's row is painted on."""
        assert self.table.cursor_id is not None
        return next(y for y, line in enumerate(self.lines()) if line.split()[:1] == [self.table.cursor_id])


async def test_only_lines_on_screen_are_asked_for() -> None:
    asked: list[str] = []
    app = TableApp(1_000)

    def text(row: Row) -> str:
        asked.append(row.id)
        return row.id

    app.table.show_columns((Column("id", "ID", text, width=6),))
    async with app.run_test(size=(40, 20)):
        assert app.lines()[1].split() == ["r000"]
    assert set(asked) <= {row_id(number) for number in range(30)}


async def test_keys_move_the_cursor_and_the_viewport_follows() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        assert app.table.cursor_id == row_id(0)
        await pilot.press("down", "down")
        assert app.table.cursor_id == row_id(2)
        await pilot.press("pagedown")
        assert app.table.cursor_id == row_id(12)
        assert app.lines()[-1].split()[0] == row_id(12)
        await pilot.press("end")
        assert (app.table.cursor_id, app.lines()[-1].split()[0]) == (row_id(99), row_id(99))
        await pilot.press("home")
        assert (app.table.cursor_id, app.lines()[1].split()[0]) == (row_id(0), row_id(0))
        await pilot.press("up")
        assert app.table.cursor_id == row_id(0)


async def test_cursor_and_viewport_stay_on_the_row_when_it_moves() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.move_to(row_id(50))
        await pilot.press("up", "up", "up")
        line = app.cursor_line()
        app.table.sort_by("size")
        app.model.apply([Row(row_id(number), 500) for number in range(20)])
        app.table.refresh_rows()
        await wait_for(pilot, lambda: app.model.position_of(row_id(47)) == 27, "rows above moved below")
        assert (app.table.cursor_id, app.cursor_line()) == (row_id(47), line)
        app.model.sort(SortOrder("size", is_descending=True))
        app.table.refresh_rows()
        assert (app.table.cursor_id, app.cursor_line()) == (row_id(47), line)


async def test_a_viewport_scrolled_away_from_the_cursor_stays_on_its_rows() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.scroll_to(y=60, animate=False, immediate=True)
        await pilot.pause()
        assert app.lines()[1].split()[0] == row_id(60)
        app.model.replace([Row(row_id(number), number) for number in range(100) if number not in range(10, 20)])
        app.table.refresh_rows()
        await pilot.pause()
        assert app.lines()[1].split()[0] == row_id(60)
        assert app.table.cursor_id == row_id(0)


async def test_a_filter_that_hides_the_cursors_row_leaves_the_cursor_near() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.move_to(row_id(99))
        app.model.show_only(lambda row: "r00" in row.id)
        app.table.refresh_rows()
        await pilot.pause()
        assert app.table.cursor_id == row_id(9)
        app.model.show_only(lambda row: False)  # noqa: ARG005 - called by position
        app.table.refresh_rows()
        await pilot.pause()
        assert not app.table.cursor_id
        assert any("nothing here" in line for line in app.lines())
        await pilot.press("down", "enter", "space")
        app.model.show_only(None)
        app.table.refresh_rows()
        assert app.table.cursor_id == row_id(0)
        assert app.posted == []


async def test_the_cursor_stays_on_screen_wherever_a_filter_leaves_it() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.move_to(row_id(60))
        app.table.show_only(lambda row: row.size % 3 == 1)
        assert (app.table.cursor_id, app.cursor_line()) == (row_id(97), len(app.lines()) - 1)
        app.table.show_only(lambda row: False)  # noqa: ARG005 - called by position
        await pilot.pause()
        app.table.show_only(lambda row: row.size > 5)
        assert (app.table.cursor_id, app.cursor_line()) == (row_id(6), 1)


async def test_marks_by_key_are_told_and_shown() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.press("space", "shift+down", "shift+down")
        assert app.model.marked == {row_id(0), row_id(1), row_id(2), row_id(3)}
        assert [line.startswith("▐") for line in app.lines()[1:6]] == [True] * 4 + [False]
        await pilot.press("i")
        assert len(app.model.marked) == 96
        await pilot.press("u")
        assert app.model.marked == set()
        await wait_for(pilot, lambda: len(app.posted) == 5, "each change of marks was told")


async def test_the_mouse_moves_the_cursor_opens_a_row_and_sorts() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.click(app.table, offset=(5, 4))
        assert app.table.cursor_id == row_id(3)
        await pilot.double_click(app.table, offset=(5, 4))
        await pilot.click(app.table, offset=(12, 0))
        await pilot.click(app.table, offset=(12, 0))
        selected, *sorts = app.posted
        assert isinstance(selected, VirtualTable.RowSelected)
        assert selected.row_id == row_id(3)
        assert [message.column_key for message in sorts if isinstance(message, VirtualTable.SortRequested)] == [
            "size",
            "size",
        ]
        assert app.model.sort_order == SortOrder("size", is_descending=True)
        assert "SIZE▼" in app.lines()[0]
        assert app.table.cursor_id == row_id(3)


async def test_columns_leave_where_it_is_narrow_and_come_back() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        assert "NOTE" in app.lines()[0]
        await resize(pilot, 20)
        assert app.lines()[0].split() == ["ID", "SIZE"]
        await resize(pilot, 60)
        assert "NOTE" in app.lines()[0]
        assert {len(line) for line in app.lines()} == {app.table.size.width}


async def resize(pilot: Pilot[None], width: int) -> None:
    await pilot.resize_terminal(width, 20)
    await wait_for(pilot, lambda: pilot.app.size.width == width, "the terminal has its new width")


async def test_control_sequences_in_a_cell_are_made_visible() -> None:
    app = TableApp(0)
    async with app.run_test(size=(40, 20)) as pilot:
        app.model.replace([Row("a\x1b[2J")])
        app.table.refresh_rows()
        await pilot.pause()
        assert app.lines()[1].split()[0] == "a␛[2J"


def test_a_cell_has_exactly_its_width() -> None:
    assert fit("abc", 5) == "abc  "
    assert fit("abc", 5, "right") == "  abc"
    assert fit("abcdef", 4) == "abc…"
    assert fit("世界世界", 5) == "世界…"
    assert fit("世界世界", 4) == "世 …"
    assert fit("abc", 0) == ""


async def test_many_rows_are_sorted_aside_and_the_last_wish_is_what_is_shown() -> None:
    app = TableApp(aside_from=50)
    async with app.run_test(size=(40, 20)) as pilot:
        app.table.move_to(row_id(7))
        app.table.sort_by("id")
        app.table.sort_by("id")
        assert app.table.is_arranging
        await wait_for(pilot, lambda: not app.table.is_arranging, "the order is worked out")
        assert (app.model.id_at(0), app.table.cursor_id) == (row_id(99), row_id(7))
        app.table.show_only(lambda row: row.id.endswith("7"))
        app.model.replace([Row(row_id(number), number) for number in range(60)])
        await wait_for(pilot, lambda: not app.table.is_arranging, "the filter holds for the new rows too")
        assert [app.model.id_at(position) for position in range(len(app.model))][:2] == [row_id(57), row_id(47)]
