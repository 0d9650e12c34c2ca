"""The frame: help and read-only made of the bindings, themes, dialogs, and the keys of every screen."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Button

from tests.support.pilot import wait_for
from tests.support.runs import NOW_S, new_node, new_plan, new_pool, new_services, running_events
from tui.core.errors import NotFound
from tui.core.events import PoolChanged
from tui.ui.app import BatchTui
from tui.ui.bindings import DangerousBinding, action_name, dangerous_actions, undescribed
from tui.ui.blocking import run_in_daemon_thread
from tui.ui.screens.base import BatchScreen, Question
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.run import RunScreen
from tui.ui.themes import THEMES
from tui.ui.widgets.counts_bar import share_cells
from tui.ui.widgets.node_map import NodeMap
from tui.ui.widgets.virtual_table import VirtualTable


class Vault(BatchScreen[None]):
    """A screen with one dangerous key and one harmless key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        DangerousBinding("x", "destroy('all')", "Destroy", id="vault.destroy", tooltip="Destroy everything"),
        Binding("o", "open", "Open", id="vault.open", tooltip="Open the vault"),
    ]
    destroyed = 0

    def action_destroy(self, what: str) -> None:
        assert what == "all"
        self.destroyed += 1

    def action_open(self) -> None:
        """Harmless."""


async def test_a_dangerous_key_works_and_help_says_that_it_changes_something() -> None:
    vault = Vault(new_services())
    async with BatchTui(lambda: vault).run_test(size=(100, 30)) as pilot:
        await wait_for(pilot, lambda: vault.is_current, "the vault is shown")
        await pilot.press("x")
        assert vault.destroyed == 1
        await pilot.press("question_mark")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "help is shown")
        text = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
        assert "x  Destroy everything  changes something" in text
        assert "o  Open the vault  " in text
        assert "Leave the program" in text
        assert "^p  Every key by its name, accounts, themes" in text
        await pilot.press("escape")
        assert vault.is_current


async def test_read_only_has_no_dangerous_key_at_all() -> None:
    vault = Vault(new_services(), is_read_only=True)
    async with BatchTui(lambda: vault).run_test() as pilot:
        await wait_for(pilot, lambda: vault.is_current, "the vault is shown")
        await pilot.press("x")
        assert vault.destroyed == 0
        assert {active.binding.id for active in vault.active_bindings.values()} & {"vault.destroy", "vault.open"} == {
            "vault.open"
        }
        commands = [command.title for command in pilot.app.get_system_commands(vault)]
        assert "Open" in commands
        assert "Destroy" not in commands


@pytest.mark.parametrize("node", [BatchTui, RunScreen, BatchScreen, VirtualTable, ConfirmDialog, HelpScreen])
def test_every_binding_says_what_it_does(node: type[BatchTui | Screen[object] | VirtualTable[object]]) -> None:
    assert undescribed(node.BINDINGS) == []


def test_actions_are_known_by_their_name() -> None:
    assert [action_name(action) for action in ("quit", "app.quit", "screen.delete('a.b')")] == [
        "quit",
        "quit",
        "delete",
    ]
    assert dangerous_actions(Vault) == {"destroy"}
    assert dangerous_actions(RunScreen) == {"change_tasks"}, "that of a class it is made from"
    assert dangerous_actions(ConfirmDialog) == frozenset()


async def test_a_confirmation_is_given_only_on_purpose() -> None:
    answers: list[bool | None] = []
    vault = Vault(new_services())
    app = BatchTui(lambda: vault)
    async with app.run_test() as pilot:
        await wait_for(pilot, lambda: vault.is_current, "the vault is shown")
        for keys in (["enter"], ["escape"], ["tab", "enter"], ["right", "enter"]):
            dialog = ConfirmDialog(Question("delete?", "All of it.", confirm="Delete"))
            app.push_screen(dialog, answers.append)
            await wait_for(pilot, lambda dialog=dialog: isinstance(dialog.focused, Button), "a button has the focus")  # type: ignore[misc]
            await pilot.press(*keys)
            await wait_for(pilot, lambda: vault.is_current, "an answer was given")
    assert answers == [False, False, True, True]


async def test_no_empty_screen_is_styled_below_the_first() -> None:
    vault = Vault(new_services())
    async with BatchTui(lambda: vault).run_test() as pilot:
        assert pilot.app.screen_stack == [vault]


async def test_every_theme_can_paint_the_run_screen() -> None:
    screen = RunScreen(new_services(), new_plan())
    async with BatchTui(lambda: screen, theme="nord").run_test(size=(120, 24)) as pilot:
        await wait_for(pilot, lambda: screen.is_current, "the run is shown")
        screen.feed(running_events())
        assert pilot.app.theme == "nord"
        themes = [*(theme.name for theme in THEMES), "textual-light", "dracula", "ansi-dark"]
        failed = set()
        for theme in themes:
            pilot.app.theme = theme
            await pilot.pause()
            segments = [segment for strip in pilot.app.screen._compositor.render_strips() for segment in strip]
            (style,) = {segment.style for segment in segments if "✗ failed" in segment.text}
            failed.add(style)
        assert len(failed) == len(themes), "each has its own colours for what failed"
        assert len({style and style.color for style in failed}) > 1, "not only its own background"


async def test_a_theme_is_remembered_once_it_is_chosen() -> None:
    remembered: list[str] = []
    vault = Vault(new_services())
    app = BatchTui(lambda: vault, theme="nord", remember_theme=remembered.append)
    async with app.run_test() as pilot:
        await wait_for(pilot, lambda: vault.is_current, "the vault is shown")
        app.theme = "dracula"
        await wait_for(pilot, lambda: remembered, "the choice is remembered")
    assert remembered == ["dracula"]


def test_whoever_runs_it_is_told_of_a_defect() -> None:
    def opening() -> Screen[None]:
        raise ZeroDivisionError("nobody foresaw this")

    with pytest.raises(ZeroDivisionError):
        BatchTui(opening).run_to_end(headless=True)


def test_an_unknown_theme_falls_back_to_ours() -> None:
    assert BatchTui(lambda: Vault(new_services()), theme="gone").theme == THEMES[0].name


async def test_a_blocking_call_gives_its_result_or_its_error() -> None:
    assert await run_in_daemon_thread(lambda: 42) == 42

    def fail() -> None:
        raise NotFound("No such task")

    with pytest.raises(NotFound):
        await run_in_daemon_thread(fail)


@pytest.mark.parametrize(
    ("amounts", "total", "cells"),
    [
        ((0, 0, 0), 10, [0, 0, 0]),
        ((10, 0, 0), 10, [20, 0, 0]),
        ((1, 1, 1), 100_000, [1, 1, 1]),
        ((9, 1, 0), 10, [18, 2, 0]),
        ((99_999, 1, 0), 100_000, [19, 1, 0]),
        ((3, 1, 2), 6, [11, 3, 6]),
    ],
    ids=["none", "all", "few of many", "most", "one failed of many", "all, with a remainder"],
)
def test_a_bar_loses_no_amount(amounts: tuple[int, ...], total: int, cells: list[int]) -> None:
    assert share_cells(amounts, total, 20) == cells


async def test_the_node_map_holds_any_pool() -> None:
    screen = RunScreen(new_services(), new_plan())
    async with BatchTui(lambda: screen).run_test(size=(120, 24)) as pilot:
        await wait_for(pilot, lambda: screen.is_current, "the run is shown")
        for count in (3, 60, 2_500):
            nodes = tuple(new_node(number, "starttaskfailed" if number == 1 else "running") for number in range(count))
            screen.feed([PoolChanged(new_pool(count, count), nodes, NOW_S)])
            await pilot.pause()
            text = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
            assert "✗ broken 1" in text
            assert f"■ running {count - 1:,}" in text
            assert screen.query_one(NodeMap).size.height <= 10
