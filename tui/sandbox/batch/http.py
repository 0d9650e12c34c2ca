"""Requests and answers in the service's own form: headers, error envelope, conditional requests, ids."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.types import Receive, Scope, Send

from tui.sandbox.batch.body import Body
from tui.sandbox.batch.errors import ServiceError, invalid_property, invalid_query
from tui.sandbox.batch.odata import parse_select
from tui.sandbox.batch.records import Wire
from tui.sandbox.batch.service import BatchService
from tui.sandbox.batch.times import etag_of, format_time, http_date, parse_http_date

_LOG = logging.getLogger(__name__)

JSON_TYPE = "application/json;odata=minimalmetadata"
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
MAX_BODY_BYTES = 1_048_576
_MAX_PAGE = 1000
_ERROR_SET = "$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element"
_SAFE_METHODS = ("GET", "HEAD")
_SHOWN_CHARACTERS = 64
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INTEGER = re.compile(r"-?[0-9]{1,19}")


@dataclass(slots=True)
class Call:
    """One authenticated request."""

    service: BatchService
    method: str
    path: Mapping[str, str]
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    base_url: str
    content: bytes
    query: Mapping[str, str] = field(init=False)
    """By lower-case name: clients disagree about the case of `timeOut`."""

    def __post_init__(self) -> None:
        self.query = read_query(self.raw_query)

    def body(self) -> Body:
        return Body.parse(self.content)

    def select(self) -> frozenset[str] | None:
        return parse_select(self.query.get("$select"))

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() == "true"

    def max_results(self) -> int:
        text = self.query.get("maxresults")
        if text is None:
            return _MAX_PAGE
        if not _INTEGER.fullmatch(text):
            raise invalid_query("maxresults", text[:_SHOWN_CHARACTERS], "MaxResults must be an integer")
        number = int(text)
        if number < 1:
            raise invalid_query("maxresults", text, "MaxResults cannot be less than 1")
        if number > _MAX_PAGE:
            raise invalid_query("maxresults", text, f"MaxResults cannot be greater than {_MAX_PAGE}")
        return number

    def choice(self, name: str, value: str | None, options: tuple[str, ...], default: str) -> str:
        if value is None:
            return default
        for option in options:
            if option == value.lower():
                return option
        raise invalid_property(name, value)

    def check_conditions(self, modified: int) -> None:
        """Raise ConditionNotMet, or `NotModified` for a read, as the request's conditional headers demand."""
        names = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
        given = {name: self.headers[name] for name in names if self.headers.get(name)}
        if not given:
            return
        positive = ("if-match" in given, "if-unmodified-since" in given)
        negative = ("if-none-match" in given, "if-modified-since" in given)
        if any(positive) and any(negative):
            raise ServiceError("MultipleConditionHeadersNotSupported")
        second = parse_http_date(http_date(modified)) or 0
        if "if-match" in given:
            is_met = _matches(given["if-match"], modified)
        elif "if-none-match" in given:
            is_met = not _matches(given["if-none-match"], modified)
        elif "if-modified-since" in given:
            is_met = second > (parse_http_date(given["if-modified-since"]) or 0)
        else:
            is_met = second <= (parse_http_date(given["if-unmodified-since"]) or 0)
        if is_met:
            return
        if self.method in _SAFE_METHODS and any(negative):
            raise NotModified
        raise ServiceError("ConditionNotMet")


def read_query(raw_query: str) -> Mapping[str, str]:
    """What a signature says of a query, and nothing beyond: it holds a line `name:value` for each name's first value,
    and none for what is blank. Raises InvalidQueryParameterValue where another query has the same lines."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        key = name.lower()
        if key in query:
            raise invalid_query(name[:_SHOWN_CHARACTERS], value[:_SHOWN_CHARACTERS], "The parameter is given twice.")
        if ":" in name or _CONTROL_CHARACTER.search(name + value):
            reason = "A parameter holds control characters, or its name a colon."
            raise invalid_query(name[:_SHOWN_CHARACTERS], value[:_SHOWN_CHARACTERS], reason)
        query[key] = value
    return {name: value for name, value in query.items() if value}


class NotModified(Exception):
    """A conditional read found nothing new."""


def _matches(header: str, modified: int) -> bool:
    wanted = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return "*" in wanted or etag_of(modified) in wanted


@dataclass(slots=True)
class Reply:
    """An answer; `modified` adds ETag and Last-Modified, `acts` DataServiceId."""

    status: int = 200
    content: Wire | None = None
    modified: int | None = None
    acts: bool = False
    location: str | None = None
    service_id: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    stream: AsyncGenerator[bytes, None] | None = None


Handler: TypeAlias = Callable[[Call], Reply | Awaitable[Reply]]


def element(call: Call, set_name: str, wire: Wire, modified: int | None = None) -> Reply:
    """One resource, with the metadata line the service puts first."""
    return Reply(content={"odata.metadata": f"{call.base_url}/$metadata#{set_name}", **wire}, modified=modified)


class Responder:
    """Sends replies and refusals of one request."""

    def __init__(self, scope: Scope, send: Send, headers: Mapping[str, str], base_url: str, now: int) -> None:
        self._scope = scope
        self._send = send
        self._base_url = base_url
        self._now = now
        self.request_id = str(uuid4())
        self._common = [
            ("DataServiceVersion", "3.0"),
            ("request-id", self.request_id),
            ("Server", "Microsoft-HTTPAPI/2.0"),
            ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if headers.get("return-client-request-id", "").lower() == "true" and headers.get("client-request-id"):
            self._common.append(("client-request-id", headers["client-request-id"]))

    async def reply(self, reply: Reply, url: str) -> None:
        headers = [*self._common, *reply.headers]
        if reply.modified is not None:
            headers += [("ETag", etag_of(reply.modified)), ("Last-Modified", http_date(reply.modified))]
        if reply.acts:
            headers.append(("DataServiceId", reply.service_id or reply.location or url))
        if reply.location is not None:
            headers.append(("Location", reply.location))
        if reply.status == 204:
            headers.append(("Content-Length", "0"))
        if reply.content is not None:
            headers.append(("Content-Type", JSON_TYPE))
            # A task may give a file a name that is no UTF-8; what of it cannot be told is a question mark.
            data = _ENCODE(reply.content).encode(errors="replace")
            await self._start(reply.status, headers)
            await self._send({"type": "http.response.body", "body": data})
            return
        await self._start(reply.status, headers)
        if reply.stream is not None:
            async with aclosing(reply.stream) as chunks:
                async for chunk in chunks:
                    await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def refuse(self, error: ServiceError) -> None:
        """The error envelope; a HEAD request gets the status alone."""
        if self._scope["method"] == "HEAD":
            await self._start(error.status, [*self._common, ("Content-Length", "0")])
            await self._send({"type": "http.response.body", "body": b""})
            return
        envelope: dict[str, Any] = {
            "odata.metadata": f"{self._base_url}/{_ERROR_SET}",
            "code": error.code,
            "message": {
                "lang": "en-US",
                "value": f"{error.message}\nRequestId:{self.request_id}\nTime:{format_time(self._now)}",
            },
        }
        if error.values:
            envelope["values"] = [{"key": key, "value": value} for key, value in error.values]
        data = _ENCODE(envelope).encode()
        headers = [*self._common, ("Content-Type", JSON_TYPE), ("Content-Length", str(len(data)))]
        await self._start(error.status, headers)
        await self._send({"type": "http.response.body", "body": data})

    async def not_modified(self) -> None:
        await self._start(304, self._common)
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, status: int, headers: list[tuple[str, str]]) -> None:
        raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})


async def read_body(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """The whole request body, refused as soon as it is known to be too large."""
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large() -> ServiceError:
    return ServiceError("RequestBodyTooLarge", [("MaxLimit", str(MAX_BODY_BYTES))])
