"""The Blob services the contract suite runs against, and what its modules share.

The sandbox, always. Azurite, when `BATCH_TUI_AZURITE_URL` is its account URL and it was started with
`AZURITE_ACCOUNTS=batchtui:<base64 of 64 zeros>` and `--skipApiVersionCheck`. Azure itself with `BATCH_TUI_LIVE=1` and
`AZURE_STORAGE_CONNECTION_STRING`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    BlobServiceClient,
    ContainerClient,
)

from tests.sandbox.blob.serving import ACCOUNT, served_blobs

OPTIONS: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 30}
AZURITE_URL = os.environ.get("BATCH_TUI_AZURITE_URL", "")
CONNECTION_STRING = os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "")
AZURITE_CODES = {
    "AuthenticationFailed": "AuthorizationFailure",
    "Md5Mismatch": "InvalidOperation",
    "UnauthorizedBlobOverwrite": "AuthorizationPermissionMismatch",
}
IS_LIVE = os.environ.get("BATCH_TUI_LIVE") == "1"


@dataclass(frozen=True, slots=True)
class Target:
    """A service under test."""

    account_url: str
    account_name: str
    key: str = field(repr=False)
    own_codes: Mapping[str, str] = field(default_factory=dict)
    """Where the target says another code than the service's documentation does."""
    is_lenient: bool = False
    """It is known to let some requests pass that the service refuses."""

    def says(self, status: int, code: str) -> tuple[int, str]:
        return status, self.own_codes.get(code, code)

    def service(self, credential: str | None = None, **options: Any) -> BlobServiceClient:
        """A client with the account's key, or with another credential."""
        if credential is None:
            options["credential"] = {"account_name": self.account_name, "account_key": self.key}
        elif credential:
            options["credential"] = credential
        return BlobServiceClient(self.account_url, **OPTIONS, **options)


def reachable_targets() -> list[Any]:
    names: list[Any] = ["sandbox"]
    if AZURITE_URL:
        names.append("azurite")
    if IS_LIVE and CONNECTION_STRING:
        names.append(pytest.param("azure", marks=pytest.mark.live))
    return names


@pytest.fixture(scope="module", params=reachable_targets())
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    if request.param == "sandbox":
        with served_blobs(tmp_path_factory.mktemp("blobs")) as account_url:
            yield Target(account_url, ACCOUNT.name, ACCOUNT.key)
    elif request.param == "azurite":
        yield Target(AZURITE_URL, ACCOUNT.name, ACCOUNT.key, AZURITE_CODES, is_lenient=True)
    else:
        parts = dict(part.split("=", 1) for part in CONNECTION_STRING.split(";") if part)
        with BlobServiceClient.from_connection_string(CONNECTION_STRING) as client:
            yield Target(client.url.rstrip("/"), parts["AccountName"], parts["AccountKey"])


@pytest.fixture(scope="module")
def service(target: Target) -> Iterator[BlobServiceClient]:
    with target.service() as client:
        yield client


@pytest.fixture
def container(service: BlobServiceClient) -> Iterator[ContainerClient]:
    client = service.create_container(f"contract-{secrets.token_hex(6)}")
    yield client
    client.delete_container()


@pytest.fixture
def new_container_name(service: BlobServiceClient) -> Iterator[str]:
    name = f"contract-{secrets.token_hex(6)}"
    yield name
    client = service.get_container_client(name)
    if client.exists():
        client.delete_container()


def refusal(call: Callable[[], object]) -> tuple[int | None, str]:
    """Status and code a call is refused with."""
    with pytest.raises(HttpResponseError) as caught:
        call()
    code = getattr(caught.value, "error_code", None)
    return caught.value.status_code, str(getattr(code, "value", code))


def skip_where_lenient(target: Target) -> None:
    if target.is_lenient:
        pytest.skip("this target is known to be lenient here")


def in_hours(hours: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
