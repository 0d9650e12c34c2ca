"""Faults on the wire, planned by a test: which request fails, how, and a log of every request that came.

Nothing of this exists in a sandbox that was not started for it. A new plan starts counting and logging afresh.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tui.sandbox.simulation.connections import connection_of
from tui.sandbox.simulation.refusals import Service, disconnected, drain, refuse
from tui.sandbox.simulation.request_keys import RequestKey, SignedBy, request_key

_MOST_LOGGED = 200_000
_BODYLESS = (204, 304)


class FaultKind(StrEnum):
    RESET_BEFORE = "reset-before"
    """The connection is reset, the request not handled."""
    RESET_AFTER = "reset-after"
    """The request is handled, the connection reset in the place of the answer."""
    TIME_OUT = "time-out"
    """The request is handled, the answer withheld until the client has gone or `delay_s` has passed."""
    TRUNCATED = "truncated"
    """The request is handled, the connection ends in the middle of the answer; before it where it has no body."""
    CUT_BY_RESET = "cut-by-reset"
    """As truncated, and the connection is reset."""
    CUT_TO_FIT = "cut-to-fit"
    """The request is handled, half the body sent as if it were the whole; without a body the answer is as it was."""
    INTERNAL_ERROR = "500"
    UNAVAILABLE = "503"
    THROTTLED = "429"
    FORBIDDEN = "403"


_STATUSES: Mapping[FaultKind, int] = {
    FaultKind.INTERNAL_ERROR: 500,
    FaultKind.UNAVAILABLE: 503,
    FaultKind.THROTTLED: 429,
    FaultKind.FORBIDDEN: 403,
}
_CUTS = (FaultKind.TRUNCATED, FaultKind.CUT_BY_RESET)
_WITH_RETRY_AFTER = (FaultKind.UNAVAILABLE, FaultKind.THROTTLED)


@dataclass(frozen=True, slots=True)
class Fault:
    """Requests that fail in one way: those that agree with everything that is given."""

    kind: FaultKind
    service: Service | None = None
    signed_by: SignedBy | None = None
    operation: str | None = None
    target: str | None = None
    occurrence: int | None = None
    times: int | None = None
    """So often at most; None for no limit."""
    share: float = 1.0
    """Of the requests that agree; which ones is decided by the plan's seed."""
    delay_s: float = 60.0
    retry_after_s: float = 1.0
    quotes: bool = False
    """Whether a refusal says back what the request proved itself with."""

    @classmethod
    def at(
        cls,
        key: RequestKey,
        kind: FaultKind,
        *,
        delay_s: float = 60.0,
        retry_after_s: float = 1.0,
        quotes: bool = False,
    ) -> Fault:
        """The one request `key` fails, once."""
        return cls(
            kind,
            key.service,
            key.signed_by,
            key.operation,
            key.target,
            key.occurrence,
            times=1,
            delay_s=delay_s,
            retry_after_s=retry_after_s,
            quotes=quotes,
        )

    def concerns(self, key: RequestKey) -> bool:
        wanted = (self.service, self.signed_by, self.operation, self.target, self.occurrence)
        given = (key.service, key.signed_by, key.operation, key.target, key.occurrence)
        return all(want in (None, have) for want, have in zip(wanted, given, strict=True))


@dataclass(slots=True)
class Seen:
    """One request that came."""

    key: RequestKey
    fault: FaultKind | None
    status: int | None = None
    """What was answered; None while nothing is, and for good where the connection was reset."""
    quoted: str = ""
    """What a refusal said back of the request."""


@dataclass(slots=True)
class FaultPlan:
    """What is to fail, and everything that came since the plan was made."""

    faults: Sequence[Fault] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    log: deque[Seen] = field(default_factory=lambda: deque(maxlen=_MOST_LOGGED))
    _counts: Counter[RequestKey] = field(default_factory=Counter)
    _fired: Counter[int] = field(default_factory=Counter)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def meet(self, service: Service, scope: Scope) -> tuple[Seen, Fault | None]:
        """Take down a request that came, and say what is to become of it."""
        first = request_key(service, scope, self.names)
        self._counts[first] += 1
        key = replace(first, occurrence=self._counts[first])
        fault = next(self._due(key), None)
        seen = Seen(key, None if fault is None else fault.kind)
        self.log.append(seen)
        return seen, fault

    def _due(self, key: RequestKey) -> Iterator[Fault]:
        for number, fault in enumerate(self.faults):
            is_left = fault.times is None or self._fired[number] < fault.times
            if is_left and fault.concerns(key) and (fault.share >= 1 or self._random.random() < fault.share):
                self._fired[number] += 1
                yield fault


class FaultDesk:
    """Holds the plan in force; shared by the injectors of both services."""

    def __init__(self) -> None:
        self.plan = FaultPlan()


class FaultInjector:
    """Stands before one service and does to its requests what the plan says."""

    def __init__(self, service: Service, app: ASGIApp, desk: FaultDesk) -> None:
        self._service = service
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_administration(self._service, scope):
            await self._app(scope, receive, send)
            return
        seen, fault = self._desk.plan.meet(self._service, scope)

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
            await send(message)

        if fault is None:
            await self._app(scope, receive, noted)
        else:
            seen.quoted = await self._fail(fault, scope, receive, noted)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> str:
        """What a refusal quoted."""
        status = _STATUSES.get(fault.kind)
        if status is not None:
            asked_s = fault.retry_after_s if fault.kind in _WITH_RETRY_AFTER else None
            return await refuse(self._service, scope, receive, send, status, asked_s, quotes=fault.quotes)
        answer: list[Message] = []
        if fault.kind is FaultKind.RESET_BEFORE:
            await drain(receive)
        else:
            answer = await self._answer(scope, receive)
        if fault.kind is FaultKind.TIME_OUT:
            await _send_late(answer, fault.delay_s, receive, send)
        elif fault.kind is FaultKind.CUT_TO_FIT:
            await _send(_halved(answer, fits=True) if _has_body(scope, answer) else answer, send)
        elif fault.kind in _CUTS and _has_body(scope, answer):
            await _send(_halved(answer), send)
            if fault.kind is FaultKind.TRUNCATED:
                connection_of(scope).cut()
            else:
                connection_of(scope).reset()
            await disconnected(receive)
        else:
            connection_of(scope).reset()
            await disconnected(receive)
        return ""

    async def _answer(self, scope: Scope, receive: Receive) -> list[Message]:
        """Let the service act; what it would have sent."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        return answer


def is_administration(service: Service, scope: Scope) -> bool:
    """Requests to the sandbox itself, which no trouble touches."""
    return service == "batch" and bool(scope["path"].startswith("/sandbox/"))


def _has_body(scope: Scope, answer: Sequence[Message]) -> bool:
    return scope["method"] != "HEAD" and bool(answer) and answer[0]["status"] not in _BODYLESS


async def _send_late(answer: Sequence[Message], delay_s: float, receive: Receive, send: Send) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(disconnected(receive), delay_s)
        return
    await _send(answer, send)


async def _send(answer: Sequence[Message], send: Send) -> None:
    for message in answer:
        await send(message)


def _halved(answer: Sequence[Message], *, fits: bool = False) -> Sequence[Message]:
    """Half the body, announced as the whole of it or, where it `fits`, as what it is."""
    start, *rest = answer
    body = b"".join([message.get("body", b"") for message in rest])
    half = body[: len(body) // 2]
    length = len(half) if fits else max(len(body), 1)
    kept: list[Any] = [header for header in start["headers"] if header[0].lower() != b"content-length"]
    headers = [*kept, (b"content-length", str(length).encode())]
    return {**start, "headers": headers}, {"type": "http.response.body", "body": half, "more_body": not fits}
