"""The line of keys: it says what works now, and is left alone as long as that is the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button
from textual.widgets._footer import FooterKey

from tests.support.runs import new_services
from tui.ui.app import BatchTui
from tui.ui.screens.base import BatchScreen


class Painter(Button):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "paint", "Paint")]


class Desk(BatchScreen[None]):
    may_sign = False

    BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "sign", "Sign")]

    def compose_body(self) -> Iterable[Widget]:
        yield Button("one", id="one")
        yield Button("two", id="two")
        yield Painter("paint", id="paint")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return (self.may_sign or None) if action == "sign" else super().check_action(action, parameters)

    def footer_keys(self) -> list[FooterKey]:
        return list(self.query(FooterKey))

    def is_dim(self, word: str) -> bool:
        (key,) = (key for key in self.footer_keys() if key.description == word)
        return key.has_class("-disabled")

    def words(self) -> list[str]:
        return [key.description for key in self.footer_keys()]


async def test_keys_stay_where_the_focus_changes_none_of_them_and_follow_where_it_does() -> None:
    desk = Desk(new_services())
    async with BatchTui(lambda: desk).run_test() as pilot:
        await pilot.pause()
        at_first = desk.footer_keys()
        assert "Sign" in desk.words()
        await pilot.press("tab")
        assert desk.focused is desk.query_one("#two")
        assert desk.footer_keys() == at_first
        await pilot.press("tab")
        assert "Paint" in desk.words()
        await pilot.press("shift+tab")
        assert "Paint" not in desk.words()


async def test_a_key_that_begins_to_work_is_no_longer_dim() -> None:
    desk = Desk(new_services())
    async with BatchTui(lambda: desk).run_test() as pilot:
        await pilot.pause()
        assert desk.is_dim("Sign")
        desk.may_sign = True
        desk.refresh_bindings()
        await pilot.pause()
        assert not desk.is_dim("Sign")
