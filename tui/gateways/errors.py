"""The one place where an exception of the Azure libraries becomes one of ours.

What comes out is readable by itself and safe to show: control sequences are neutralised, secrets masked, and the
lines that only support staff need (request id, time) are taken out of the text and kept in fields.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ResponseNotReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
    StreamClosedError,
    StreamConsumedError,
)

from tui.core import errors as ours
from tui.core.accounts import is_loopback
from tui.core.redaction import MASK, redact
from tui.core.terminal_text import neutralise
from tui.gateways.error_texts import HINTS, TITLES

_TOLERATED_SKEW_S = 15 * 60
"""Both services refuse a request that is dated further from their clock."""

_NOT_KEPT = (StreamConsumedError, StreamClosedError, ResponseNotReadError)
"""The libraries have read a body themselves, or let go of it: the answer is whole."""

_TOLD_BY_CODE = frozenset({404, 409})
"""Statuses that say nothing without the code beside them: what is not there, what stands in the way."""

_SUPPORT_LINES = re.compile(r"\s*\n?(?:RequestId:|Time:\d|ErrorCode:).*", re.DOTALL)
_QUOTED_SIGNATURE = re.compile(r"(?i)(signature found in the http request ')[^']*'")


@contextlib.contextmanager
def service_errors(service: str, endpoint: str, doing: str) -> Iterator[None]:
    """Whatever the libraries raise inside becomes a `ServiceError` that says what was being done."""
    try:
        yield
    except HttpResponseError as error:
        # The cause is dropped: its text holds headers and bodies that nobody has masked.
        raise _of_answer(error, service, endpoint, doing) from None
    except AzureError as error:
        raise _of_silence(error, service, endpoint, doing) from None


@contextlib.contextmanager
def answer_errors(service: str, endpoint: str, doing: str) -> Iterator[None]:
    """Reading an answer that is not what the service documents is the service's fault, not a crash of ours."""
    try:
        yield
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise nonsense(service, endpoint, f"{doing}: {type(error).__name__} while reading it") from None


def release(response: Any) -> None:
    """Gives the connection of an answer that nobody will read further back to its pool."""
    close = getattr(response, "close", None)
    if close is not None:
        close()


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, given as a number or as a date; None where there is none that can be read."""
    text = headers.get("Retry-After") or headers.get("retry-after")
    if not text:
        return None
    try:
        seconds = float(text)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        moment_s = date_s(text)
        return None if moment_s is None else max(0.0, moment_s - time.time())


def date_s(text: str | None) -> float | None:
    """Unix seconds of an HTTP date."""
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None


def plain_message(text: str) -> str:
    """A service's message without its support lines, harmless to show."""
    text = _QUOTED_SIGNATURE.sub(rf"\1{MASK}'", _SUPPORT_LINES.sub("", text))
    return redact(neutralise(" ".join(text.split())))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What an error answer says, of either service."""

    status: int
    code: str
    message: str
    request_id: str
    details: tuple[tuple[str, str], ...]
    retry_after_s: float | None
    clock_skew_s: float | None


def _of_answer(error: HttpResponseError, service: str, endpoint: str, doing: str) -> ours.ServiceError:
    try:
        return _of_status(error, service, endpoint, doing)
    finally:
        release(error.response)


def _of_status(error: HttpResponseError, service: str, endpoint: str, doing: str) -> ours.ServiceError:
    response: Any = error.response
    status: int | None = None if response is None else response.status_code
    if status is None or isinstance(error, IncompleteReadError):
        return _of_silence(error, service, endpoint, doing)
    if 200 <= status < 300:
        return nonsense(service, endpoint, f"{doing}: HTTP {status}", status)
    if 300 <= status < 400:
        return _of_redirect(service, endpoint, doing, status)
    try:
        answer = _read(error, status, response)
    except AzureError as cut:
        # Without its body an error does not say which of several it is, such as what is not there.
        return _of_silence(cut, service, endpoint, doing)
    if status in _TOLD_BY_CODE and not answer.code and response.request.method != "HEAD":
        # Cut short, or the words of something that stands between: taken at its status, what exists would be gone.
        return nonsense(service, endpoint, f"{doing}: HTTP {status} without a code", status)
    kind = _kind(answer.status, answer.code)
    title, hint = _words(kind, service, answer)
    mapped = kind(
        title,
        f"{doing}: {answer.message}" if answer.message else f"{doing}: HTTP {answer.status}",
        hint,
        status=answer.status,
        code=answer.code,
        request_id=answer.request_id,
        details=answer.details,
    )
    if isinstance(mapped, ours.Throttled):
        mapped.retry_after_s = answer.retry_after_s
    return mapped


def nonsense(service: str, endpoint: str, what: str, status: int | None = None) -> ours.ServiceFault:
    """An answer that the service does not give; `what` says to which question, and what was odd."""
    return ours.ServiceFault(
        f"{service} gave an answer that makes no sense",
        what,
        f"Is {endpoint} really the {service} endpoint?",
        status=status,
    )


def _of_redirect(service: str, endpoint: str, doing: str, status: int) -> ours.ServiceFault:
    """Neither service redirects: what does would be handed signatures and content that are none of its business."""
    return ours.ServiceFault(
        f"Something else answers in the place of {service}",
        f"{doing}: HTTP {status}, a redirect, which is not followed",
        f"Is {endpoint} really the {service} endpoint? Does this network ask for a sign-in first?",
        status=status,
    )


def _kind(status: int, code: str) -> type[ours.ServiceError]:
    if status in (429, 503):
        return ours.Throttled
    if status >= 500 or status == 408:
        return ours.ServiceFault
    if status in (401, 403):
        return ours.AccessRefused
    if status == 404:
        return ours.NotFound
    if status == 409:
        return ours.AlreadyExists if code.endswith(("Exists", "AlreadyExists")) else ours.Conflict
    return {412: ours.Conflict, 413: ours.TooLarge}.get(status, ours.RequestRefused)


def _words(kind: type[ours.ServiceError], service: str, answer: _Answer) -> tuple[str, str]:
    """Title and hint: those of the code where it is known, else those of the kind."""
    title = TITLES.get(answer.code) or TITLES[kind.__name__]
    hint = HINTS.get(answer.code) or HINTS.get(kind.__name__, "")
    if kind is ours.AccessRefused and answer.clock_skew_s is not None and abs(answer.clock_skew_s) > _TOLERATED_SKEW_S:
        direction = "ahead of" if answer.clock_skew_s > 0 else "behind"
        minutes = round(abs(answer.clock_skew_s) / 60)
        title = "This machine's clock is wrong"
        hint = f"It is {minutes} minutes {direction} the service's; set it, at most 15 minutes are accepted."
    elif any("SharedKey is not allowed" in text for text in (answer.message, *(value for _, value in answer.details))):
        title, hint = TITLES["KeyBasedAuthenticationNotPermitted"], HINTS["KeyBasedAuthenticationNotPermitted"]
    return title.format(service=service), hint.format(service=service)


def _read(error: HttpResponseError, status: int, response: Any) -> _Answer:
    headers = response.headers
    body = _json_body(response)
    raw_code = body.get("code") or getattr(error, "error_code", None) or headers.get("x-ms-error-code") or ""
    message = body.get("message")
    text = message.get("value", "") if isinstance(message, dict) else message
    if not text and getattr(error, "error_code", None):
        text = error.message
    values = body.get("values")
    there_s = date_s(headers.get("Date"))
    return _Answer(
        status=status,
        code=neutralise(str(getattr(raw_code, "value", raw_code))),
        message=plain_message(str(text or "")),
        request_id=neutralise(headers.get("request-id") or headers.get("x-ms-request-id") or ""),
        details=tuple(
            (neutralise(str(item.get("key", ""))), plain_message(str(item.get("value", ""))))
            for item in (values if isinstance(values, list) else [])
            if isinstance(item, dict)
        ),
        retry_after_s=retry_after_s(headers),
        clock_skew_s=None if there_s is None else time.time() - there_s,
    )


def _json_body(response: Any) -> dict[str, Any]:
    """The body of a Batch error; AzureError where it did not come to its end.

    The libraries leave it unread where the answer was to be streamed.
    """
    try:
        parsed = json.loads(response.read() if hasattr(response, "read") else response.body())
    except (*_NOT_KEPT, ValueError, AttributeError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _of_silence(error: AzureError, service: str, endpoint: str, doing: str) -> ours.ServiceError:
    """No whole answer came; what stands at the end of the chain of causes says why."""
    if isinstance(error, ClientAuthenticationError):
        return ours.AccessRefused(
            "Signing in failed",
            f"{doing}: {plain_message(str(error.message))}",
            "Sign in with `az login`, or check the account's credentials.",
        )
    parts = urlsplit(endpoint)
    host = parts.hostname or endpoint
    place = f"{host}:{parts.port}" if parts.port else host
    causes = tuple(_chain(error))
    hint = "Check the network, and the endpoint of the account."
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        reason = f"{place} refuses the connection"
        if is_loopback(host):
            hint = "Is the sandbox running? `batch-tui sandbox up` starts it."
    elif any(isinstance(cause, socket.gaierror) for cause in causes):
        reason, hint = f"no such host as {host}", f"Check the {service} endpoint of the account, then the network."
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        reason, hint = (
            f"no trusted TLS connection with {place}",
            "Check the endpoint, the proxy and this machine's clock.",
        )
    elif isinstance(error, ServiceRequestTimeoutError):
        reason = f"{place} could not be connected to in time"
    elif isinstance(error, ServiceResponseTimeoutError):
        reason = f"{place} did not answer in time"
    elif isinstance(error, (ServiceRequestError, ServiceResponseError, IncompleteReadError, HttpResponseError)):
        reason = f"the connection to {place} broke"
    else:
        reason = plain_message(str(error.message))
    return ours.Unreachable(f"{service} cannot be reached", f"{doing}: {reason}", hint)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything it wraps, however requests and urllib3 keep it."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = (
            getattr(current, "inner_exception", None),
            getattr(current, "reason", None),
            current.__cause__,
            current.__context__,
            *current.args,
        )
        pending.extend(item for item in wrapped if isinstance(item, BaseException))
