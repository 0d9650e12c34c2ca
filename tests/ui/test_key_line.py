"""The line of keys: it says what works now, is left alone as long as that is the same, and is there for the mouse."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Button

from tui.ui.widgets.key_fit import LineKey, left_out
from tui.ui.widgets.key_line import KeyLine

OPEN, SORT, DELETE = LineKey("table.open", "⏎", "Open"), LineKey("run.sort", "s", "Sort"), LineKey("x", "x", "Delete")
OFF = LineKey("resume", "r", "Resume", is_enabled=False)
HELP, QUIT = LineKey("app.help", "?", "Help"), LineKey("app.quit", "q", "Quit")
KEYS = (OPEN, SORT, DELETE, OFF, HELP, QUIT)


class Painter(Button):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "paint", "Paint")]


class Desk(App[None]):
    """Three things to focus, and a line of keys."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s,t", "sign", "Sign", tooltip="With your own name"),
        Binding("n", "note", "Note"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.may_sign, self.signed, self.notes = False, 0, 0
        self.line = KeyLine()

    def compose(self) -> ComposeResult:
        yield Button("one", id="one")
        yield Button("two", id="two")
        yield Painter("paint", id="paint")
        yield self.line

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return (self.may_sign or None) if action == "sign" else True

    def action_sign(self) -> None:
        self.signed += 1

    def action_note(self) -> None:
        self.notes += 1

    def let_sign(self) -> None:
        self.may_sign = True
        self.refresh_bindings()

    @property
    def told(self) -> str:
        """What is said of the key under the mouse."""
        return str(self.line.tooltip or "")

    @property
    def words(self) -> str:
        return self.line.render_line(0).text.strip()

    def is_dim(self, word: str) -> bool:
        (style,) = {segment.style for segment in self.line.render_line(0) if word in segment.text}
        return bool(style and style.dim)


def test_nothing_is_left_out_where_everything_fits() -> None:
    assert left_out(KEYS, sum(key.width for key in KEYS)) == frozenset()


def test_keys_that_do_nothing_now_go_first_then_as_ranked_then_the_others_and_help_and_quit_never() -> None:
    room = sum(key.width for key in KEYS) - 1
    order: list[str] = []
    while gone := left_out(KEYS, room) - set(order):
        (name,) = gone
        order.append(name)
        room -= next(key.width for key in KEYS if key.id == name)
    assert order == ["resume", "run.sort", "table.open", "x"]


async def test_keys_stay_where_the_focus_changes_none_of_them_and_follow_where_it_does() -> None:
    desk = Desk()
    async with desk.run_test(size=(40, 10)) as pilot:
        at_first = desk.line.keys
        assert desk.words == "s Sign  n Note"
        await pilot.press("tab")
        assert desk.focused is desk.query_one("#two")
        assert desk.line.keys is at_first
        await pilot.press("tab")
        assert desk.words == "p Paint  s Sign  n Note"
        await pilot.press("shift+tab")
        assert desk.words == "s Sign  n Note"


async def test_a_key_that_begins_to_work_is_no_longer_dim() -> None:
    desk = Desk()
    async with desk.run_test(size=(40, 10)) as pilot:
        assert desk.is_dim("Sign")
        assert not desk.is_dim("Note")
        desk.let_sign()
        await pilot.pause()
        assert not desk.is_dim("Sign")


async def test_what_does_not_fit_is_left_out_whole_until_there_is_room() -> None:
    desk = Desk()
    async with desk.run_test(size=(15, 10)) as pilot:
        assert desk.words == "n Note"
        await pilot.resize_terminal(16, 10)
        assert desk.words == "s Sign  n Note"
        await pilot.resize_terminal(15, 10)
        assert desk.words == "n Note"


async def test_the_mouse_presses_what_works_and_is_told_what_it_would_do() -> None:
    desk = Desk()
    async with desk.run_test(size=(40, 10)) as pilot:
        sign, note, beyond = (2, 0), (9, 0), (30, 0)
        await pilot.hover(KeyLine, sign)
        assert desk.told == "With your own name"
        await pilot.hover(KeyLine, note)
        assert desk.told == ""
        for offset in (sign, note, beyond):
            await pilot.click(KeyLine, offset)
        assert (desk.signed, desk.notes) == (0, 1)
        desk.let_sign()
        await pilot.click(KeyLine, sign)
        assert (desk.signed, desk.notes) == (1, 1)
        await pilot.hover(KeyLine, sign)
        under_mouse = desk.line.render_line(0).crop(0, 7)
        await pilot.hover(KeyLine, beyond)
        assert desk.told == ""
        elsewhere = desk.line.render_line(0).crop(0, 7)
        assert elsewhere != under_mouse, "the key under the mouse stands out"
        await pilot.hover(KeyLine, sign)
        await pilot.hover("#one")
        assert desk.line.render_line(0).crop(0, 7) == elsewhere
