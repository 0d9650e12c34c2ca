"""A service on loopback that answers what it is told to, so that the libraries' whole path to an error is real."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer. `reset` breaks the connection: in the place of the answer, or after `cut_after` bytes of its body.

    `fits` announces no more of the body than is sent.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    reset: bool = False
    fits: bool = False


def batch_error(status: int, code: str, text: str, *values: tuple[str, str], **headers: str) -> Scripted:
    """An error as the real service words it."""
    body = {
        "odata.metadata": "https://a.b.batch.azure.com/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element",
        "code": code,
        "message": {"lang": "en-US", "value": f"{text}\nRequestId:5f1c\nTime:2026-01-22T20:18:17.6076943Z"},
        "values": [{"key": key, "value": value} for key, value in values],
    }
    return Scripted(
        status,
        json.dumps(body).encode(),
        {"Content-Type": "application/json;odata=minimalmetadata", "request-id": "5f1c", **headers},
    )


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class ScriptedService:
    """Answers each request with the next of `answers`; the last one again and again."""

    def __init__(self, answers: Sequence[Scripted]) -> None:
        self._answers = list(answers)
        self._lock = threading.Lock()
        self.received: list[Received] = []
        self.url = ""

    def next_answer(self, received: Received) -> Scripted:
        with self._lock:
            self.received.append(received)
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def answer_with(self, *answers: Scripted) -> None:
        """From now on; for answers that name the service itself."""
        with self._lock:
            self._answers = list(answers)

    @property
    def methods(self) -> list[str]:
        return [received.method for received in self.received]


@contextmanager
def scripted(*answers: Scripted) -> Iterator[ScriptedService]:
    service = ScriptedService(answers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(service))
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="scripted service")
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler_of(service: ScriptedService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # One connection a request: the thread that serves it ends with it.
        protocol_version = "HTTP/1.0"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = service.next_answer(Received(self.command, self.path, dict(self.headers), body))
            if answer.reset and answer.cut_after is None:
                self.break_connection()
                return
            self.send_response_only(answer.status)
            self.send_header("Date", answer.headers.get("Date") or self.date_time_string())
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                if name != "Date":
                    self.send_header(name, value)
            sent = answer.body[: answer.cut_after]
            self.send_header("Content-Length", str(len(sent if answer.fits else answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(sent)
            if answer.reset:
                self.break_connection()

        def break_connection(self) -> None:
            """By a reset: closed as usual, the connection would end in good order."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  http.server asks for these

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's own name
            pass

    return Handler
