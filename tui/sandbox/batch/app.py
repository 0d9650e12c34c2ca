"""The Batch service's REST API as an ASGI application.

Every request is checked for where it comes from and for its signature before anything else is looked at; every refusal,
expected or not, is the service's error envelope; the answer to an accepted write is sent once the write is stored.
"""

from __future__ import annotations

import inspect
import logging
import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from tui.sandbox.batch import api_file, api_job, api_node, api_pool, api_task
from tui.sandbox.batch.auth import SharedKeyVerifier, SignedRequest, check_local
from tui.sandbox.batch.errors import ServiceError
from tui.sandbox.batch.http import Call, Handler, NotModified, Responder, read_body
from tui.sandbox.batch.service import BatchService
from tui.sandbox.batch.versions import check_api_version

_LOG = logging.getLogger(__name__)

SERVER_OPTIONS: Mapping[str, Any] = {"server_header": False, "date_header": True}
"""What uvicorn is told: the application sends its own Server header."""

_POOL = "/pools/{pool_id}"
_NODE = _POOL + "/nodes/{node_id}"
_JOB = "/jobs/{job_id}"
_TASK = _JOB + "/tasks/{task_id}"
_FILE = "/files/{file_path:path}"

_FILE_OPERATIONS: dict[str, Handler] = {
    "GET": api_file.get_file,
    "HEAD": api_file.head_file,
    "DELETE": api_file.delete_file,
}
_NO_SCALING: dict[str, Handler] = {"POST": api_pool.no_automatic_scaling}

OPERATIONS: Mapping[str, Mapping[str, Handler]] = {
    "/supportedimages": {"GET": api_pool.list_supported_images},
    "/nodecounts": {"GET": api_pool.list_node_counts},
    "/applications": {"GET": api_pool.list_applications},
    "/applications/{application_id}": {"GET": api_pool.get_application},
    "/pools": {"GET": api_pool.list_pools, "POST": api_pool.create_pool},
    _POOL: {
        "GET": api_pool.get_pool,
        "HEAD": api_pool.head_pool,
        "PATCH": api_pool.update_pool,
        "DELETE": api_pool.delete_pool,
    },
    _POOL + "/updateproperties": {"POST": api_pool.update_pool_properties},
    _POOL + "/resize": {"POST": api_pool.resize_pool},
    _POOL + "/stopresize": {"POST": api_pool.stop_resize},
    _POOL + "/removenodes": {"POST": api_pool.remove_nodes},
    _POOL + "/enableautoscale": _NO_SCALING,
    _POOL + "/disableautoscale": _NO_SCALING,
    _POOL + "/evaluateautoscale": _NO_SCALING,
    _POOL + "/nodes": {"GET": api_node.list_nodes},
    _NODE: {"GET": api_node.get_node},
    _NODE + "/reboot": {"POST": api_node.reboot_node},
    _NODE + "/disablescheduling": {"POST": api_node.disable_scheduling},
    _NODE + "/enablescheduling": {"POST": api_node.enable_scheduling},
    _NODE + "/files": {"GET": api_file.list_files},
    _NODE + _FILE: _FILE_OPERATIONS,
    "/jobs": {"GET": api_job.list_jobs, "POST": api_job.create_job},
    _JOB: {
        "GET": api_job.get_job,
        "PATCH": api_job.patch,
        "PUT": api_job.put,
        "DELETE": api_job.delete_job,
    },
    _JOB + "/terminate": {"POST": api_job.terminate_job},
    _JOB + "/disable": {"POST": api_job.disable_job},
    _JOB + "/enable": {"POST": api_job.enable_job},
    _JOB + "/taskcounts": {"GET": api_job.get_task_counts},
    _JOB + "/jobpreparationandreleasetaskstatus": {"GET": api_job.list_preparation_and_release},
    _JOB + "/addtaskcollection": {"POST": api_task.add_task_collection},
    _JOB + "/tasks": {"GET": api_task.list_tasks, "POST": api_task.add_task},
    _TASK: {"GET": api_task.get_task, "PUT": api_task.put_task, "DELETE": api_task.delete_task},
    _TASK + "/terminate": {"POST": api_task.terminate_task},
    _TASK + "/reactivate": {"POST": api_task.reactivate_task},
    _TASK + "/files": {"GET": api_file.list_files},
    _TASK + _FILE: _FILE_OPERATIONS,
}
"""Path templates and what each answers to; anything else is 404, or 405 where the path exists."""


def create_batch_app(
    service: BatchService, account: str, key: str, more: Mapping[str, Mapping[str, Handler]] | None = None
) -> ASGIApp:
    """The API of a started `service`, and `more` operations, for whoever signs with the account's base64 `key`."""
    return _BatchApp(service, SharedKeyVerifier(account, key), {**OPERATIONS, **(more or {})})


class _Resource:
    """The operations of one path; leaves the chosen one in the scope for the application."""

    def __init__(self, operations: Mapping[str, Handler]) -> None:
        self._operations = operations

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        handler = self._operations.get(scope["method"])
        if handler is None:
            raise ServiceError("UnsupportedHttpVerb")
        scope["batch.handler"] = handler


async def _unknown(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ServiceError("ResourceNotFound")


class _BatchApp:
    def __init__(
        self,
        service: BatchService,
        verifier: SharedKeyVerifier,
        operations: Mapping[str, Mapping[str, Handler]],
    ) -> None:
        self._service = service
        self._verifier = verifier
        routes = [Route(path, _Resource(verbs)) for path, verbs in operations.items()]
        self._router = Router(routes, redirect_slashes=False, default=_unknown)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = _header_map(scope)
        base_url = f"{scope['scheme']}://{headers.get('host', '')}"
        responder = Responder(scope, send, headers, base_url, self._service.clock.now())
        try:
            await self._answer(scope, receive, send, headers, base_url, responder)
        except ServiceError as error:
            await responder.refuse(error)
        except NotModified:
            await responder.not_modified()
        except ConnectionResetError:
            return

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: Mapping[str, str],
        base_url: str,
        responder: Responder,
    ) -> None:
        raw_path = scope.get("raw_path", b"").decode("latin-1") or quote(scope["path"])
        raw_query = scope["query_string"].decode("latin-1")
        check_local(headers)
        request = SignedRequest(scope["method"], raw_path, raw_query, headers)
        self._verifier.verify(request, self._service.clock.now())
        await self._router(scope, receive, send)
        call = Call(
            service=self._service,
            method=scope["method"],
            path=scope["path_params"],
            raw_path=raw_path,
            raw_query=raw_query,
            headers=headers,
            base_url=base_url,
            content=await read_body(receive, headers),
        )
        check_api_version(call.query)
        handler: Handler = scope["batch.handler"]
        try:
            reply = handler(call)
            if inspect.isawaitable(reply):
                reply = await reply
            if call.method not in ("GET", "HEAD"):
                await self._service.written()
        except (ServiceError, NotModified):
            raise
        except sqlite3.Error:
            raise ServiceError("InternalError") from None
        except Exception:  # the outermost loop: whatever a handler meets, the client gets the service's envelope
            _LOG.exception("%s %s failed", call.method, raw_path)
            raise ServiceError("InternalError") from None
        await responder.reply(reply, f"{base_url}{raw_path}")


def _header_map(scope: Scope) -> dict[str, str]:
    """Headers by lower-case name; the first of several with one name counts."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return headers
