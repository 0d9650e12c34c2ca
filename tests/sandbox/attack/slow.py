"""Attacks by taking one's time, and by holding connections: each ends by itself, and the owner is served meanwhile."""

from __future__ import annotations

import select
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.attack.attacker import VERSION, Answer, Attacker, Request, Service, Tally, answer_of
from tests.support.sandbox import sandbox_at
from tui.sandbox.bounds import Bounds

PATIENCE_S = 1.0
"""Of the sandbox that is attacked, so that nobody needs that of a real one."""
_LIMIT_S = 20.0
_DRIP_S = 0.05
_ENDED = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
"""What a poll tells of a connection whose other side is gone; an end in order has a sign of its own on Linux."""
_LARGE_BYTES = 32 << 20
"""More than the systems of both sides take in for a client that does not read."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Bytes sent at once, and those sent again and again after them."""

    what: str
    service: Service
    first: bytes
    piece: bytes = b""
    answers: tuple[int, ...] = (408,)


def slow_requests(attacker: Attacker) -> Tally:
    """All at the same time, on a sandbox of less patience."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_at(Path(folder) / "sandbox", patience_s=PATIENCE_S))
        attacker = Attacker(sandbox)
        attempts = [*_heads(), *_bodies(attacker), *_unread(attacker)]
        pool = stack.enter_context(ThreadPoolExecutor(len(attempts)))
        ends = [pool.submit(_end_of, attacker, attempt) for attempt in attempts]
        tally, is_served = Tally(), True
        while not all(end.done() for end in ends):
            is_served = is_served and attacker.still_answers()
            wait(ends, _DRIP_S)
        tally.note("the owner served meanwhile", is_served and attacker.still_answers(), 0)
        for attempt, end in zip(attempts, ends, strict=True):
            answer = end.result()
            is_refused = answer is not None and answer.status in attempt.answers
            tally.note(f"{attempt.service}: {attempt.what}", is_refused, answer.status if answer else 0)
        tally.note("nothing has failed", attacker.defects() == [], 0)
        return tally


def _heads() -> Iterator[Slow]:
    line, host = b"GET /pools?api-version=2025-06-01 HTTP/1.1\r\n", b"Host: 127.0.0.1\r\n"
    services: tuple[Service, ...] = ("batch", "blob")
    for service in services:
        yield Slow("nothing at all", service, b"", answers=(0,))
        yield Slow("half a line", service, b"GET /po")
        yield Slow("a line without end", service, b"GET /", b"a")
        yield Slow("half a head", service, line + host)
        yield Slow("a header without end", service, line + host + b"X: ", b"a")
        yield Slow("headers without end", service, line + host, b"X: a\r\n")
        yield Slow("empty lines", service, b"\r\n", b"\r\n")
        # What was asked first is answered.
        yield Slow("half a head after a request", service, line + host + b"\r\n" + line, answers=(401, 403))


def _bodies(attacker: Attacker) -> Iterator[Slow]:
    """Signed ones, which are waited for, and unsigned ones, which are refused and then go on."""
    job = Request("batch", "POST", "/jobs", VERSION, b" " * 1_000)
    blob = Request("blob", "PUT", "/slow/blob", "", b" " * 1_000, {"x-ms-blob-type": "BlockBlob"})
    block = Request("blob", "PUT", "/slow/blob", "comp=block&blockid=QUFB", b" " * 1_000)
    attacker.signed(Request("blob", "PUT", "/slow", "restype=container"))
    for request in (job, blob, block):
        headers = attacker.headers(request)
        signed = {**headers, "authorization": attacker.authorization(request, headers)}
        head = attacker.wire(request, signed).removesuffix(request.body)
        yield Slow(f"no body of {request}", request.service, head)
        yield Slow(f"a dripping body of {request}", request.service, head, b" ")
        unsigned = attacker.wire(request, headers).removesuffix(request.body)
        yield Slow(f"an unsigned body of {request}", request.service, unsigned, b"", (401, 403))
        kept = unsigned.replace(b"connection: close", b"connection: keep-alive")
        yield Slow(f"an unsigned body on and on, of {request}", request.service, kept, b" ", (401, 403))
    chunked = {**attacker.headers(blob), "transfer-encoding": "chunked"}
    del chunked["content-length"]
    signed = {**chunked, "authorization": attacker.authorization(blob, chunked)}
    head = attacker.wire(blob, signed).removesuffix(blob.body)
    yield Slow("chunks without end", "blob", head + b"FFFFFF\r\n", b"a", (408, 411))


def _unread(attacker: Attacker) -> Iterator[Slow]:
    """Answers that nobody reads: one too large for every buffer, and very many."""
    content = Request("blob", "PUT", "/slow/large", "", bytes(_LARGE_BYTES), {"x-ms-blob-type": "BlockBlob"})
    assert attacker.signed(content).status == 201
    request = Request("blob", "GET", "/slow/large")
    headers = attacker.headers(request)
    signed = {**headers, "authorization": attacker.authorization(request, headers)}
    yield Slow("an answer nobody reads", "blob", attacker.wire(request, signed), answers=(0, 200))


def _end_of(attacker: Attacker, attempt: Slow) -> Answer | None:
    """What was answered by when the sandbox ended the connection; nothing if it never did. Only what is there at the
    end is read: until then this client reads nothing."""
    with socket.create_connection(attacker.address(attempt.service), timeout=_LIMIT_S) as connection:
        poll = select.poll()
        poll.register(connection, _ENDED)
        give_up_at_s = time.monotonic() + _LIMIT_S
        connection.sendall(attempt.first)
        while time.monotonic() < give_up_at_s:
            if poll.poll(_DRIP_S * 1_000):
                return answer_of(connection)
            with suppress(ConnectionError):
                connection.sendall(attempt.piece)
    return None


def held_connections(attacker: Attacker) -> Tally:
    """More connections than there may be, held in every way; the owner is let in, and they are not all kept."""
    tally = Tally()
    services: tuple[Service, ...] = ("batch", "blob")
    for service in services:
        for what, first in (
            ("silent", b""),
            ("half a head", b"GET /pools HTTP/1.1\r\n"),
            ("idle", b"GET /pools HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
            ("half a body", b"PUT /a/b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"),
        ):
            with ExitStack() as stack:
                held = []
                for number in range(Bounds().connections + 44):
                    held.append(stack.enter_context(socket.create_connection(attacker.address(service), _LIMIT_S)))
                    held[-1].sendall(first)
                    if number % 50 == 0:
                        tally.note(f"{service}: the owner beside {number} {what}", attacker.still_answers(), 0)
                tally.note(f"{service}: the owner after all {what}", attacker.still_answers(), 0)
                poll = select.poll()
                for connection in held:
                    poll.register(connection, _ENDED)
                tally.note(f"{service}: {len(held)} {what}", len(poll.poll(0)) >= 44, 0)
    return tally
