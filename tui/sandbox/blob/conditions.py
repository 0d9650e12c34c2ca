"""Conditional headers and byte ranges, as reads and writes of a blob or container meet them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .errors import ErrorCode, ServiceError, invalid_header
from .timestamps import parse_http_date

_RANGE = re.compile(r"bytes=([0-9]{1,19})-([0-9]{1,19})?")
_CONDITIONAL_HEADERS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


class Versioned(Protocol):
    """A record whose changes show in an ETag and a time."""

    @property
    def etag(self) -> int: ...
    @property
    def modified_s(self) -> int: ...


def etag_text(record: Versioned) -> str:
    return f'"0x{record.etag:X}"'


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request demands of the record it touches."""

    match: str | None
    none_match: str | None
    modified_since: datetime | None
    unmodified_since: datetime | None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Conditions | None:
        """None for most requests: they demand nothing."""
        if not any(name in headers for name in _CONDITIONAL_HEADERS):
            return None
        return cls(
            headers.get("if-match"),
            headers.get("if-none-match"),
            _date_header(headers, "if-modified-since"),
            _date_header(headers, "if-unmodified-since"),
        )

    def check_read(self, record: Versioned) -> None:
        """Raise when the record must not be sent: 412 when it is another one, 304 when the client has it already."""
        self._check_is_the_one(record)
        if self._is_known(record):
            raise ServiceError(ErrorCode.NOT_MODIFIED, headers=(("etag", etag_text(record)),))

    def check_write(self, existing: Versioned | None) -> None:
        """Raise when the record must not be replaced or changed."""
        if existing is None:
            if self.match is not None:
                raise ServiceError(ErrorCode.CONDITION_NOT_MET)
            return
        self._check_is_the_one(existing)
        if self.none_match is not None and self.none_match.strip() == "*":
            raise ServiceError(ErrorCode.BLOB_ALREADY_EXISTS)
        if self._is_known(existing):
            raise ServiceError(ErrorCode.CONDITION_NOT_MET)

    def _check_is_the_one(self, record: Versioned) -> None:
        if self.match is not None and not _names(self.match, record):
            raise ServiceError(ErrorCode.CONDITION_NOT_MET)
        if self.unmodified_since is not None and record.modified_s > self.unmodified_since.timestamp():
            raise ServiceError(ErrorCode.CONDITION_NOT_MET)

    def _is_known(self, record: Versioned) -> bool:
        if self.none_match is not None:
            return _names(self.none_match, record)
        return self.modified_since is not None and record.modified_s <= self.modified_since.timestamp()


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `offset`, inside the blob."""

    offset: int
    length: int

    @property
    def last(self) -> int:
        return self.offset + self.length - 1


def requested_range(headers: Mapping[str, str], size_bytes: int) -> ByteRange | None:
    """The range a read asks for, cut at the blob's end; None for all of it."""
    text = headers.get("x-ms-range")
    match = _RANGE.fullmatch(text if text is not None else headers.get("range", ""))
    if match is None:
        if text is not None:
            raise invalid_header("x-ms-range", text)
        return None  # a Range header that is not understood is ignored, as HTTP has it
    first = int(match[1])
    last = size_bytes - 1 if match[2] is None else min(int(match[2]), size_bytes - 1)
    if match[2] is not None and int(match[2]) < first:
        raise invalid_header("x-ms-range" if text is not None else "Range", match[0])
    if first >= size_bytes:
        raise ServiceError(ErrorCode.INVALID_RANGE, headers=(("content-range", f"bytes */{size_bytes}"),))
    return ByteRange(first, last - first + 1)


def _names(header: str, record: Versioned) -> bool:
    text = etag_text(record)
    return any(tag.strip().removeprefix("W/") in ("*", text, text.strip('"')) for tag in header.split(","))


def _date_header(headers: Mapping[str, str], name: str) -> datetime | None:
    text = headers.get(name)
    if text is None:
        return None
    parsed = parse_http_date(text)
    if parsed is None:
        raise invalid_header(name, text)
    return parsed
