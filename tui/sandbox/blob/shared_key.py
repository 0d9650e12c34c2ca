"""Storage's Shared Key scheme: what is signed, and whether a signature is the account's.

The string to sign is the one of learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key for version
2009-09-19 and later. With the account in the path, the canonical resource names it twice, as clients sign it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import timedelta

from .account import BlobAccount
from .errors import ErrorCode, ServiceError, invalid_query
from .messages import Request
from .timestamps import Clock, parse_http_date

MAX_CLOCK_SKEW = timedelta(minutes=15)
_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LINE_OF_ITS_OWN = re.compile(r"\n[^\n]*:")
"""In a value: what follows could be a parameter. Other line ends stand, since names of blobs may hold them."""
# The service sorts header names like words: hyphens count only between names that are otherwise equal.
_WORD_ORDER = str.maketrans({"-": None, "_": "!"})


def sign(secret: bytes, text: str) -> str:
    return base64.b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).decode()


def header_order(name: str) -> tuple[str, str]:
    """Sort key of the service's order of `x-ms-` headers."""
    return name.translate(_WORD_ORDER), name.replace("-", "\x7f")


def string_to_sign(request: Request, account_name: str, *, word_order: bool = True) -> str:
    headers = request.headers
    lines = [request.method]
    lines += [headers.get(name, "") for name in _SIGNED_HEADERS]
    if lines[3] == "0":
        lines[3] = ""
    if "x-ms-date" in headers:
        lines[6] = ""
    names = sorted((name for name in headers if name.startswith("x-ms-")), key=header_order if word_order else None)
    lines += [f"{name}:{headers[name].strip()}" for name in names]
    lines.append(f"/{account_name}{request.raw_path}")
    lines += [f"{name}:{request.query[name]}" for name in sorted(request.query)]
    return "\n".join(lines)


def verify(request: Request, account: BlobAccount, clock: Clock) -> None:
    """Raise unless `Authorization` is a fresh Shared Key signature of this request, and of no other, by `account`."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    name, _, signature = rest.strip().partition(":")
    if scheme != "SharedKey" or not signature:
        raise ServiceError(ErrorCode.INVALID_AUTHENTICATION_INFO)
    _check_date(request, clock)
    # Some clients sort header names by character, others like the service; both are one string in most requests.
    matches = name == account.name and (
        _is_signature(signature, account, string_to_sign(request, account.name))
        or _is_signature(signature, account, string_to_sign(request, account.name, word_order=False))
    )
    if not matches:
        raise ServiceError(
            ErrorCode.AUTHENTICATION_FAILED,
            {
                "AuthenticationErrorDetail": "The MAC signature in the request is not the one computed with the"
                f" account's key. Server used the string to sign {string_to_sign(request, account.name)!r}."
            },
        )
    check_query(request.query)


def check_query(query: Mapping[str, str]) -> None:
    """Raise where another query has the same lines in the string to sign, each of which is `name:value`."""
    for name, value in query.items():
        if ":" in name or _CONTROL_CHARACTER.search(name) or _LINE_OF_ITS_OWN.search(value):
            raise invalid_query(name, value)


def _is_signature(signature: str, account: BlobAccount, text: str) -> bool:
    return hmac.compare_digest(signature.encode(), sign(account.secret, text).encode())


def _check_date(request: Request, clock: Clock) -> None:
    text = request.headers.get("x-ms-date") or request.headers.get("date", "")
    sent_at = parse_http_date(text)
    if sent_at is None:
        detail = "The request has no valid x-ms-date or Date header."
    elif abs(clock() - sent_at) > MAX_CLOCK_SKEW:
        detail = f"The date header of the request, {text}, is more than 15 minutes from the server's time."
    else:
        return
    raise ServiceError(ErrorCode.AUTHENTICATION_FAILED, {"AuthenticationErrorDetail": detail})
