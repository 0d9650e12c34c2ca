"""A Blob service on a real socket, in a thread of the test process."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from tui.sandbox.blob import BlobAccount, BlobStore, create_blob_app

ACCOUNT = BlobAccount("batchtui", base64.b64encode(b"0" * 64).decode())
_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 10.0


class _Server(uvicorn.Server):
    """Says when it listens, so that nobody has to look again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def served_blobs(root: Path) -> Iterator[str]:
    """The account URL of a service over a store in `root`."""
    # With the protocol named, asyncio turns Nagle's algorithm off on each connection.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    store = BlobStore(root)
    config = uvicorn.Config(create_blob_app(store, ACCOUNT), http="httptools", log_level="warning", access_log=False)
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="blob service")
    thread.start()
    try:
        assert server.listening.wait(_START_LIMIT_S), "the blob service did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/{ACCOUNT.name}"
    finally:
        server.should_exit = True
        thread.join(_STOP_LIMIT_S)
        store.close()
        listener.close()
