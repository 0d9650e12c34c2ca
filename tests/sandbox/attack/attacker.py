"""Raw requests to a running sandbox, signed, half signed or not at all, by a signer of its own.

An attempt has failed, from the attacker's side, when it is refused: an answer of 400 to 499, or none at all. An answer
of 500 or more is a crash, whatever was asked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Literal
from urllib.parse import unquote, urlsplit

from tests.support.sandbox import RunningSandbox

Service = Literal["batch", "blob"]
VERSION = "api-version=2025-06-01"
BLOB_VERSION = "2025-11-05"
_ANSWER_LIMIT_S = 20.0
_STANDARD = (
    "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
    "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    """0 where the connection ended without one."""
    body: bytes = b""
    head: bytes = b""

    @property
    def is_refusal(self) -> bool:
        return self.status == 0 or 400 <= self.status < 500

    @property
    def is_crash(self) -> bool:
        return self.status >= 500


@dataclass(frozen=True, slots=True)
class Request:
    """One request before it is signed."""

    service: Service
    method: str
    path: str
    """As it is sent; below the account for blobs, with a slash in front."""
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path[:60]}?{self.query[:60]}"


@dataclass(slots=True)
class Tally:
    """What was tried, and what got through."""

    tried: int = 0
    through: list[str] = field(default_factory=list)

    def note(self, what: str, is_refused: bool, status: int) -> None:
        self.tried += 1
        if not is_refused:
            self.through.append(f"{what} → {status}")

    @property
    def refused(self) -> int:
        return self.tried - len(self.through)


@dataclass(frozen=True, slots=True)
class Attacker:
    """Knows where the sandbox is and, where an attack needs it, its keys."""

    sandbox: RunningSandbox

    def address(self, service: Service) -> tuple[str, int]:
        endpoint = self.sandbox.batch_endpoint if service == "batch" else self.sandbox.blob_endpoint
        parts = urlsplit(endpoint)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def full_path(self, request: Request) -> str:
        return request.path if request.service == "batch" else f"/{self.sandbox.storage_account}{request.path}"

    def headers(self, request: Request, at_s: float | None = None) -> dict[str, str]:
        """Everything but the signature; `at_s` is the time the request claims to be of."""
        host, port = self.address(request.service)
        date = formatdate(time.time() if at_s is None else at_s, usegmt=True)
        own = {"ocp-date": date} if request.service == "batch" else {"x-ms-date": date, "x-ms-version": BLOB_VERSION}
        length = {"content-length": str(len(request.body))} if request.body or request.method in ("PUT", "POST") else {}
        kind = {"content-type": "application/json"} if request.service == "batch" and request.body else {}
        return {"host": f"{host}:{port}", **own, **length, **kind, **request.headers}

    def authorization(
        self, request: Request, headers: Mapping[str, str], key: str | None = None, account: str | None = None
    ) -> str:
        is_batch = request.service == "batch"
        own = self.sandbox.batch_account if is_batch else self.sandbox.storage_account
        key = key if key is not None else self.sandbox.batch_key if is_batch else self.sandbox.storage_key
        values = {**headers, "date": ""}
        if values.get("content-length") == "0":
            del values["content-length"]
        prefix = "ocp-" if is_batch else "x-ms-"
        custom = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith(prefix))
        # Values count decoded, and empty ones, as the SDK signs for Batch, not at all.
        given = [pair.partition("=") for pair in request.query.split("&")]
        pairs = sorted(f"{name}:{unquote(value)}" for name, _, value in given if value)
        text = "\n".join([request.method, *(values.get(name, "") for name in _STANDARD)])
        text += f"\n{custom}/{own}{self.full_path(request)}" + "".join(f"\n{pair}" for pair in pairs)
        digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
        return f"SharedKey {account or own}:{base64.b64encode(digest).decode()}"

    def wire(self, request: Request, headers: Mapping[str, str]) -> bytes:
        query = f"?{request.query}" if request.query else ""
        lines = [f"{request.method} {self.full_path(request)}{query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1") + request.body

    def send(self, request: Request, headers: Mapping[str, str]) -> Answer:
        return self.send_raw(request.service, [self.wire(request, headers)])

    def signed(self, request: Request) -> Answer:
        """As the account's owner."""
        headers = self.headers(request)
        return self.send(request, {**headers, "authorization": self.authorization(request, headers)})

    def send_raw(self, service: Service, pieces: Iterable[bytes], *, hangs_up: bool = False) -> Answer:
        """The answer to bytes as they are; with `hangs_up` nobody waits for it."""
        with socket.create_connection(self.address(service), timeout=_ANSWER_LIMIT_S) as connection:
            with suppress(ConnectionError):  # it may refuse before it has read everything
                for piece in pieces:
                    connection.sendall(piece)
            return Answer(0) if hangs_up else answer_of(connection)

    def defects(self) -> list[str]:
        """What the sandbox's own log says of requests that met something nobody foresaw."""
        log = self.sandbox.state_dir / "server.log"
        lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        return [line for line in lines if "Traceback" in line or "failed" in line or "Error" in line]

    def still_answers(self) -> bool:
        """Whether both services answer their owner."""
        batch = self.signed(Request("batch", "GET", "/pools", VERSION))
        blob = self.signed(Request("blob", "GET", "/", "comp=list"))
        return (batch.status, blob.status) == (200, 200)


def answer_of(connection: socket.socket) -> Answer:
    """What comes on a connection: one answer, or as much of it as there is."""
    received = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65_536):
            received += piece
            if _is_whole(received):
                break
    head, _, body = received.partition(b"\r\n\r\n")
    parts = head.split(b" ", 2)
    status = int(parts[1]) if len(parts) > 1 and parts[0].startswith(b"HTTP/") and parts[1].isdigit() else 0
    is_chunked = b"transfer-encoding: chunked" in head.lower()
    return Answer(status, _joined(body) if is_chunked else body, head)


def _joined(chunks: bytes) -> bytes:
    content = b""
    while chunks:
        length, _, rest = chunks.partition(b"\r\n")
        size = int(length or b"0", 16)
        content, chunks = content + rest[:size], rest[size + 2 :]
    return content


def _is_whole(received: bytes) -> bool:
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0])


Attempts = Callable[[Attacker], Tally]


def each_refused(attacker: Attacker, attempts: Sequence[tuple[str, Request, Mapping[str, str]]]) -> Tally:
    """Sends each; all of them ought to be refused."""
    tally = Tally()
    for what, request, headers in attempts:
        answer = attacker.send(request, headers)
        tally.note(f"{what}: {request}", answer.is_refusal, answer.status)
    return tally
