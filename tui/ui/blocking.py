"""Blocking calls for screens, on daemon threads of their own.

An HTTP call in flight cannot be cancelled, and Python joins the threads of an executor at exit: a call made there would
hold `q` up for as long as the network is silent. A daemon thread is simply left behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

ResultT = TypeVar("ResultT")


def run_in_daemon_thread(function: Callable[[], ResultT], /) -> Awaitable[ResultT]:
    """The result or the error of `function()`; whoever stops waiting leaves the call to itself."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[ResultT] = loop.create_future()

    def settle(set_outcome: Callable[[], None]) -> None:
        if not future.done():
            set_outcome()

    def work() -> None:
        try:
            outcome = partial(future.set_result, function())
        except BaseException as error:  # whatever it is belongs to the one who waits
            outcome = partial(future.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, daemon=True, name="blocking call").start()
    return future
