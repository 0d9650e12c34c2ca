"""The sandbox's one process: the Batch and the Blob service on two loopback ports, in one event loop.

It holds the alive lock from before its first byte of state is read until it has ended; who finds the lock free knows
that nothing of it is left but files.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from tui.sandbox.batch.app import SERVER_OPTIONS, create_batch_app
from tui.sandbox.batch.launches import Account
from tui.sandbox.batch.ports import Limits, NodeHost
from tui.sandbox.batch.service import BatchService
from tui.sandbox.batch.store import StoreError
from tui.sandbox.blob import BlobAccount, BlobStore, create_blob_app
from tui.sandbox.blob.catalogue import CatalogueVersionError
from tui.sandbox.bounds import BoundedProtocol, Bounds, Clock
from tui.sandbox.errors import PortTakenError, SandboxError, StartError, StateFolderError
from tui.sandbox.locks import FileLock
from tui.sandbox.middleware import Activity, Gate
from tui.sandbox.nodes.host import LocalNodeHost
from tui.sandbox.settings import SandboxPaths, SandboxSettings, ServerRecord
from tui.sandbox.simulation.connections import protocol_within
from tui.sandbox.simulation.nodes import SimulatedHost
from tui.sandbox.simulation.simulation import Simulation
from tui.sandbox.simulation.trouble import TroubleDesk

_LOG = logging.getLogger(__name__)
_ALIVE_LOCK_TIMEOUT_S = 5.0
"""Someone who only looks whether the lock is held holds it for a moment."""
_KEEP_ALIVE_S = 75
"""Longer than any pause between two polls, so that pollers keep their connections."""
_CLOSE_TIMEOUT_S = 1
_IDLE_CHECKS = 10
"""Looks per idle period."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How this start of the sandbox behaves; nothing of it is remembered."""

    latency_s: float = 0.0
    idle_exit_s: float | None = None
    allows_faults: bool = False
    """Tests may plan faults on the wire."""
    bounds: Bounds = field(default_factory=Bounds)


class Sandbox:
    """One life of the process, from its locks to its last task."""

    def __init__(self, paths: SandboxPaths, options: ServerOptions) -> None:
        self._paths = paths
        self._options = options
        self._idle_exit_s = options.idle_exit_s
        self._started_at_s = time.time()
        self._activity = Activity()
        self._stop = asyncio.Event()

    async def serve(self, ready: Callable[[], None]) -> None:
        """Serve until a signal or idleness ends it; `ready` is called once both ports answer.

        Raises:
            SandboxError: It could not start.
        """
        settings, listeners = _listen(self._paths)
        host = LocalNodeHost(self._paths.nodes)
        await asyncio.to_thread(host.end_leftovers)
        store = _blob_store(self._paths)
        troubles = TroubleDesk()
        nodes = SimulatedHost(host, troubles)
        service = _batch_service(self._paths, settings, nodes, troubles)
        simulation = Simulation(service, nodes, troubles, allows_faults=self._options.allows_faults)
        batch = create_batch_app(service, settings.batch_account, settings.batch_key, simulation.operations)
        blob = create_blob_app(store, BlobAccount(settings.storage_account, settings.storage_key))
        apps = [simulation.before("batch", batch), simulation.before("blob", blob)]
        gates = [Gate(app, self._activity, self._options.latency_s) for app in apps]
        servers = [LoopbackServer(gate, self._options.bounds) for gate in gates]
        try:
            await _start_service(service, self._paths)
            simulation.start()
            self._handle_signals()
            serving = [
                asyncio.create_task(server.serve(sockets=[listener]))
                for server, listener in zip(servers, listeners, strict=True)
            ]
            self._write_record()
            ready()
            await self._wait_for_the_end(service)
            for server in servers:
                server.should_exit = True
            await asyncio.gather(*serving)
        finally:
            self._paths.server.unlink(missing_ok=True)
            await simulation.close()
            await service.close()
            store.close()

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        loop.add_signal_handler(signal.SIGUSR1, self._stay)

    def _stay(self) -> None:
        """Someone asked for a sandbox that does not leave by itself."""
        self._idle_exit_s = None
        self._write_record()

    def _write_record(self) -> None:
        ServerRecord(os.getpid(), self._started_at_s, self._idle_exit_s).save(self._paths)

    async def _wait_for_the_end(self, service: BatchService) -> None:
        while not self._stop.is_set():
            pause_s: float | None = None
            if (idle_exit_s := self._idle_exit_s) is not None:
                if _has_running_tasks(service):
                    self._activity.touch()
                if self._activity.idle_s >= idle_exit_s:
                    _LOG.warning("leaving after %s idle seconds", idle_exit_s)
                    return
                pause_s = idle_exit_s / _IDLE_CHECKS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause_s)


class LoopbackServer(uvicorn.Server):
    """A uvicorn server that bounds its clients and leaves the process's signals alone; the sandbox stops both of its
    servers."""

    def __init__(self, app: ASGIApp, bounds: Bounds, clock: Clock = time.monotonic) -> None:
        config = uvicorn.Config(
            app,
            http=protocol_within(bounds, clock),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_CLOSE_TIMEOUT_S,
            **SERVER_OPTIONS,
        )
        super().__init__(config)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        for connection in tuple(self.server_state.connections):
            if isinstance(connection, BoundedProtocol):
                connection.look()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(state_dir: Path, options: ServerOptions, report: Callable[[SandboxError | None], None]) -> int:
    """The whole process; `report` hears once, of readiness or of the error that prevents it. Returns an exit code."""
    paths = SandboxPaths(state_dir)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    alive = FileLock(paths.alive_lock)
    try:
        paths.create()
        if not alive.acquire(_ALIVE_LOCK_TIMEOUT_S):
            raise StartError("another sandbox runs on this state folder", paths.log)
        paths.server.unlink(missing_ok=True)
        asyncio.run(Sandbox(paths, options).serve(lambda: report(None)))
        return 0
    except SandboxError as error:
        problem = error
    except OSError as error:
        problem = StateFolderError(state_dir, error.strerror or str(error))
    alive.release()  # first, so that who hears of the problem may try again at once
    report(problem)
    return 1


def _listen(paths: SandboxPaths) -> tuple[SandboxSettings, list[socket.socket]]:
    """Both listening sockets on the remembered ports, or on free ones that are remembered from now on."""
    settings = SandboxSettings.load(paths) or SandboxSettings.new()
    listeners = [_listener(settings.batch_port), _listener(settings.blob_port)]
    batch_port, blob_port = (listener.getsockname()[1] for listener in listeners)
    if (batch_port, blob_port) != (settings.batch_port, settings.blob_port):
        settings = replace(settings, batch_port=batch_port, blob_port=blob_port)
        settings.save(paths)
    return settings, listeners


def _listener(port: int) -> socket.socket:
    # With the protocol named, asyncio turns Nagle's algorithm off on each connection.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTakenError(port) from error
        raise
    return listener


def _batch_service(paths: SandboxPaths, settings: SandboxSettings, host: NodeHost, limits: Limits) -> BatchService:
    try:
        account = Account(settings.batch_account, settings.batch_endpoint)
        return BatchService(account=account, host=host, state_path=paths.batch_state, limits=limits)
    except StoreError as error:
        raise StartError(str(error), paths.log) from error


async def _start_service(service: BatchService, paths: SandboxPaths) -> None:
    try:
        await service.start()
    except StoreError as error:
        raise StartError(str(error), paths.log) from error


def _blob_store(paths: SandboxPaths) -> BlobStore:
    try:
        return BlobStore(paths.blobs)
    except (sqlite3.Error, CatalogueVersionError) as error:
        raise StartError(f"{paths.blobs}: {error}", paths.log) from error


def _has_running_tasks(service: BatchService) -> bool:
    return any(node.attempts for pool in service.state.pools.values() for node in pool.nodes.values())
