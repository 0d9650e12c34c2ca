"""HTTP of a node: streams, retries, deadlines; addresses carry signatures, so no text made here repeats a query."""

from __future__ import annotations

import contextlib
import functools
import http.client
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final, TypeVar
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

T = TypeVar("T")

CHUNK_BYTES: Final = 256 * 1024
TIMEOUT_S: Final = 30.0
RETRY_DELAYS_S: Final = (0.2, 0.6, 1.8)
MAX_REDIRECTS: Final = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class TransferError(Exception):
    """An exchange that did not succeed, retries included."""

    def __init__(self, reason: str, *, status: int | None = None, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.timed_out = timed_out

    def pick(self, codes: tuple[str, str, str, str]) -> str:
        """The code that fits among (not found, access denied, timed out, anything else)."""
        if self.status in (404, 410):
            return codes[0]
        if self.status in (401, 403):
            return codes[1]
        return codes[2] if self.timed_out else codes[3]


class TransferStopped(Exception):
    """The attempt was ended while its files were moving."""


class LocalFileError(OSError):
    """The local end of a transfer failed, not the connection."""


def without_query(url: str) -> str:
    """The address as it may be shown: no signature, no credentials."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


class BoundedReader:
    """Exactly `size_bytes` of a file as a request body, however the file grows meanwhile."""

    def __init__(self, file: BinaryIO, size_bytes: int, stop: threading.Event) -> None:
        self._file = file
        self._left = size_bytes
        self._stop = stop

    def read(self, size: int = -1) -> bytes:
        if self._stop.is_set():
            raise TransferStopped
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        if wanted and not data:
            raise LocalFileError("the file became shorter while it was read")
        self._left -= len(data)
        return data


class HttpClient:
    """The exchanges of one attempt, over connections kept from one to the next. Used by one thread."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._connections: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def exchange(
        self,
        method: str,
        url: str,
        consume: Callable[[http.client.HTTPResponse], T],
        *,
        headers: Mapping[str, str] | None = None,
        body: Callable[[], bytes | BoundedReader] | None = None,
    ) -> T:
        """Send a request and `consume` its answer, again after a lost connection or a 5xx.

        Raises:
            TransferError: It was refused, or failed at each try.
            TransferStopped: The attempt was ended.
        """
        for delay_s in (*RETRY_DELAYS_S, None):
            if self._stop.is_set():
                raise TransferStopped
            try:
                return self._once(method, url, consume, headers or {}, body)
            except TransferError as error:
                if delay_s is None or not (error.status is None or error.status >= 500 or error.status == 429):
                    raise
                self.close()
                self._stop.wait(delay_s)
        raise AssertionError("the last try returns or raises")

    def _once(
        self,
        method: str,
        url: str,
        consume: Callable[[http.client.HTTPResponse], T],
        headers: Mapping[str, str],
        body: Callable[[], bytes | BoundedReader] | None,
    ) -> T:
        for _ in range(MAX_REDIRECTS + 1):
            try:
                parts = urlsplit(url)
                connection = self._connection(parts.scheme, parts.netloc)
                # A server that refuses a large body answers and hangs up before it has taken it all.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.request(method, _request_target(parts.path, parts.query), body and body(), dict(headers))
                response = connection.getresponse()
                if response.status in _REDIRECTS and method == "GET" and response.getheader("Location"):
                    response.read()
                    url = urljoin(url, response.headers["Location"])
                    continue
                if response.status >= 300:
                    response.read()
                    raise TransferError(f"HTTP {response.status} {response.reason}", status=response.status)
                return consume(response)
            except LocalFileError:
                raise
            except TimeoutError as error:
                raise TransferError("no answer in time", timed_out=True) from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                # Their texts may hold the address, signature included.
                raise TransferError(f"connection failed ({type(error).__name__})") from None
        raise TransferError("too many redirects", status=310)

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        connection = self._connections.get((scheme, netloc))
        if connection is None:
            host = netloc.rpartition("@")[2]
            if scheme == "https":
                connection = http.client.HTTPSConnection(
                    host, timeout=TIMEOUT_S, blocksize=CHUNK_BYTES, context=_tls_context()
                )
            elif scheme == "http" and host:
                connection = http.client.HTTPConnection(host, timeout=TIMEOUT_S, blocksize=CHUNK_BYTES)
            else:
                raise TransferError("not an http or https address", status=400)
            self._connections[scheme, netloc] = connection
        return connection

    def chunks_into(self, write: Callable[[bytes], object]) -> Callable[[http.client.HTTPResponse], None]:
        """A consumer that streams the body into `write` and gives up when the attempt ends."""

        def consume(response: http.client.HTTPResponse) -> None:
            while chunk := response.read(CHUNK_BYTES):
                if self._stop.is_set():
                    raise TransferStopped
                try:
                    write(chunk)
                except OSError as error:
                    raise LocalFileError(error.errno, error.strerror) from error
            if response.length:  # read(n) takes an early end of the stream for the end of the body
                raise http.client.IncompleteRead(b"", response.length)

        return consume


@functools.cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _request_target(path: str, query: str) -> str:
    # What is escaped already stays as it is; what a request line cannot hold is escaped.
    target = quote(path or "/", safe="/%:@!$&'()*+,;=~")
    return f"{target}?{quote(query, safe='/%:@!$&()*+,;=~?')}" if query else target
