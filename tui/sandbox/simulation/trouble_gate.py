"""What trouble does to requests: answers that come late, are refused, or whose pages take long."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tui.sandbox.simulation.faults import is_administration
from tui.sandbox.simulation.refusals import Service, refuse
from tui.sandbox.simulation.trouble import TroubleDesk

_LISTS = ("pools", "nodes", "jobs", "tasks", "files")


class TroubleGate:
    """Stands before one service."""

    def __init__(self, service: Service, app: ASGIApp, desk: TroubleDesk) -> None:
        self._service = service
        self._app = app
        self._desk = desk
        self._owed = 0.0
        """Refusals that the share promises and that were not made yet: spread evenly, not by chance."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trouble = self._desk.everywhere
        if scope["type"] != "http" or is_administration(self._service, scope):
            await self._app(scope, receive, send)
            return
        if trouble.throttled:
            self._owed += trouble.throttled
            if self._owed >= 1:
                self._owed -= 1
                await refuse(self._service, scope, receive, send, trouble.throttle_status, trouble.retry_after_s)
                return
        delay_ms = trouble.latency_ms + (trouble.slow_pages_ms if self._is_list(scope) else 0.0)

        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(delay_ms / 1_000)
            await send(message)

        await self._app(scope, receive, send_late if delay_ms else send)

    def _is_list(self, scope: Scope) -> bool:
        if scope["method"] != "GET":
            return False
        if self._service == "batch":
            return str(scope["path"]).rpartition("/")[2] in _LISTS
        return b"comp=list" in scope["query_string"]
