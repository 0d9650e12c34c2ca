"""Connections an application can end: without an answer, or in the middle of one."""

from __future__ import annotations

import asyncio
import socket
import struct

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "tui.connection"
_NO_LINGER = struct.pack("ii", 1, 0)


class Connection:
    """The connection a request came in on. Whoever ends it waits for `http.disconnect` before returning."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        """End it at once, unsent bytes and all; the client sees a reset, not an orderly end."""
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def cut(self) -> None:
        """End it once what was sent so far has left."""
        self._transport.close()


class ClosableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the connection within reach of the application."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"connection": Connection(self.transport)}}


def connection_of(scope: Scope) -> Connection:
    """The connection of a request that a `ClosableProtocol` took in."""
    found = scope["extensions"][_EXTENSION]["connection"]
    assert isinstance(found, Connection)
    return found
