"""SharedKey signatures of the Batch service: whoever cannot sign with the account's key is refused.

Algorithm: learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service. Clients differ
from the page in three places (query names not lower-cased, length of bodiless requests, escaped slashes in file
paths), so a few spellings of the same request are tried; each is compared in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import product
from urllib.parse import parse_qsl

from tui.sandbox.batch.errors import ServiceError, authentication_failed
from tui.sandbox.batch.times import TICKS_PER_SECOND, parse_http_date

_MAX_SKEW_TICKS = 15 * 60 * TICKS_PER_SECOND
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
_FILE_PATH = re.compile("/(?:jobs/[^/]+/tasks|pools/[^/]+/nodes)/[^/]+/files/")
_ESCAPED_SLASH = re.compile("%(?:2f|5c)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The parts of a request its signature covers. Header names are lower-case; the path is as it was sent."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]


class SharedKeyVerifier:
    """Accepts requests signed with one account's key."""

    def __init__(self, account: str, key: str) -> None:
        self._account = account
        self._key = base64.b64decode(key, validate=True)

    def verify(self, request: SignedRequest, now: int) -> None:
        """Raise `ServiceError` AuthenticationFailed unless the request is signed, for now, with the key."""
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "sharedkey":
            raise authentication_failed("The specified type of authentication is not allowed for this account.")
        account, _, signature = credential.strip().rpartition(":")
        if not hmac.compare_digest(account.encode(), self._account.encode()):
            raise authentication_failed("The specified account does not exist or the signature is not its own.")
        self._check_date(request, now)
        try:
            given = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            raise authentication_failed("The MAC signature found in the HTTP request is not valid.") from None
        for text in strings_to_sign(self._account, request):
            expected = hmac.new(self._key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
            if hmac.compare_digest(expected, given):
                return
        raise authentication_failed(
            "The MAC signature found in the HTTP request is not the same as any computed signature."
        )

    def _check_date(self, request: SignedRequest, now: int) -> None:
        sent = request.headers.get("ocp-date") or request.headers.get("date")
        if not sent:
            raise authentication_failed("The request has neither a Date nor an ocp-date header.")
        at = parse_http_date(sent)
        if at is None or abs(now - at) > _MAX_SKEW_TICKS:
            raise authentication_failed(
                f"The date header in the request is incorrect or more than 15 minutes from the service's. "
                f"Request date header was: '{sent[:64]}'."
            )


def authorization(account: str, key: str, request: SignedRequest) -> str:
    """The Authorization header of a request, which has its date and, with a body, its length and type already."""
    text = next(strings_to_sign(account, request))
    mac = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return f"SharedKey {account}:{base64.b64encode(mac).decode()}"


def strings_to_sign(account: str, request: SignedRequest) -> Iterator[str]:
    """What a client may have signed, the likeliest first."""
    length = request.headers.get("content-length", "")
    lengths = dict.fromkeys((length, "0", "") if length in ("", "0") else (length,))
    paths = dict.fromkeys((request.raw_path, _slashed(request.raw_path)))
    for path, size, lower in product(paths, lengths, (False, True)):
        yield "\n".join(
            [
                request.method,
                *(size if name == "content-length" else request.headers.get(name, "") for name in _SIGNED_HEADERS),
                *(f"{name}:{value}" for name, value in _ocp_headers(request)),
                f"/{account}{path}",
                *_query_lines(request.raw_query, lower),
            ]
        )


def _slashed(raw_path: str) -> str:
    """The path as old clients sign it: with the slashes of a file's name as they are."""
    if not (found := _FILE_PATH.match(raw_path)):
        return raw_path
    return raw_path[: found.end()] + _ESCAPED_SLASH.sub("/", raw_path[found.end() :])


def _ocp_headers(request: SignedRequest) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in request.headers.items() if "ocp-" in name and value)


def _query_lines(raw_query: str, lower: bool) -> list[str]:
    first: dict[str, str] = {}
    for name, value in parse_qsl(raw_query):
        first.setdefault(name.lower() if lower else name, value)
    return [f"{name}:{first[name]}" for name in sorted(first)]


def check_local(headers: Mapping[str, str]) -> None:
    """Refuse what a web page could send: a foreign `Host` (DNS rebinding) or any `Origin`."""
    if "origin" in headers:
        raise ServiceError("Forbidden", [("Reason", "Requests from web pages are refused.")])
    if not _names_loopback(headers.get("host", "")):
        raise ServiceError("Forbidden", [("Reason", "The Host header does not name this machine's loopback.")])


def _names_loopback(host: str) -> bool:
    """Whether a Host header is `localhost` or a loopback address, with or without a port."""
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
