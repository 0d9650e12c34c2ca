"""The Blob service as one ASGI callable.

The operation is chosen by verb, level of the resource and the query's `restype` and `comp`, which no router of paths
can tell apart, and blob names need the path as it was sent. So the dispatch is one dictionary.
"""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from . import blob_operations as blobs
from . import container_operations as containers
from .access import Requirement, authenticate
from .account import BlobAccount
from .calls import Call, Limits, check_served, is_version
from .documents import error_document
from .errors import ErrorCode, ServiceError, invalid_query
from .messages import ClientDisconnectedError, Headers, Request, Response, parse_target
from .store import BlobStore
from .timestamps import Clock, utc_now

_log = logging.getLogger(__name__)
_DEFAULT_VERSION = "2025-11-05"
_BODYLESS_STATUS = 304


@dataclass(frozen=True, slots=True)
class Operation:
    """What answers a request, and what a shared access signature needs for it."""

    run: Callable[[Call], Awaitable[Response]]
    requirement: Requirement


def _operation(
    run: Callable[[Call], Awaitable[Response]], permissions: str, resource_types: str, *, account_wide: bool = False
) -> Operation:
    return Operation(run, Requirement(permissions, resource_types, account_wide_only=account_wide))


_READ_CONTAINER = _operation(containers.get_container_properties, "r", "c", account_wide=True)
_READ_CONTAINER_METADATA = _operation(containers.get_container_metadata, "r", "c", account_wide=True)
_ACCOUNT_INFORMATION = _operation(containers.get_account_information, "rwdlacup", "sco")

# (verb, level, restype, comp)
_OPERATIONS: dict[tuple[str, str, str, str], Operation] = {
    ("GET", "service", "", "list"): _operation(containers.list_containers, "l", "s", account_wide=True),
    ("GET", "service", "service", "properties"): _operation(
        containers.get_service_properties, "r", "s", account_wide=True
    ),
    ("PUT", "container", "container", ""): _operation(containers.create_container, "cw", "c", account_wide=True),
    ("GET", "container", "container", ""): _READ_CONTAINER,
    ("HEAD", "container", "container", ""): _READ_CONTAINER,
    ("GET", "container", "container", "metadata"): _READ_CONTAINER_METADATA,
    ("HEAD", "container", "container", "metadata"): _READ_CONTAINER_METADATA,
    ("PUT", "container", "container", "metadata"): _operation(
        containers.set_container_metadata, "w", "c", account_wide=True
    ),
    ("GET", "container", "container", "acl"): _operation(containers.get_container_acl, "", "c", account_wide=True),
    ("HEAD", "container", "container", "acl"): _operation(containers.get_container_acl, "", "c", account_wide=True),
    ("DELETE", "container", "container", ""): _operation(containers.delete_container, "d", "c", account_wide=True),
    ("GET", "container", "container", "list"): _operation(containers.list_blobs, "l", "c"),
    ("PUT", "blob", "", ""): _operation(blobs.put_blob, "cw", "o"),
    ("PUT", "blob", "", "block"): _operation(blobs.put_block, "w", "o"),
    ("PUT", "blob", "", "blocklist"): _operation(blobs.put_block_list, "w", "o"),
    ("GET", "blob", "", "blocklist"): _operation(blobs.get_block_list, "r", "o"),
    ("GET", "blob", "", ""): _operation(blobs.get_blob, "r", "o"),
    ("HEAD", "blob", "", ""): _operation(blobs.get_blob_properties, "r", "o"),
    ("GET", "blob", "", "metadata"): _operation(blobs.get_blob_metadata, "r", "o"),
    ("HEAD", "blob", "", "metadata"): _operation(blobs.get_blob_metadata, "r", "o"),
    ("PUT", "blob", "", "metadata"): _operation(blobs.set_blob_metadata, "w", "o"),
    ("PUT", "blob", "", "properties"): _operation(blobs.set_blob_properties, "w", "o"),
    ("DELETE", "blob", "", ""): _operation(blobs.delete_blob, "d", "o"),
    **{
        (verb, level, "account", "properties"): _ACCOUNT_INFORMATION
        for verb in ("GET", "HEAD")
        for level in ("service", "container", "blob")
    },
}
_VERBS = {verb for verb, _, _, _ in _OPERATIONS}


def create_blob_app(
    store: BlobStore, account: BlobAccount, clock: Clock = utc_now, limits: Limits | None = None
) -> ASGIApp:
    """The Blob service of `account` at `/<account name>` over `store`."""
    return BlobService(store, account, clock, limits or Limits())


class BlobService:
    """Authenticates, finds the operation, runs it and sends what it answers. Keeps no state of its own."""

    def __init__(self, store: BlobStore, account: BlobAccount, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._account = account
        self._clock = clock
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        request = Request(scope, receive)
        request_id = str(uuid.uuid4())
        try:
            response = await self._answer(request)
        except ClientDisconnectedError:
            return
        except ServiceError as error:
            response = self._refusal(error, request_id)
        except (OSError, EOFError, sqlite3.Error):
            _log.exception("request %s failed", request_id)
            response = self._refusal(ServiceError(ErrorCode.INTERNAL_ERROR), request_id)
        version = request.headers.get("x-ms-version", "")
        response.headers += [
            ("x-ms-request-id", request_id),
            ("x-ms-version", version if is_version(version) else _DEFAULT_VERSION),
        ]
        client_id = request.headers.get("x-ms-client-request-id")
        if client_id:
            response.headers.append(("x-ms-client-request-id", client_id))
        await _send(response, send, has_body=request.method != "HEAD")

    async def _answer(self, request: Request) -> Response:
        target = parse_target(request.raw_path)
        grant = authenticate(request, target, self._account, self._clock)
        operation = _find_operation(request, target.level)
        grant.check(operation.requirement)
        check_served(request.headers, request.query)
        return await operation.run(Call(request, target, grant, self._store, self._limits))

    def _refusal(self, error: ServiceError, request_id: str) -> Response:
        headers: Headers = [("x-ms-error-code", error.error.code), *error.headers]
        if error.error.status == _BODYLESS_STATUS:
            return Response(_BODYLESS_STATUS, headers)
        time = self._clock().strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        headers.append(("content-type", "application/xml"))
        return Response(error.error.status, headers, error_document(error, request_id, time))


def _find_operation(request: Request, level: str) -> Operation:
    query = request.query
    restype, comp = query.get("restype", "").lower(), query.get("comp", "").lower()
    operation = _OPERATIONS.get((request.method, level, restype, comp))
    if operation is not None:
        return operation
    if request.method not in _VERBS:
        raise ServiceError(ErrorCode.UNSUPPORTED_HTTP_VERB)
    if comp and not any(known[3] == comp for known in _OPERATIONS):
        raise invalid_query("comp", query["comp"])
    if any(known[1:] == (level, restype, comp) for known in _OPERATIONS):
        raise ServiceError(ErrorCode.UNSUPPORTED_HTTP_VERB)
    if restype not in ("", "container", "service", "account"):
        raise invalid_query("restype", query["restype"])
    if level == "container" and not restype:
        # One name alone is a blob of the root container, and there is none.
        raise ServiceError(ErrorCode.CONTAINER_NOT_FOUND)
    raise ServiceError(ErrorCode.INVALID_URI)


async def _send(response: Response, send: Send, *, has_body: bool) -> None:
    stream = response.stream
    try:
        length = len(response.body) if response.content_length is None else response.content_length
        headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]
        if response.status != _BODYLESS_STATUS:
            headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if stream is not None and has_body:
            async with aclosing(stream.chunks()) as chunks:
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": response.body if has_body else b""})
    finally:
        if stream is not None:
            stream.close()


async def _live(receive: Receive, send: Send) -> None:
    """The store is opened and closed by whoever made it; there is nothing to do at start and end."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
