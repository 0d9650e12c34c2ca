"""Refusals that no handler makes: throttling and faults, in the envelope of the service they stand before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import parse_qsl, quote
from uuid import uuid4
from xml.sax.saxutils import escape

from starlette.types import Receive, Scope, Send

Service = Literal["batch", "blob"]

_WORDS: Final[Mapping[int, Mapping[Service, tuple[str, str]]]] = {
    403: {
        "batch": ("Forbidden", "Access is Forbidden"),
        "blob": ("AuthorizationFailure", "This request is not authorized to perform this operation."),
    },
    429: {
        "batch": ("TooManyRequests", "Too many requests were sent. Please retry later."),
        "blob": ("TooManyRequests", "Too many requests were sent. Please retry later."),
    },
    500: {
        "batch": ("InternalError", "Server encountered an internal error. Please try again after some time."),
        "blob": ("InternalError", "The server encountered an internal error. Please retry the request."),
    },
    503: {
        "batch": ("ServerBusy", "Server is currently unable to receive requests. Please retry your request."),
        "blob": ("ServerBusy", "The server is currently unable to receive requests. Please retry your request."),
    },
}


_MOST_QUOTED_BYTES = 16_384


async def refuse(
    service: Service,
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    retry_after_s: float | None = None,
    *,
    quotes: bool = False,
) -> str:
    """Answer a request, read to its end, without anybody having handled it.

    A service that `quotes` says back, wherever it says anything, all that the request proved itself with; that is
    what is returned.
    """
    content = await drain(receive)
    quoted = _quotation(scope, content) if quotes else ""
    request_id = f"{uuid4()} {_url(scope)}" if quotes else str(uuid4())
    code, message = _WORDS[status][service]
    if quotes:
        message = f"{message} {quoted}"
    headers, body = (_batch if service == "batch" else _blob)(scope, request_id, code, message)
    if retry_after_s is not None:
        headers["retry-after"] = f"{retry_after_s:g}"
    headers["content-length"] = str(len(body))
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
    return quoted


def _quotation(scope: Scope, content: bytes) -> str:
    """A request with its signature and its body, as the services' own refusals quote them, and more freely."""
    authorization = _header(scope, b"authorization")
    signature = authorization.rpartition(":")[2]
    body = content[:_MOST_QUOTED_BYTES].decode("utf-8", "replace")
    parts = (
        f"The MAC signature found in the HTTP request '{signature}' is not the same as any computed signature.",
        f"Signature did not match: {signature or dict(parse_qsl(_query(scope))).get('sig', '')}",
        f"Request was {scope['method']} {_url(scope)} (that is {quote(_url(scope), safe='')})",
        f"Authorization: {authorization}",
        f"Headers: {json.dumps({'authorization': authorization})}",
        f"Body: {body}",
        f"As text: {json.dumps(body)}",
    )
    return " ".join(parts).replace("\n", " ")


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _query(scope: Scope) -> str:
    return str(scope["query_string"].decode("latin-1"))


def _url(scope: Scope) -> str:
    query = _query(scope)
    return f"http://{_header(scope, b'host')}{scope['raw_path'].decode('latin-1')}" + (f"?{query}" if query else "")


async def drain(receive: Receive) -> bytes:
    """Read what is left of a request's body; its beginning."""
    kept = b""
    while (message := await receive())["type"] == "http.request":
        if len(kept) < _MOST_QUOTED_BYTES:
            kept += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return kept


async def disconnected(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _batch(_scope: Scope, request_id: str, code: str, message: str) -> tuple[dict[str, str], bytes]:
    text = f"{message}\nRequestId:{request_id}"
    body = json.dumps({"code": code, "message": {"lang": "en-US", "value": text}}).encode()
    return {"content-type": "application/json;odata=minimalmetadata", "request-id": request_id}, body


def _blob(_scope: Scope, request_id: str, code: str, message: str) -> tuple[dict[str, str], bytes]:
    text = escape(f"{message}\nRequestId:{request_id}")
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
    headers = {"content-type": "application/xml", "x-ms-error-code": code, "x-ms-request-id": request_id}
    return headers, body.encode()
