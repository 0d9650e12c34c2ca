"""One request to the Blob service without a socket, and a Shared Key signer written apart from the service's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from tests.sandbox.blob.serving import ACCOUNT

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
HOST = "127.0.0.1:10000"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return self.headers.get("x-ms-error-code", "")


async def exchange(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: Sequence[bytes] = (b"",),
    disconnects: bool = False,
    client: str = "127.0.0.1",
) -> Answer | None:
    """The answer to one request, None when the service sent none. `body` arrives in its pieces."""
    sent: list[Message] = []
    arriving: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in body]
    if disconnects:
        arriving.append({"type": "http.disconnect"})
    else:
        arriving[-1]["more_body"] = False

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    size_bytes = sum(len(piece) for piece in body)
    plain = {"host": HOST, **({"content-length": str(size_bytes)} if size_bytes else {}), **(headers or {})}
    scope: Scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in plain.items()],
        "client": (client, 50000),
    }
    await app(scope, receive, send)
    if not sent:
        return None
    start, *rest = sent
    answered = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], answered, b"".join(message["body"] for message in rest))


async def signed_exchange(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: Sequence[bytes] = (b"",),
    disconnects: bool = False,
) -> Answer:
    """The same, signed by the account's owner. There must be an answer."""
    size_bytes = sum(len(piece) for piece in body)
    all_headers = {
        "x-ms-date": format_datetime(NOW, usegmt=True),
        "x-ms-version": "2026-10-06",
        "content-length": str(size_bytes) if size_bytes or method == "PUT" else "",
        **(headers or {}),
    }
    all_headers = {name: value for name, value in all_headers.items() if value}
    all_headers["authorization"] = authorization(method, path, query, all_headers)
    answer = await exchange(app, method, path, query=query, headers=all_headers, body=body, disconnects=disconnects)
    return answer or Answer(0, {}, b"")


def authorization(method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
    """For headers whose names sort the same by character and by word, and a query whose names need no decoding."""
    names = ["content-encoding", "content-language", "content-length", "content-md5", "content-type", "date"]
    names += ["if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"]
    values = {**headers, "date": ""}  # the date stands in x-ms-date
    if values.get("content-length") == "0":
        del values["content-length"]
    standard = [values.get(name, "") for name in names]
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
    parameters = "".join(f"\n{unquote(pair.replace('=', ':', 1))}" for pair in sorted(query.split("&")) if pair)
    text = "\n".join([method, *standard]) + f"\n{own}/{ACCOUNT.name}{path}{parameters}"
    digest = hmac.new(base64.b64decode(ACCOUNT.key), text.encode(), hashlib.sha256).digest()
    return f"SharedKey {ACCOUNT.name}:{base64.b64encode(digest).decode()}"
