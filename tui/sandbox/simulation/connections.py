"""Connections an application can end: without an answer, or in the middle of one."""

from __future__ import annotations

import asyncio

from starlette.types import Scope

from tui.sandbox.bounds import BoundedProtocol, Bounds, Clock, reset

_EXTENSION = "tui.connection"


class Connection:
    """The connection a request came in on. Whoever ends it waits for `http.disconnect` before returning."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        """End it at once, unsent bytes and all; the client sees a reset, not an orderly end."""
        reset(self._transport)

    def cut(self) -> None:
        """End it once what was sent so far has left."""
        self._transport.close()


class ClosableProtocol(BoundedProtocol):
    """A bounded protocol, with the connection within reach of the application."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"connection": Connection(self.transport)}}


def protocol_within(bounds: Bounds, clock: Clock) -> type[ClosableProtocol]:
    """The protocol for a server with bounds of its own; uvicorn makes its protocols itself, from a class."""

    class Protocol(ClosableProtocol):
        pass

    Protocol.bounds = bounds
    Protocol.clock = clock
    return Protocol


def connection_of(scope: Scope) -> Connection:
    """The connection of a request that a `ClosableProtocol` took in."""
    found = scope["extensions"][_EXTENSION]["connection"]
    assert isinstance(found, Connection)
    return found
