"""What stands before both services: a count of requests, for the idle exit, and a network's latency."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Activity:
    """When the sandbox was last asked for something."""

    def __init__(self) -> None:
        self._under_way = 0
        self._last = time.monotonic()

    def begin(self) -> None:
        self._under_way += 1

    def end(self) -> None:
        self._under_way -= 1
        self.touch()

    def touch(self) -> None:
        self._last = time.monotonic()

    @property
    def idle_s(self) -> float:
        return 0.0 if self._under_way else time.monotonic() - self._last


class Gate:
    """Counts the requests of an application and delays each answer by `latency_s`."""

    def __init__(self, app: ASGIApp, activity: Activity, latency_s: float) -> None:
        self._app = app
        self._activity = activity
        self._latency_s = latency_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._latency_s)
            await send(message)

        self._activity.begin()
        try:
            await self._app(scope, receive, send_late if self._latency_s else send)
        finally:
            self._activity.end()
