"""Sizes, durations and times in words a person reads, and in the forms the service writes. Fixed widths on request."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_TYPED_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)\s*(d|h|min|m|s))\s*")
_SECONDS = {"d": 86_400, "h": 3_600, "min": 60, "m": 60, "s": 1}

UNLIMITED_S = 10_675_199 * 86_400
"""The service writes `P10675199DT2H48M5.4775807S` for "no limit"; anything this long is unlimited."""


def size_text(size_bytes: int) -> str:
    """`812 B`, `12 KB`, `3.4 MB`: powers of 1,024, at most three digits."""
    size = float(size_bytes)
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 999.5 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1_024
    raise AssertionError("unreachable")


def duration_text(seconds: float) -> str:
    """`0.8 s`, `42 s`, `3 min 05 s`, `2 h 14 min`, `3 d 04 h`."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86_400:
        return f"{whole // 3_600} h {whole % 3_600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3_600:02} h"


def clock_text(seconds: float) -> str:
    """`00:04:12`; hours grow past 99."""
    whole = max(0, math.floor(seconds))
    return f"{whole // 3_600:02}:{whole % 3_600 // 60:02}:{whole % 60:02}"


def count_text(count: int, singular: str, plural: str | None = None) -> str:
    """`1 task`, `3 tasks`, `100,000 tasks`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def parse_typed_duration(text: str) -> float:
    """Seconds of what a person types: `30m`, `1h30m`, `90s`, or a bare number of minutes. ValueError otherwise."""
    stripped = text.strip().lower()
    if re.fullmatch(r"\d+(?:\.\d+)?", stripped):
        return float(stripped) * 60
    if not stripped or not re.fullmatch(rf"(?:{_TYPED_DURATION.pattern})+", stripped):
        raise ValueError(f"not a duration: {text!r}; write it like 30m, 1h30m or 90s")
    return sum(float(number) * _SECONDS[unit] for number, unit in _TYPED_DURATION.findall(stripped))


def iso_duration(seconds: float) -> str:
    """The service's form: `PT30M`, `PT1H30M`, `P2D`."""
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, secs = divmod(rest, 60)
    time = "".join(f"{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (secs, "S")) if value)
    date = f"{days}D" if days else ""
    return f"P{date}{'T' + time if time else ''}" if date or time else "PT0S"


def parse_iso_duration(text: str) -> float | None:
    """Seconds of the service's form, or None for "no limit". ValueError for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT"):
        raise ValueError(f"not an ISO 8601 duration: {text!r}")
    part = {name: float(value or 0) for name, value in match.groupdict().items()}
    seconds = part["days"] * 86_400 + part["hours"] * 3_600 + part["minutes"] * 60 + part["seconds"]
    return None if seconds >= UNLIMITED_S else seconds


def parse_timestamp(text: str) -> float:
    """Unix seconds of the service's `2026-11-20T10:02:11.1234567Z`."""
    return datetime.fromisoformat(text).timestamp()


def timestamp(moment_s: float) -> str:
    """The service's form of Unix seconds, microseconds kept."""
    return datetime.fromtimestamp(moment_s, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def local_clock(moment_s: float) -> str:
    """`10:02:11` on this machine's clock."""
    return datetime.fromtimestamp(moment_s).astimezone().strftime("%H:%M:%S")


def local_date_time(moment_s: float) -> str:
    """`2026-11-20 10:02:11 +0100` on this machine's clock."""
    return datetime.fromtimestamp(moment_s).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
