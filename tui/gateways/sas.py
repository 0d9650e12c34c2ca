"""SAS of a container, made where the account's secret is; a signer is all that storage knows of it."""

from __future__ import annotations

import functools
import math
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from tui.core.redaction import Secret
from tui.core.specs import Permissions

CONTAINER_PERMISSIONS = {
    "r": ContainerSasPermissions(read=True),
    "cw": ContainerSasPermissions(create=True, write=True),
}

_KEPT_SIGNATURES = 256
"""All tasks of a run ask for the same few; signing each anew would cost more than the request that carries it."""


class SasSigner(Protocol):
    """Makes the query of a container's SAS."""

    def __call__(self, container: str, permissions: Permissions, expires_s: int) -> Secret: ...


def key_signer(account_name: str, key: Secret, endpoint: str) -> SasSigner:
    """Service SAS signed with the account's key.

    The start is left out, as the documentation asks: a clock a little ahead would make it start in the future. Only
    https may carry it, except to a service on this machine.
    https://learn.microsoft.com/rest/api/storageservices/create-service-sas
    """
    protocol = "https" if urlsplit(endpoint).scheme == "https" else None

    @functools.lru_cache(maxsize=_KEPT_SIGNATURES)
    def sign(container: str, permissions: Permissions, expires_s: int) -> Secret:
        return Secret(
            generate_container_sas(
                account_name,
                container,
                account_key=key.reveal(),
                permission=CONTAINER_PERMISSIONS[permissions],
                expiry=datetime.fromtimestamp(expires_s, UTC),
                protocol=protocol,
            )
        )

    return sign


def whole_seconds(expires_s: float) -> int:
    """SAS know no fractions; rounded up, so that a SAS never ends before it was promised to."""
    return math.ceil(expires_s)
