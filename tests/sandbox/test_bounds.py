"""What a client may hold of a server: each wait for it ends, and what it holds locks nobody else out."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from tui.sandbox.bounds import BoundedProtocol, Bounds
from tui.sandbox.server import LoopbackServer

LIMIT_S = 20.0
SHORT_S = 10.0
"""A patience that a test tries, on the clock it moves itself."""
LONG_S = 1e9
"""And one that it does not."""
STEP_S = 1.0
PAUSE_S = 0.01
"""Of the real clock, for each step."""
PATIENT = Bounds(head_s=LONG_S, body_s=LONG_S, answer_s=LONG_S)
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
PUT = b"PUT / HTTP/1.1\r\nHost: here\r\n"
ENDLESS_BYTES = 1 << 30


@dataclass
class Service:
    """An application that takes the whole body, or answers at once, or holds the request, as its path says."""

    port: int
    held: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """Released once for each request that came in to be held."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Of the latest request, as its application sees them."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """A client went before its request was done with."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        self.headers = scope["headers"]
        if path == "/held":
            self.held.release()
            await self.go_on.wait()
        if path == "/early":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        size_bytes, more = 0, path != "/refused"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            size_bytes += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 403 if path == "/refused" else 200, "headers": []})
        if path == "/endless":
            for _ in range(ENDLESS_BYTES >> 20):
                await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
            self.left.set()
        await send({"type": "http.response.body", "body": b"%d" % size_bytes})


class Clock:
    """Stands still, except while somebody waits for the server to lose its patience."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def run_until(self, done: asyncio.Future[Any]) -> None:
        """Let time pass until it is."""
        while not done.done():
            self.now_s += STEP_S
            await asyncio.wait({done}, timeout=PAUSE_S)


class Client:
    """One connection."""

    def __init__(self, clock: Clock, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clock = clock
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def received(self) -> bytes:
        """Everything that came until the server ended the connection."""
        received = b""
        with contextlib.suppress(ConnectionError):
            while piece := await asyncio.wait_for(self.reader.read(1 << 16), LIMIT_S):
                received += piece
        return received

    async def given_up(self, piece: bytes = b"") -> bytes:
        """The same, while time passes and `piece` is sent again and again."""
        received = asyncio.create_task(self.received())
        passing = asyncio.create_task(self.clock.run_until(received))
        with contextlib.suppress(ConnectionError):
            while piece and not received.done():
                self.send(piece)
                await self.writer.drain()
                await asyncio.wait({received}, timeout=PAUSE_S)
        await passing
        return await received

    async def status(self) -> int:
        """Of the next answer, which is read to the end of its chunks or of its few words."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), LIMIT_S)
        if b"chunked" in head:
            await asyncio.wait_for(self.reader.readuntil(b"0\r\n\r\n"), LIMIT_S)
        return int(head.split()[1])


@dataclass
class Served:
    service: Service
    server: LoopbackServer
    clock: Clock
    clients: list[Client] = field(default_factory=list)

    async def connect(self) -> Client:
        client = Client(self.clock, *await asyncio.open_connection("127.0.0.1", self.service.port))
        self.clients.append(client)
        return client

    async def ask(self, request: bytes = GET) -> int:
        """The status another client is answered with."""
        client = await self.connect()
        client.send(request)
        return await client.status()

    async def outlast(self) -> None:
        """Wait until the server has lost its patience with a client that came only now."""
        client = await self.connect()
        client.send(b"GET /")
        assert (await client.given_up()).startswith(b"HTTP/1.1 408")


@asynccontextmanager
async def served(bounds: Bounds) -> AsyncIterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        service = Service(listener.getsockname()[1])
        clock = Clock()
        server = LoopbackServer(service, bounds, clock)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        made = Served(service, server, clock)
        try:
            yield made
        finally:
            for client in made.clients:
                client.writer.close()
            server.should_exit = True
            await serving


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"G", b""),
        (b"GET /", b"x"),
        (b"GET / HTTP/1.1\r\nHost: here\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: here\r\nX: ", b"x"),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
        (b"\r\n", b"\r\n"),
        (GET + b"GET / HT", b""),
        (GET, b"\r\n"),
    ],
)
async def test_a_head_that_never_ends_is_given_up(first: bytes, piece: bytes) -> None:
    async with served(Bounds(head_s=SHORT_S, body_s=LONG_S, answer_s=LONG_S)) as here:
        client = await here.connect()
        client.send(first)
        received = await client.given_up(piece)
        answers = [part.split()[1] for part in received.split(b"HTTP")[1:]]
        assert answers == [b"200"] * first.count(GET) + [b"408"]
        assert await here.ask() == 200


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with served(Bounds(head_s=SHORT_S)) as here:
        assert await (await here.connect()).given_up() == b""
        assert await here.ask() == 200


@pytest.mark.parametrize("how", [b"Content-Length: 100000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nFFFFFF\r\n"])
@pytest.mark.parametrize("piece", [b"", b"x"], ids=["silence", "letters"])
async def test_a_body_that_does_not_come_is_given_up(how: bytes, piece: bytes) -> None:
    async with served(Bounds(head_s=LONG_S, body_s=SHORT_S, answer_s=LONG_S)) as here:
        client = await here.connect()
        client.send(PUT + how)
        received = await client.given_up(piece)
        assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b"connection: close" in received
        assert b"RequestTimeout" in received
        await asyncio.wait_for(here.service.left.wait(), LIMIT_S)
        assert await here.ask() == 200


async def test_a_body_nobody_wants_any_more_is_not_waited_for_either() -> None:
    async with served(Bounds(head_s=LONG_S, body_s=SHORT_S, answer_s=LONG_S)) as here:
        client = await here.connect()
        client.send(b"PUT /refused HTTP/1.1\r\nHost: here\r\nContent-Length: 100000000\r\n\r\n")
        received = await client.given_up(b"x")
        assert received.startswith(b"HTTP/1.1 403")
        assert received.count(b"HTTP/1.1 ") == 1


async def test_a_body_that_comes_fast_enough_may_take_as_long_as_it_likes() -> None:
    """Each piece is what a body has to bring in one patience, and there are pieces for several."""
    async with served(Bounds(head_s=SHORT_S, body_s=6 * SHORT_S, body_bytes=1)) as here:
        client = await here.connect()
        pieces = 8
        client.send(PUT + b"Content-Length: %d\r\n\r\n" % pieces)
        for _ in range(pieces):
            await here.outlast()
            client.send(b"x")
        assert await client.status() == 200


async def test_a_handler_that_takes_its_time_costs_no_client_its_request() -> None:
    """It holds a request with no body and half of another behind it, and one whose body has filled every buffer."""
    async with served(Bounds(head_s=SHORT_S, body_s=SHORT_S, answer_s=LONG_S)) as here:
        waiting, sending = await here.connect(), await here.connect()
        waiting.send(b"GET /held HTTP/1.1\r\nHost: here\r\n\r\n" + GET[:9])
        body = bytes(1 << 20)
        sending.send(b"PUT /held HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        for _ in range(2):
            await here.service.held.acquire()
        for _ in range(3):
            await here.outlast()
        waiting.send(GET[9:])
        here.service.go_on.set()
        assert [await waiting.status(), await waiting.status(), await sending.status()] == [200, 200, 200]


async def test_a_body_that_does_not_come_ends_an_answer_already_begun() -> None:
    async with served(Bounds(head_s=LONG_S, body_s=SHORT_S, answer_s=LONG_S)) as here:
        client = await here.connect()
        client.send(b"PUT /early HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n")
        received = await client.given_up()
        assert received.startswith(b"HTTP/1.1 200")
        assert received.count(b"HTTP/1.1 ") == 1
        await asyncio.wait_for(here.service.left.wait(), LIMIT_S)


async def test_an_answer_nobody_reads_is_given_up() -> None:
    async with served(Bounds(head_s=LONG_S, body_s=LONG_S, answer_s=SHORT_S)) as here:
        client = await here.connect()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # typeshed has it for reading ends alone
        client.send(b"GET /endless HTTP/1.1\r\nHost: here\r\n\r\n")
        left = asyncio.create_task(here.service.left.wait())
        await asyncio.wait_for(here.clock.run_until(left), LIMIT_S)
        assert await here.ask() == 200


async def test_a_head_too_large_is_refused_before_it_ends() -> None:
    async with served(PATIENT) as here:
        for first in (b"GET /", b"GET / HTTP/1.1\r\nX: "):
            client = await here.connect()
            client.send(first)
            assert b"HTTP/1.1 431" in await client.given_up(b"a" * 4_096)
        client = await here.connect()
        client.send(GET * 20_000)
        assert await client.status() == 200, "many small heads at once are no large one"


@pytest.mark.parametrize(
    ("first", "piece"),
    [(b"0\r\n", b"X: a\r\n" * 700), (b"0\r\nX: ", b"a" * 4_096), (b"1;x=", b"a" * 4_096), (b"000", b"0" * 4_096)],
    ids=["trailers", "trailer", "extension", "size"],
)
async def test_what_comes_beside_a_body_has_a_heads_size(first: bytes, piece: bytes) -> None:
    async with served(PATIENT) as here:
        client = await here.connect()
        client.send(PUT + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n" + first)
        assert b"HTTP/1.1 4" in await client.given_up(piece)
        assert await here.ask() == 200


async def test_a_body_may_come_in_chunks_of_one_byte() -> None:
    async with served(PATIENT) as here:
        client = await here.connect()
        client.send(PUT + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n")
        assert await client.status() == 200


async def test_a_header_behind_the_body_is_none() -> None:
    async with served(PATIENT) as here:
        client = await here.connect()
        client.send(PUT + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Late: 1\r\n\r\n")
        assert await client.status() == 200
        assert dict(here.service.headers) == {b"host": b"here", b"transfer-encoding": b"chunked"}


async def test_requests_nobody_waited_to_send_wait_with_their_sender() -> None:
    async with served(PATIENT) as here:
        client, requests = await here.connect(), 5_000
        client.send(b"GET /held HTTP/1.1\r\nHost: here\r\n\r\n" + GET * requests)
        await here.service.held.acquire()
        assert await here.ask() == 200
        connections = [one for one in here.server.server_state.connections if isinstance(one, BoundedProtocol)]
        (connection,) = [one for one in connections if one.pipeline]
        assert len(connection.pipeline) < requests / 2
        assert connection.flow.read_paused
        here.service.go_on.set()
        assert [await client.status() for _ in range(1 + requests)] == [200] * (1 + requests)


async def test_held_connections_lock_nobody_out() -> None:
    async with served(Bounds(connections=3, head_s=LONG_S, body_s=LONG_S)) as here:
        idle = await here.connect()
        idle.send(GET)
        assert await idle.status() == 200
        here.clock.now_s += STEP_S
        half, sending = [await here.connect() for _ in range(2)]
        half.send(b"GET /held HTTP/1.1\r\n")
        sending.send(PUT + b"Content-Length: 9\r\n\r\n")
        assert await here.ask() == 200
        assert await idle.received() == b""
        half.send(b"Host: here\r\n\r\n")
        await here.service.held.acquire()
        assert len(here.server.server_state.connections) == 3
        here.service.go_on.set()


async def test_more_requests_under_way_than_there_may_be_are_told_to_come_again() -> None:
    async with served(Bounds(connections=2)) as here:
        under_way = [await here.connect() for _ in range(2)]
        for client in under_way:
            client.send(b"GET /held HTTP/1.1\r\nHost: here\r\n\r\n")
            await here.service.held.acquire()
        refused = await (await here.connect()).received()
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in refused
        here.service.go_on.set()
        assert [await client.status() for client in under_way] == [200, 200]
        assert await here.ask() == 200
