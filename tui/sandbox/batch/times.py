"""Service time: ticks of 100 ns since year 1, as the service counts them. No two changes share a tick.

A resource's eTag is its `lastModified` in ticks, and delta polls rely on transition times that only grow.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

TICKS_PER_SECOND = 10_000_000
UNLIMITED_TICKS = (1 << 63) - 1
"""The longest duration the service knows: `P10675199DT2H48M5.4775807S`, written for "no limit"."""

_UNIX_EPOCH_TICKS = 621_355_968_000_000_000
_YEAR_ONE = datetime(1, 1, 1)  # noqa: DTZ001 - pure calendar arithmetic, always UTC
_DAY_S = 86_400
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ServiceClock:
    """Wall-clock time that never stands still: every `tick()` is later than all before it, restarts included."""

    def __init__(self, unix_ns: Callable[[], int] = time.time_ns, not_before: int = 0) -> None:
        self._unix_ns = unix_ns
        self._last = not_before

    @property
    def last(self) -> int:
        return self._last

    def advance_to(self, ticks: int) -> None:
        """Make later readings later than `ticks`, the newest time found in a stored state."""
        self._last = max(self._last, ticks)

    def now(self) -> int:
        return max(self._last, _UNIX_EPOCH_TICKS + self._unix_ns() // 100)

    def tick(self) -> int:
        self._last = max(self._last + 1, _UNIX_EPOCH_TICKS + self._unix_ns() // 100)
        return self._last


def etag_of(ticks: int) -> str:
    return f"0x{ticks:X}"


def format_time(ticks: int) -> str:
    """`2025-01-16T18:44:41.7974082Z`; trailing zeros of the fraction are dropped, as the service does."""
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    if not fraction:
        return _second_text(seconds) + "Z"
    return f"{_second_text(seconds)}.{fraction:07d}".rstrip("0") + "Z"


@lru_cache(maxsize=8192)
def _second_text(seconds: int) -> str:
    return (_YEAR_ONE + timedelta(seconds=seconds)).isoformat()


@lru_cache(maxsize=1024)
def _http_second(seconds: int) -> str:
    at = _YEAR_ONE + timedelta(seconds=seconds)
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year:04d} {at:%H:%M:%S} GMT"


def http_date(ticks: int) -> str:
    return _http_second(ticks // TICKS_PER_SECOND)


def parse_http_date(text: str) -> int | None:
    """Ticks of an RFC 1123 date, or None where it is none."""
    try:
        at = parsedate_to_datetime(text)
        offset = at.utcoffset() or timedelta()
        return _ticks_of(at.replace(tzinfo=None) - offset)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def ticks_from_unix(seconds: float) -> int:
    return _UNIX_EPOCH_TICKS + int(seconds * TICKS_PER_SECOND)


_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.I
)


def parse_time(text: str) -> int | None:
    """Ticks of an ISO 8601 time; without a zone it is UTC. None where it is no time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001
    except ValueError:
        return None
    ticks = _ticks_of(at) + int((fraction or "").ljust(7, "0")[:7])
    if zone and zone not in "Zz":
        offset_s = (int(zone[1:3]) * 60 + int(zone[4:6])) * 60
        ticks += (-offset_s if zone[0] == "+" else offset_s) * TICKS_PER_SECOND
    return ticks


def _ticks_of(at: datetime) -> int:
    delta = at - _YEAR_ONE
    return (delta.days * _DAY_S + delta.seconds) * TICKS_PER_SECOND + delta.microseconds * 10


_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,9}))?S)?)?", re.ASCII
)


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> int | None:
    """Ticks of an ISO 8601 duration (a year is 365 days, a month 30), or None where it is none."""
    found = _DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        return None
    years, months, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:6])
    total_s = ((years * 365 + months * 30 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    fraction = int((found.group(7) or "").ljust(7, "0")[:7])
    return min(total_s * TICKS_PER_SECOND + fraction, UNLIMITED_TICKS)


def format_duration(ticks: int) -> str:
    """The service's normal form: `PT20M`, `P7D`, `P1279DT12H30M5S`, `PT0S`."""
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    days, seconds = divmod(seconds, _DAY_S)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    second_text = f"{seconds}.{fraction:07d}".rstrip("0") if fraction else str(seconds)
    clock = "".join(
        f"{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (second_text, "S")) if value not in (0, "0")
    )
    if not days and not clock:
        return "PT0S"
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "")


def duration_s(ticks: int) -> float | None:
    """Seconds for a timer, None for no limit."""
    return None if ticks >= UNLIMITED_TICKS else ticks / TICKS_PER_SECOND
