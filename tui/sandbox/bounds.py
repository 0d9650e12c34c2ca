"""What clients may hold of a server's connections: so many of them, heads of such a size, and so long to do their part.

The sandbox waits for a client in four ways: for a request, for the rest of its head, for the rest of its body, and for
its answer to be read. Each of these ends by itself. While a handler is at work it is the client who waits: that is
never ended here, nor is a body held against its sender while the handler is slow to take it in.
"""

from __future__ import annotations

import asyncio
import enum
import socket
import struct
import time
from dataclasses import dataclass
from typing import ClassVar, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

_PIECE_BYTES = 16 * 1024
"""Parsed at once: so many heads go into it, at most, that the connection is to wait with."""
_NO_LINGER = struct.pack("ii", 1, 0)
_REQUEST_TIMEOUT = 408
_HEAD_TOO_LARGE = 431
_BUSY = 503
_WORDS = {
    _REQUEST_TIMEOUT: b"RequestTimeout: the rest of the request did not come in time.",
    _HEAD_TOO_LARGE: b"The head of the request is too large.",
    _BUSY: b"ServerBusy: too many requests are under way; try again.",
}
_RETRY_AFTER_S = 1


class Clock(Protocol):
    """Tells a time in seconds that never goes back."""

    def __call__(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much, how many and how long.

    Bodies and answers have the time that HTTP.sys, through which the service itself answers, gives them unless told
    otherwise, and its slowest rate (HTTP_TIMEOUT_LIMIT_INFO). A head has less: it comes in one piece or not at all.
    """

    head_s: float = 30.0
    """From the connection, the answer before, or the first byte, to the end of the head."""
    body_s: float = 120.0
    """A body that is not whole brings `body_bytes` more in each such time."""
    body_bytes: int = 150 * 120
    answer_s: float = 120.0
    """For as long nothing of an answer may be taken."""
    head_bytes: int = 64 * 1024
    """Of a head, and of what comes beside a body's bytes between two of them; give or take one piece."""
    waiting: int = 8
    """Requests that a client sent before the one before them was answered; further ones are not read."""
    connections: int = 256
    """At once, to one service. A run uses some 40; both services' stay well below the 1,024 files of a process."""

    @classmethod
    def within(cls, patience_s: float) -> Bounds:
        """As ever, but for times: no wait is longer than `patience_s`."""
        return cls(head_s=patience_s, body_s=patience_s, answer_s=patience_s)


class _Awaited(enum.Enum):
    """What comes next from the client."""

    REQUEST = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol within `bounds`; whoever runs the server calls `look` on each connection now and then."""

    bounds: ClassVar[Bounds] = Bounds()
    clock: ClassVar[Clock] = time.monotonic

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._awaited = _Awaited.HEAD
        self._since = self.clock()
        """When the client was last known to do its part."""
        self._head_bytes = 0
        self._heads = self._body_pieces = 0
        self._body_bytes = 0
        """Since `_since`."""
        self._unparsed = b""
        """What was read, and waits until fewer requests do."""
        self._unsent = (0, self._since)
        """Bytes of the answer that wait for the client, and since when just so many."""
        if len(self.connections) > self.bounds.connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        self._unparsed += data
        self._parse()

    def _parse(self) -> None:
        """As much of what was read as there is room for requests; the client keeps the rest of what it sends."""
        data, start = self._unparsed, 0
        while start < len(data) and len(self.pipeline) < self.bounds.waiting and not self.transport.is_closing():
            self._parse_piece(data[start : start + _PIECE_BYTES])
            start += _PIECE_BYTES
        self._unparsed = data[start:]
        if self._unparsed and not self.transport.is_closing():
            self.flow.pause_reading()

    def _parse_piece(self, piece: bytes) -> None:
        if self._awaited is _Awaited.REQUEST:
            self._await(_Awaited.HEAD)
        heads, bodies = self._heads, self._body_pieces
        super().data_received(piece)
        if self._awaited is _Awaited.REQUEST or (heads, bodies) != (self._heads, self._body_pieces):
            self._head_bytes = 0
            return
        self._head_bytes += len(piece)
        if self._head_bytes > self.bounds.head_bytes and not self.transport.is_closing():
            self._give_up(_HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        if self._awaited is not _Awaited.HEAD:
            self._await(_Awaited.HEAD)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._awaited is _Awaited.HEAD:  # or it follows a body: nobody looks for it there, and it is not signed
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._heads += 1
        self._await(_Awaited.BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        self._body_pieces += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._await(_Awaited.REQUEST)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._awaited is not _Awaited.BODY:
            self._since = self.clock()
        super().on_response_complete()
        if self._unparsed:
            self.loop.call_soon(self._parse)

    def resume_writing(self) -> None:
        self._unsent = (0, self.clock())
        super().resume_writing()

    def _await(self, what: _Awaited) -> None:
        self._awaited = what
        self._since = self.clock()
        self._head_bytes = self._body_bytes = 0

    @property
    def _is_answered(self) -> bool:
        """Whether no handler is at work for this client."""
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request, whatever its type says
        return cycle is None or cycle.response_complete

    @property
    def waits_since(self) -> float | None:
        """Since when the client has kept the server waiting; nothing while it is the client who waits."""
        if self.transport.get_write_buffer_size():
            return self._unsent[1]
        if self._awaited is _Awaited.BODY:
            return None if self.flow.read_paused else self._since
        return self._since if self._is_answered else None

    def look(self) -> None:
        """End the connection if its client took longer than it may."""
        now = self.clock()
        unsent, since = self.transport.get_write_buffer_size(), self._unsent[1]
        if not unsent or unsent != self._unsent[0]:
            self._unsent = (unsent, now)
        elif now - since >= self.bounds.answer_s:
            reset(self.transport)
            return
        if self.transport.is_closing():
            return
        if self._awaited is _Awaited.BODY:
            if self.flow.read_paused or self._body_bytes >= self.bounds.body_bytes:
                self._since, self._body_bytes = now, 0
            elif now - self._since >= self.bounds.body_s:
                self._give_up()
        elif self._awaited is _Awaited.HEAD and self._is_answered and now - self._since >= self.bounds.head_s:
            self._give_up()

    def _give_up(self, status: int = _REQUEST_TIMEOUT) -> None:
        """End the connection, and say why where something was asked and nothing answered."""
        if self._awaited is _Awaited.HEAD:
            can_answer = self._heads + self._head_bytes > 0
        else:
            can_answer = not self.cycle.response_started and not self.pipeline
        if can_answer:
            self._refuse(status)
        elif self._is_answered:
            self.transport.close()
        else:
            reset(self.transport)  # closing waits until all is sent, and there is more to come

    def _refuse(self, status: int) -> None:
        """An answer in no service's form, as that to bytes that are no request, and the end of the connection."""
        text = _WORDS[status]
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(text)),
            (b"connection", b"close"),
        ]
        if status == _BUSY:
            headers.append((b"retry-after", b"%d" % _RETRY_AFTER_S))
        lines = [STATUS_LINE[status], *(b"%s: %s\r\n" % header for header in headers), b"\r\n", text]
        self.transport.write(b"".join(lines))
        self.transport.close()

    def _make_room(self) -> None:
        """End the connection whose client has kept the server waiting longest. Only where handlers are at work for
        all of them the new one is refused, so that nobody is locked out by clients that merely hold connections."""
        others = [
            other
            for other in self.connections
            if isinstance(other, BoundedProtocol) and other is not self and not other.transport.is_closing()
        ]
        if len(others) < self.bounds.connections:
            return
        waiting = [(since, other) for other in others if (since := other.waits_since) is not None]
        if waiting:
            reset(min(waiting, key=lambda pair: pair[0])[1].transport)
        else:
            self._refuse(_BUSY)


def reset(transport: asyncio.Transport) -> None:
    """End a connection at once, unsent bytes and all: neither side's system keeps anything of it."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
