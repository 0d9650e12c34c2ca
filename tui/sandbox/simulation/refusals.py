"""Refusals that no handler makes: throttling and faults, in the envelope of the service they stand before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Literal
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


async def refuse(
    service: Service, scope: Scope, receive: Receive, send: Send, status: int, retry_after_s: float | None = None
) -> None:
    """Answer a request, read to its end, without anybody having handled it."""
    await drain(receive)
    request_id = str(uuid4())
    code, message = _WORDS[status][service]
    headers, body = (_batch if service == "batch" else _blob)(scope, request_id, code, message)
    if retry_after_s is not None:
        headers["retry-after"] = f"{retry_after_s:g}"
    headers["content-length"] = str(len(body))
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def drain(receive: Receive) -> None:
    """Read what is left of a request's body."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
        pass


async def disconnected(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _batch(_scope: Scope, request_id: str, code: str, message: str) -> tuple[dict[str, str], bytes]:
    text = f"{message}\nRequestId:{request_id}"
    body = json.dumps({"code": code, "message": {"lang": "en-US", "value": text}}).encode()
    return {"content-type": "application/json;odata=minimalmetadata", "request-id": request_id}, body


def _blob(_scope: Scope, request_id: str, code: str, message: str) -> tuple[dict[str, str], bytes]:
    text = f"{escape(message)}\nRequestId:{request_id}"
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
    headers = {"content-type": "application/xml", "x-ms-error-code": code, "x-ms-request-id": request_id}
    return headers, body.encode()
