"""One HTTP request as the operations see it, and what they answer.

Names of headers and query parameters are lower case. Values are text: headers by latin-1, the query percent-decoded.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_to_bytes

from starlette.types import Receive, Scope

from .content import ContentStream
from .errors import ErrorCode, ServiceError, invalid_header

Headers = list[tuple[str, str]]
_SHOWN_CHARACTERS = 64
_LENGTH = re.compile(r"[0-9]{1,19}")


class ClientDisconnectedError(Exception):
    """The client went away before its body was complete; there is nobody to answer."""


class Request:
    """A request whose body is still on its way."""

    __slots__ = ("_receive", "client_host", "headers", "method", "query", "raw_path", "raw_query", "server_url")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self.method: str = scope["method"]
        self.raw_path: str = scope["raw_path"].decode("latin-1")
        """As sent: percent-encoded, without the query."""
        self.raw_query: str = scope["query_string"].decode("latin-1")
        self.query = parse_query(self.raw_query)
        self.headers = parse_headers(scope["headers"])
        client = scope.get("client")
        self.client_host: str = client[0] if client else ""
        self.server_url = f"{scope['scheme']}://{self.headers.get('host', '')}"

    @property
    def content_length(self) -> int:
        """What the client says it sends; a body of unknown length is refused."""
        text = self.headers.get("content-length")
        if text is None:
            raise ServiceError(ErrorCode.MISSING_CONTENT_LENGTH)
        if not _LENGTH.fullmatch(text):
            raise invalid_header("content-length", text[:_SHOWN_CHARACTERS])
        return int(text)

    async def body_chunks(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnectedError
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            if chunk:
                yield chunk

    async def body(self, limit: int) -> bytes:
        if self.content_length > limit:
            raise ServiceError(ErrorCode.REQUEST_BODY_TOO_LARGE, {"MaxLimit": str(limit)})
        return b"".join([chunk async for chunk in self.body_chunks()])


@dataclass(slots=True)
class Response:
    """Status, headers and a body that is whole, streamed, or only announced by `content_length` (HEAD)."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    stream: ContentStream | None = None
    content_length: int | None = None
    """Length of the stream, or what GET would have sent."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the path of a request names: the account, a container in it, a blob in that."""

    account: str
    container: str
    blob: str

    @property
    def level(self) -> str:
        if self.blob:
            return "blob"
        return "container" if self.container else "service"


def parse_target(raw_path: str) -> Target:
    """`/account/container/blob`, each percent-decoded on its own; the blob's name is all that follows its container."""
    account, _, rest = raw_path.removeprefix("/").partition("/")
    container, _, blob = rest.partition("/")
    try:
        names = [unquote_to_bytes(name).decode() if "%" in name else name for name in (account, container, blob)]
    except UnicodeDecodeError:
        raise ServiceError(ErrorCode.INVALID_URI) from None
    return Target(*names)


def parse_query(raw_query: str) -> dict[str, str]:
    """Repeated names are joined with commas, as signatures see them; a plus is a plus."""
    query: dict[str, str] = {}
    if raw_query:
        for pair in raw_query.split("&"):
            raw_name, _, raw_value = pair.partition("=")
            name, value = unquote(raw_name).lower(), unquote(raw_value)
            query[name] = f"{query[name]},{value}" if name in query else value
    return query


def parse_headers(raw_headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers
