"""A container on loopback that answers Put Blob as the test tells it to and remembers what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

SIGNATURE = "T0pS3cretS1gnature%3D"
SAS = f"sv=2026-02-06&sr=c&sp=cw&sig={SIGNATURE}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection ends after the request, with `instead` in the place of an answer."""

    instead: bytes = b""


@dataclass(frozen=True, slots=True)
class Put:
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class BlobServer:
    """`script` holds the answers to come; once it is used up every blob is accepted."""

    port: int
    script: list[Answer | HangUp] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)

    @property
    def container_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/account/run-output?{SAS}"


@contextmanager
def blob_server() -> Iterator[BlobServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.puts.append(Put(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            answer = state.script.pop(0) if state.script else Answer(201)
            if isinstance(answer, HangUp):
                self.wfile.write(answer.instead)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Says nothing: the requests are in `puts`."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state = BlobServer(port=server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="blob-server")
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
