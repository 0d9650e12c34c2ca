"""Both services of the sandbox on real sockets, in one thread of the test process."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from tui.core.accounts import Account, AccountKind, checked_account
from tui.sandbox.batch.allocation import PoolTimings
from tui.sandbox.batch.app import create_batch_app
from tui.sandbox.batch.launches import Account as NodesAccount
from tui.sandbox.batch.service import BatchService
from tui.sandbox.blob import BlobAccount, BlobStore, create_blob_app
from tui.sandbox.nodes.host import LocalNodeHost

BATCH_NAME = "sandboxbatch"
STORAGE_NAME = "sandboxblobs"
KEY = base64.b64encode(b"1" * 64).decode()

_START_LIMIT_S = 20.0
_STOP_LIMIT_S = 20.0
_QUICK = PoolTimings(creating_s=0.01, starting_s=0.01, steady_s=0.01, deleting_s=0.05)


class _Servers:
    """Two uvicorn servers on one event loop, and the Batch service that lives on it."""

    def __init__(self, root: Path, batch_socket: socket.socket, blob_socket: socket.socket) -> None:
        self.listening = threading.Event()
        self._root = root
        self._sockets = (batch_socket, blob_socket)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self) -> None:
        batch_socket, blob_socket = self._sockets
        service = BatchService(
            account=NodesAccount(BATCH_NAME, _url(batch_socket)),
            host=LocalNodeHost(self._root / "nodes"),
            state_path=self._root / "batch.sqlite",
            timings=_QUICK,
        )
        store = BlobStore(self._root / "blobs")
        await service.start()
        batch = _server(create_batch_app(service, BATCH_NAME, KEY))
        blob = _server(create_blob_app(store, BlobAccount(STORAGE_NAME, KEY)))
        running = [
            asyncio.create_task(server.serve(sockets=[bound]))
            for server, bound in ((batch, batch_socket), (blob, blob_socket))
        ]
        self.listening.set()
        await self._stop.wait()
        for server in (batch, blob):
            server.should_exit = True
        await asyncio.gather(*running)
        await service.close()
        store.close()


@contextmanager
def served_account(root: Path) -> Iterator[Account]:
    """An account on a sandbox below `root` that runs tasks for real."""
    batch_socket, blob_socket = _listener(), _listener()
    servers = _Servers(root, batch_socket, blob_socket)
    thread = threading.Thread(target=servers.run, name="sandbox services")
    thread.start()
    try:
        assert servers.listening.wait(_START_LIMIT_S), "the sandbox did not start"
        yield checked_account(
            name="test",
            kind=AccountKind.SANDBOX,
            batch_account=BATCH_NAME,
            batch_endpoint=_url(batch_socket),
            batch_key=KEY,
            storage_account=STORAGE_NAME,
            storage_key=KEY,
            storage_endpoint=f"{_url(blob_socket)}/{STORAGE_NAME}",
        )
    finally:
        servers.stop()
        thread.join(_STOP_LIMIT_S)
        batch_socket.close()
        blob_socket.close()


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(app, http="httptools", lifespan="off", log_level="warning", access_log=False)
    return uvicorn.Server(config)


def _listener() -> socket.socket:
    """Listens at once, so that the first call waits instead of being refused. With the protocol named, asyncio turns
    Nagle's algorithm off on each connection."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    bound.listen(64)
    return bound


def _url(bound: socket.socket) -> str:
    return f"http://127.0.0.1:{bound.getsockname()[1]}"
