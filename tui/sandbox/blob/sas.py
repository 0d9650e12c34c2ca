"""Shared access signatures: what one grants, and whether the account made it.

Service signatures for a container (`sr=c`) or a blob (`sr=b`) and account signatures, of version 2015-04-05 and later.
The strings to sign are those of learn.microsoft.com/rest/api/storageservices/create-service-sas and create-account-sas.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from .account import BlobAccount
from .errors import ErrorCode, ServiceError
from .messages import Request, Target
from .shared_key import sign
from .timestamps import Clock, http_date, parse_iso_time

_OLDEST_VERSION = "2015-04-05"
_VERSION_WITH_RESOURCE = "2018-11-09"
_VERSION_WITH_ENCRYPTION_SCOPE = "2020-12-06"
_OVERRIDES = {
    "rscc": "cache-control",
    "rscd": "content-disposition",
    "rsce": "content-encoding",
    "rscl": "content-language",
    "rsct": "content-type",
}


@dataclass(frozen=True, slots=True)
class SharedAccess:
    """What a verified signature grants."""

    permissions: str
    resource_types: str
    """Letters s, c, o; of an account signature only."""
    is_account_wide: bool
    """Otherwise it is the signature of one container or blob."""
    response_headers: Mapping[str, str]
    """Content headers that replace the stored ones when a blob is read."""


def verify(request: Request, target: Target, account: BlobAccount, clock: Clock) -> SharedAccess:
    """Raise unless the query's signature is the account's, is in force and covers `target`."""
    query = request.query
    version = query.get("sv", "")
    if version < _OLDEST_VERSION or "skoid" in query or "si" in query:
        # User delegation and stored access policies need keys and policies this service does not keep.
        raise _refusal("This form of shared access signature is not served here.")
    account_wide = "ss" in query
    if account_wide:
        text = _account_string_to_sign(query, account.name, version)
    else:
        text = _service_string_to_sign(query, target, account.name, version)
    if not hmac.compare_digest(query["sig"].encode(), sign(account.secret, text).encode()):
        raise _refusal(f"Signature did not match. String to sign used was {text!r}")
    _check_time(query, clock())
    _check_protocol_and_address(query, request)
    if account_wide and "b" not in query["ss"]:
        raise ServiceError(ErrorCode.AUTHORIZATION_SERVICE_MISMATCH)
    overrides = {header: query[name] for name, header in _OVERRIDES.items() if query.get(name)}
    if any(ord(character) < 32 for value in overrides.values() for character in value):
        raise _refusal("A response header in the signature holds control characters.")
    return SharedAccess(query.get("sp", ""), query.get("srt", ""), account_wide, overrides)


def _service_string_to_sign(query: Mapping[str, str], target: Target, account_name: str, version: str) -> str:
    resource = query.get("sr", "")
    if resource == "c" and target.container:
        path = target.container
    elif resource == "b" and target.blob:
        path = f"{target.container}/{target.blob}"
    else:
        raise _refusal("The signed resource (sr) does not fit what the URL names.")
    values = [
        *_values(query, "sp", "st", "se"),
        f"/blob/{account_name}/{path}",
        *_values(query, "si", "sip", "spr", "sv"),
    ]
    if version >= _VERSION_WITH_RESOURCE:
        values += [resource, ""]  # the empty one is the snapshot's time
    if version >= _VERSION_WITH_ENCRYPTION_SCOPE:
        values += _values(query, "ses")
    return "\n".join([*values, *_values(query, "rscc", "rscd", "rsce", "rscl", "rsct")])


def _account_string_to_sign(query: Mapping[str, str], account_name: str, version: str) -> str:
    values = [account_name, *_values(query, "sp", "ss", "srt", "st", "se", "sip", "spr", "sv")]
    if version >= _VERSION_WITH_ENCRYPTION_SCOPE:
        values += _values(query, "ses")
    return "\n".join(values) + "\n"


def _values(query: Mapping[str, str], *names: str) -> list[str]:
    return [query.get(name, "") for name in names]


def _check_time(query: Mapping[str, str], now: datetime) -> None:
    start, expiry = parse_iso_time(query.get("st", "")), parse_iso_time(query.get("se", ""))
    if expiry is None or (start is None and query.get("st")):
        raise _refusal("The start (st) or expiry (se) of the signature is not a time in UTC.")
    if (start is not None and now < start) or now >= expiry:
        window = (start or datetime(1970, 1, 1, tzinfo=UTC), expiry, now)
        shown = [http_date(int(moment.timestamp())) for moment in window]
        raise _refusal(
            f"Signature not valid in the specified time frame: Start [{shown[0]}] - Expiry [{shown[1]}]"
            f" - Current [{shown[2]}]"
        )


def _check_protocol_and_address(query: Mapping[str, str], request: Request) -> None:
    protocols = query.get("spr")
    if protocols and not request.server_url.startswith(tuple(f"{name}://" for name in protocols.split(","))):
        raise ServiceError(ErrorCode.AUTHORIZATION_PROTOCOL_MISMATCH)
    addresses = query.get("sip")
    if addresses:
        first, _, last = addresses.partition("-")
        try:
            caller = ip_address(request.client_host)
            low, high = ip_address(first), ip_address(last or first)
            inside = caller.version == low.version == high.version and int(low) <= int(caller) <= int(high)
        except ValueError:
            inside = False
        if not inside:
            raise ServiceError(ErrorCode.AUTHORIZATION_SOURCE_IP_MISMATCH, {"SourceIP": request.client_host})


def _refusal(detail: str) -> ServiceError:
    return ServiceError(ErrorCode.AUTHENTICATION_FAILED, {"AuthenticationErrorDetail": detail})
