"""A container over HTTP, with the few operations a node uses, and faults on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

SIGNATURE = "sv=2026-02-06&sig=s3cr3tS1gn4ture%3D"


@dataclass
class Container:
    """The blobs of `/c` and the answers to give before the ordinary ones."""

    url: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    faults: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Statuses that requests (method, blob name) are answered with first; 0 cuts the connection."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    blocks: dict[str, bytes] = field(default_factory=dict)
    page_size: int = 2

    @property
    def signed_url(self) -> str:
        return f"{self.url}?{SIGNATURE}"

    def blob_url(self, name: str) -> str:
        return f"{self.url}/{name}?{SIGNATURE}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    container: Container

    def log_message(self, *_: object) -> None: ...

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _begin(self) -> tuple[str, dict[str, list[str]]] | None:
        """The blob's name and the query, unless a fault was answered."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        name = unquote(parts.path.removeprefix("/c").removeprefix("/"))
        self.container.requests.append((self.command, name))
        faults = self.container.faults.get((self.command, name), [])
        status = faults.pop(0) if faults else (200 if query.get("sig") else 403)
        if status == 0:
            self.close_connection = True
            return None
        if status >= 300:
            self._answer(status)
            self.close_connection = True
            return None
        return name, query

    def do_GET(self) -> None:
        begun = self._begin()
        if begun is None:
            return
        name, query = begun
        if query.get("comp") == ["list"]:
            self._list(query.get("prefix", [""])[0], int(query.get("marker", ["0"])[0]))
        elif name == "moved":
            self._answer(302, Location=f"/c/{next(iter(self.container.blobs))}?{SIGNATURE}")
        elif name == "cut-short":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif name in self.container.blobs:
            self._answer(200, self.container.blobs[name])
        else:
            self._answer(404)

    def _list(self, prefix: str, start: int) -> None:
        names = sorted(name for name in self.container.blobs if name.startswith(prefix))
        end = start + self.container.page_size
        blobs = "".join(f"<Blob><Name>{escape(name)}</Name></Blob>" for name in names[start:end])
        marker = f"<NextMarker>{end}</NextMarker>" if end < len(names) else "<NextMarker />"
        document = f"<EnumerationResults><Blobs>{blobs}</Blobs>{marker}</EnumerationResults>"
        self._answer(200, document.encode())

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        begun = self._begin()
        if begun is None:
            return
        name, query = begun
        if query.get("comp") == ["block"]:
            self.container.blocks[query["blockid"][0]] = body
        elif query.get("comp") == ["blocklist"]:
            ids = [part.split("<")[0] for part in body.decode().split("<Latest>")[1:]]
            self.container.blobs[name] = b"".join(self.container.blocks[block_id] for block_id in ids)
        elif self.headers["x-ms-blob-type"] == "BlockBlob":
            self.container.blobs[name] = body
        else:
            self._answer(400)
            return
        self._answer(201)


@contextmanager
def serve_container() -> Iterator[Container]:
    """A container on a loopback port for as long as the context lasts."""
    container = Container()
    handler = type("Handler", (_Handler,), {"container": container})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        container.url = f"http://127.0.0.1:{server.server_port}/c"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield container
        finally:
            server.shutdown()
            thread.join()
