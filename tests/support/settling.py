"""What makes journeys through the interface quick: Textual's pilot waits for work to be done, not for the processor.

Textual tells that a program has gone idle by comparing the time that passed with the processor's, which takes 20 ms at
least and a second on a busy machine, at every key. Here the program is idle once nothing in its event loop is ready to
run and everything is laid out: the same moment, told by what there is to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from textual import app, constants, pilot
from textual._compositor import Compositor
from textual._context import active_app, visible_screen_stack
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip

_ROUNDS = 1_000
"""Only a program that feeds itself without end has more to do; its test waits for what it wants to see."""

_RESIZING_S = 1 / 120
"""How long Textual collects the sizes of a terminal that is being resized."""


def _is_laid_out(screen: Screen[Any]) -> bool:
    return not (
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )


_render_update = Compositor.render_update
_render_strips = Compositor.render_strips
_seen: WeakKeyDictionary[Compositor, list[Strip]] = WeakKeyDictionary()
"""What was read off the screens since something was painted."""


def _note_what_is_dirty(compositor: Compositor, full: bool = False, **named: Any) -> Any:
    """Instead of painting at each step on the way to what is seen; a picture of it all is made as it is asked for."""
    return _render_update(compositor, full=True, **named) if full else None


def _read(compositor: Compositor, size: Size | None = None) -> list[Strip]:
    """What stands on the screen; painted only where something on it is noted as changed, as on a terminal."""
    if size is not None:
        return _render_strips(compositor, size)
    if compositor._dirty_regions:
        _seen.clear()
        compositor._dirty_regions.clear()
        visible_screen_stack.set(active_app.get()._background_screens)
    if compositor not in _seen:
        _seen[compositor] = _render_strips(compositor)
    return _seen[compositor]


def _paint(program: App[Any]) -> None:
    """What a person sees whom no test asks about it: after a key, and at the end."""
    compositor = program.screen._compositor if program._screen_stack else None
    if compositor is not None and compositor._dirty_regions and program._exception is None:
        _seen.clear()
        _render_update(compositor, screen_stack=program._background_screens)


_press_keys = App._press_keys
_shutdown = App._shutdown


async def _press_keys_and_paint(program: App[Any], keys: Iterable[str]) -> None:
    await _press_keys(program, keys)
    _paint(program)


async def _paint_and_shut_down(program: App[Any]) -> None:
    _paint(program)
    await _shutdown(program)


async def settle(min_sleep: float = 0, max_sleep: float = 0) -> None:  # noqa: ARG001 - textual._wait.wait_for_idle's
    """Lets the program work until it waits for a person, a thread, a timer or a service, all of it laid out."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
        if ready:
            continue
        # Once more, for what the loop finds at its sockets: a thread's call wakes it there.
        await asyncio.sleep(0)
        if ready:
            continue
        program = active_app.get()
        if program._resize_timer is not None:
            # Textual waits for more of the same; its own time has to pass.
            await asyncio.sleep(_RESIZING_S)
        elif not _is_laid_out(program.screen):
            program.screen._on_timer_update()
        else:
            return


async def _settle_screen(_: pilot.Pilot[Any], timeout: float = 0) -> bool:  # noqa: ARG001, ASYNC109 - the pilot's own
    """Instead of a message to each widget and back: once nothing is ready to run, none of them has one left."""
    await settle()
    return True


@contextmanager
def quick_pilots() -> Iterator[None]:
    """Within it every pilot settles, what is read or pressed a key on is painted once, nothing is animated, and a style
    is parsed once a process.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "wait_for_idle", settle)
        patch.setattr(pilot, "wait_for_idle", settle)
        patch.setattr(pilot.Pilot, "_wait_for_screen", _settle_screen)
        patch.setattr(Compositor, "render_update", _note_what_is_dirty)
        patch.setattr(Compositor, "render_strips", _read)
        patch.setattr(App, "_press_keys", _press_keys_and_paint)
        patch.setattr(App, "_shutdown", _paint_and_shut_down)
        patch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
        patch.setattr(Stylesheet, "_parse_rules", _parse_once(Stylesheet._parse_rules))
        yield


def _parse_once(parse: Any) -> Any:
    parsed: dict[tuple[object, ...], list[RuleSet]] = {}
    theme: tuple[dict[str, str], tuple[object, ...]] = ({}, ())

    def parse_rules(self: Stylesheet, *arguments: Any, **named: Any) -> list[RuleSet]:
        nonlocal theme
        if self._variables is not theme[0]:
            theme = (self._variables, tuple(sorted(self._variables.items())))
        key = (theme[1], arguments, tuple(sorted(named.items())))
        if key not in parsed:
            parsed[key] = parse(self, *arguments, **named)
        return parsed[key]

    return parse_rules
