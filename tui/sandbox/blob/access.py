"""Who may do what: every request is either the account's own, or carries a signature that covers its operation.

Nothing about what is stored is looked at before this is settled, so a refusal tells a stranger nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from . import sas, shared_key
from .account import BlobAccount
from .errors import ErrorCode, ServiceError
from .messages import Request, Target
from .records import BlobRecord
from .sas import SharedAccess
from .timestamps import Clock


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a shared access signature needs for an operation: one of the permissions, on one of the resource types."""

    permissions: str
    resource_types: str
    account_wide_only: bool = False
    """A signature of one container or blob never suffices, whatever its permissions."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A request's authority. Without `access` it is the account's owner."""

    access: SharedAccess | None = field(default=None)

    def check(self, requirement: Requirement) -> None:
        access = self.access
        if access is None:
            return
        if access.is_account_wide:
            if not set(access.resource_types) & set(requirement.resource_types):
                raise ServiceError(ErrorCode.AUTHORIZATION_RESOURCE_TYPE_MISMATCH)
        elif requirement.account_wide_only:
            raise ServiceError(ErrorCode.AUTHORIZATION_PERMISSION_MISMATCH)
        if not set(access.permissions) & set(requirement.permissions):
            raise ServiceError(ErrorCode.AUTHORIZATION_PERMISSION_MISMATCH)

    def check_overwrite(self, existing: BlobRecord | None) -> None:
        """The create permission alone never replaces a blob."""
        if existing is not None and self.access is not None and "w" not in self.access.permissions:
            raise ServiceError(ErrorCode.UNAUTHORIZED_BLOB_OVERWRITE)


def authenticate(request: Request, target: Target, account: BlobAccount, clock: Clock) -> Grant:
    check_caller(request)
    if "authorization" in request.headers:
        shared_key.verify(request, account, clock)
        grant = Grant()
    elif "sig" in request.query:
        grant = Grant(sas.verify(request, target, account, clock))
    else:
        raise ServiceError(ErrorCode.NO_AUTHENTICATION_INFORMATION)
    if target.account != account.name:
        raise ServiceError(
            ErrorCode.AUTHENTICATION_FAILED,
            {"AuthenticationErrorDetail": "The URL names another account than the one served here."},
        )
    return grant


def check_caller(request: Request) -> None:
    """Refuse what a web page could send: cross-origin requests, and names that were made to resolve to loopback."""
    if "origin" in request.headers:
        raise ServiceError(ErrorCode.CORS_NOT_ALLOWED)
    if not is_loopback_host(request.headers.get("host", "")):
        raise ServiceError(ErrorCode.AUTHORIZATION_FAILURE)


def is_loopback_host(host: str) -> bool:
    """`host` is a Host header: localhost or a loopback address, with or without a port."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdecimal()):
        return False
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
