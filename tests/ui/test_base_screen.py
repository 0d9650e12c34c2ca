"""What every screen shares beneath its keys: the panel with the focus in it is marked, and opening styles once."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Button

from tests.support.runs import new_services
from tui.ui.app import BatchTui
from tui.ui.screens.base import BatchScreen
from tui.ui.screens.new_run.form import FormInput, FormRow


class Counted(Widget):
    """Counts how often it is styled."""

    times = 0

    def notify_style_update(self) -> None:
        self.times += 1
        super().notify_style_update()


class Desk(BatchScreen[None]):
    AUTO_FOCUS = "#one"

    def compose_body(self) -> Iterable[Widget]:
        yield Vertical(Button("one", id="one"), Button("two", id="two"), Counted(), id="left", classes="panel")
        yield Vertical(Button("three", id="three"), id="right", classes="panel")
        yield FormRow("Name", FormInput("name"))

    def marked(self) -> list[str]:
        accent = self.app.theme_variables["accent"].lower()
        return [str(node.id) for node in self.query(".panel") if node.styles.border.top[1].hex.lower() == accent]


async def test_the_panel_with_the_focus_in_it_is_marked_and_no_other() -> None:
    desk = Desk(new_services())
    async with BatchTui(lambda: desk).run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        assert desk.marked() == ["left"]
        await pilot.press("tab")
        assert desk.marked() == ["left"]
        await pilot.press("tab")
        assert desk.marked() == ["right"]
        assert desk.query_one(Counted).times == 1, "as it was mounted, and never again"
        label = desk.query_one(FormRow).query_one(".form-label")
        plain = label.styles.color
        await pilot.press("tab")
        assert desk.marked() == []
        assert label.styles.color != plain, "a row's label is marked as well"
        desk.set_focus(None)
        await pilot.pause()
        assert label.styles.color == plain
