"""How both services are reached: one connection pool a client, short waits, few and harmless repetitions.

No call waits longer than connecting, reading and the pauses below allow. Nothing is repeated where the first attempt
may already have acted and a second one would say something else. Nothing goes to another host than the account's own,
whatever an answer says: requests carry signatures, SAS and the content of files.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from azure.core.exceptions import AzureError, ServiceRequestError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter

from tui.core.accounts import is_loopback
from tui.core.errors import ServiceFault
from tui.gateways.errors import release, retry_after_s

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
POLL_READ_TIMEOUT_S = 15.0
RETRIES = 2

_CONNECTIONS = 64
"""More than the threads that call at once: urllib3 drops what does not fit its pool, and each drop is a handshake."""

_USUAL_PORTS = {"http": 80, "https": 443}

FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
"""A pause in here cannot be interrupted; whoever is asked to wait longer is told, and waits on the stop event."""

_REPEATED_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "PATCH"})
_TROUBLE = frozenset({408, 429, 500, 502, 503, 504})
_NOTHING_WAS_DONE = frozenset({429, 503})

# Without a handler of their own these loggers reach stderr through logging.lastResort and tear the screen.
for _name in ("azure", "urllib3"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
# The Batch client warns, with a traceback, that it could not make a model of an error's body; we read it ourselves.
logging.getLogger("azure.batch").setLevel(logging.ERROR)


def transport_to(endpoint: str, read_timeout_s: float = READ_TIMEOUT_S) -> RequestsTransport:
    """A transport for many threads; proxies of the environment count for everything but loopback."""
    session = _Session()
    session.trust_env = not is_loopback(urlsplit(endpoint).hostname or "")
    session.auth = _keep_authorization
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return _Transport(endpoint, session, read_timeout_s)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long one attempt of a call waits for the service to say something."""

    read_s: float = READ_TIMEOUT_S
    poll_read_s: float = POLL_READ_TIMEOUT_S
    """For a call that is made again anyway."""


USUAL_TIMEOUTS = Timeouts()


class _Session(requests.Session):
    """Follows no redirect, and sends the path that was signed."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002  requests' own name
        return None

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """requests resolves `.` and `..`, which may be segments of a blob's name and are part of what was signed."""
        prepared = super().prepare_request(request)
        path = urlsplit(str(request.url)).path
        if not {".", ".."}.isdisjoint(path.split("/")):
            parts = urlsplit(prepared.url or "")
            prepared.url = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
        return prepared


class _Transport(RequestsTransport):  # type: ignore[misc]  # azure-core loads it lazily, without a type
    """Reaches the one service it was made for, and says that it was closed as it says that nobody answers.

    A thread may still call while another one closes.
    """

    _is_closed = False

    def __init__(self, endpoint: str, session: requests.Session, read_timeout_s: float) -> None:
        super().__init__(session=session, connection_timeout=CONNECT_TIMEOUT_S, read_timeout=read_timeout_s)
        self._place = _place(endpoint)

    def send(self, request: Any, **options: Any) -> Any:
        if _place(request.url) != self._place:
            raise ServiceFault(
                "The service names another host", "a request was not sent: it would have left the account's own"
            )
        return super().send(request, **options)

    def open(self) -> None:
        if self._is_closed:
            raise ServiceRequestError("the client was closed")
        super().open()

    def close(self) -> None:
        self._is_closed = True
        super().close()


def _place(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _USUAL_PORTS.get(parts.scheme)


def _keep_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Requests would otherwise put a password of ~/.netrc in the place of the signature."""
    return request


class BriefRetryPolicy(HTTPPolicy[Any, Any]):
    """Repeats an HTTP call at most `retry_total` times, and counts what is sent.

    A POST is repeated only where nothing was done: the connection was refused, or the answer is 429 or 503.
    """

    def __init__(self, retries: int = RETRIES) -> None:
        super().__init__()
        self._retries = retries
        self._lock = threading.Lock()
        self._sent = 0

    @property
    def sent(self) -> int:
        return self._sent

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        retries = int(request.context.options.pop("retry_total", self._retries))
        is_repeatable = request.http_request.method in _REPEATED_METHODS
        attempt = 0
        while True:
            with self._lock:
                self._sent += 1
            pause_s = FIRST_PAUSE_S * 2**attempt
            try:
                response = self.next.send(request)
            except AzureError as error:
                if attempt >= retries or not (is_repeatable or isinstance(error, ServiceRequestError)):
                    raise
            else:
                status = response.http_response.status_code
                may_help = status in (_TROUBLE if is_repeatable else _NOTHING_WAS_DONE)
                asked_s = retry_after_s(response.http_response.headers)
                pause_s = pause_s if asked_s is None else asked_s
                if attempt >= retries or not may_help or pause_s > _LONGEST_PAUSE_S:
                    return response
                release(response.http_response)
            attempt += 1
            time.sleep(pause_s)
