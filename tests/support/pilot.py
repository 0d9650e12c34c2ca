"""Waiting in tests of the interface: for something to be so, never for time to pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

_LIMIT_S = 20.0
"""Only a broken test waits this long."""

_GLANCE_S = 0.005
"""Between two looks at what a thread or a timer brings about."""


async def wait_for(pilot: Pilot[Any], predicate: Callable[[], object], description: str) -> None:
    """Lets the application work until `predicate` holds; fails with `description` where it never does."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + _LIMIT_S
    await pilot.pause()
    while not predicate():
        assert loop.time() < deadline_s, f"never came true: {description}"
        await asyncio.sleep(_GLANCE_S)
        await pilot.pause()
