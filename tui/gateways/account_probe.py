"""An account's services asked one small question at a time, for the live checklist.

Each method opens its own connection and closes it: methods run at the same time, and one that is given up must hold
nothing that the others use.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.pipeline import Pipeline
from azure.core.rest import HttpRequest, HttpResponse
from azure.storage.blob import BlobClient, LinearRetry

from tui.core.accounts import Account, is_loopback
from tui.core.errors import ServiceError, ServiceFault, Unreachable
from tui.core.ports import StoragePort
from tui.core.redaction import Secret
from tui.gateways.batch_calls import API_VERSION
from tui.gateways.connect import open_batch, open_storage
from tui.gateways.errors import answer_errors, date_s, service_errors
from tui.gateways.http import transport_to

CONTAINER_PREFIX = "batch-tui-check-"

_READ_TIMEOUT_S = 4.0
_SAS_LIFETIME_S = 15 * 60
_BLOB = "checked.txt"

Resolve = Callable[[str, int], str]
"""The first network address of a host; OSError where there is none."""


def first_address(host: str, port: int) -> str:
    return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])


class AccountProbeGateway:
    """`AccountProbe` of one account."""

    def __init__(
        self, account: Account, sign_in: TokenCredential | None = None, resolve: Resolve = first_address
    ) -> None:
        self._account = account
        self._sign_in = sign_in
        self._resolve = resolve

    def resolve_batch(self) -> str:
        return self._resolved("Batch", self._account.batch_endpoint)

    def resolve_storage(self) -> str:
        return self._resolved("Storage", self._account.storage_endpoint)

    def batch_time_s(self) -> float | None:
        # Unsigned: it is refused, and the refusal tells the time as well as any answer.
        return self._time_of("Batch", self._account.batch_endpoint, f"/pools?api-version={API_VERSION}")

    def storage_time_s(self) -> float | None:
        return self._time_of("Storage", self._account.storage_endpoint, "/?comp=list")

    def count_pools(self) -> int:
        with closing(open_batch(self._account, self._sign_in)) as batch:
            return len(batch.list_pools())

    def count_containers(self) -> int:
        with closing(open_storage(self._account, self._sign_in)) as storage:
            return len(storage.list_containers())

    def try_shared_access(self) -> None:
        container = f"{CONTAINER_PREFIX}{secrets.token_hex(4)}"
        with closing(open_storage(self._account, self._sign_in)) as storage:
            storage.create_container(container, {"batchtui_check": "1"})
            try:
                self._write_and_read(storage, container)
            except BaseException:
                with suppress(ServiceError):  # what went wrong first is what a person has to know
                    storage.delete_container(container)
                raise
            storage.delete_container(container)

    def _resolved(self, service: str, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        proxy = None if is_loopback(host) or proxy_bypass(host) else getproxies().get(parts.scheme)
        if proxy:
            # Behind a proxy a machine often cannot resolve a name itself, and need not.
            return f"is left to the proxy {urlsplit(proxy).hostname or ''}"
        try:
            return f"resolves to {self._resolve(host, parts.port or 443)}"
        except (OSError, UnicodeError):
            raise Unreachable(f"{service} cannot be found", f"there is no such host as {host}") from None

    def _time_of(self, service: str, endpoint: str, target: str) -> float | None:
        transport = transport_to(endpoint, read_timeout_s=_READ_TIMEOUT_S)
        with PipelineClient[HttpRequest, HttpResponse](endpoint, pipeline=Pipeline(transport)) as client:
            with service_errors(service, endpoint, "asking for the time"):
                response = client.send_request(HttpRequest("GET", endpoint + target))
            return date_s(response.headers.get("Date"))

    def _write_and_read(self, storage: StoragePort, container: str) -> None:
        content = secrets.token_bytes(32)
        expires_s = time.time() + _SAS_LIFETIME_S
        write = storage.sign(container, "cw", expires_s, _BLOB)
        read = storage.sign(container, "r", expires_s, _BLOB)
        with self._errors("writing with a SAS"), self._blob(write) as blob:
            blob.upload_blob(content, length=len(content))
        with self._errors("reading with a SAS"), self._blob(read) as blob:
            got = blob.download_blob(0, len(content)).readall()
        if got != content:
            raise ServiceFault("Storage gave back something else", "reading with a SAS: not what was written")

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        endpoint = self._account.storage_endpoint
        with service_errors("Storage", endpoint, doing), answer_errors("Storage", endpoint, doing):
            yield

    def _blob(self, url: Secret) -> BlobClient:
        return BlobClient.from_blob_url(
            url.reveal(),
            transport=transport_to(self._account.storage_endpoint),
            retry_policy=LinearRetry(retry_total=0),
            permit_redirects=False,
        )
