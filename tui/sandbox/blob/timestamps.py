"""The service's forms of time; everything inside is whole seconds since 1970 or an aware UTC datetime."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

Clock = Callable[[], datetime]
"""Answers an aware datetime."""

_ISO_FORM = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(\.\d{1,7})?)?Z)?", re.ASCII)
_TICKS_BEFORE_1970 = 621_355_968_000_000_000


def utc_now() -> datetime:
    return datetime.now(UTC)


@lru_cache(maxsize=1024)
def http_date(seconds: int) -> str:
    """`Fri, 20 Nov 2026 10:00:00 GMT`"""
    return formatdate(seconds, usegmt=True)


@lru_cache(maxsize=1024)
def parse_http_date(text: str) -> datetime | None:
    """None when `text` is no HTTP date. A date without a zone is read as UTC."""
    try:
        parsed = parsedate_to_datetime(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):  # its zone may lead out of the calendar
        return None


@lru_cache(maxsize=1024)
def parse_iso_time(text: str) -> datetime | None:
    """The ISO 8601 forms a shared access signature may carry: a day, or minutes, seconds or fractions with Z."""
    match = _ISO_FORM.fullmatch(text)
    if match is None:
        return None
    day, minute, second, fraction = match.groups()
    try:
        parsed = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}+00:00")
    except ValueError:
        return None
    return parsed.replace(microsecond=int(float(fraction) * 1_000_000)) if fraction else parsed


def ticks(moment: datetime) -> int:
    """100 ns steps since the year 1, the number an ETag shows in hexadecimal."""
    return int(moment.timestamp() * 1_000_000) * 10 + _TICKS_BEFORE_1970
