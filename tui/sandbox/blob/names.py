"""Names and markers: which container and blob names exist at all, and how a listing says where it goes on."""

from __future__ import annotations

import base64
import binascii
import re

from .errors import ErrorCode, ServiceError, invalid_query

MAX_BLOB_NAME_CHARACTERS = 1024
_CONTAINER_NAME = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9]))*")
_METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MARKER_VERSION = "1!"


def check_container_name(name: str) -> None:
    if not 3 <= len(name) <= 63:
        raise ServiceError(ErrorCode.OUT_OF_RANGE_INPUT)
    if not _CONTAINER_NAME.fullmatch(name):
        raise ServiceError(ErrorCode.INVALID_RESOURCE_NAME)


def check_blob_name(name: str) -> None:
    """A blob name is data; only its length is bounded."""
    if not 1 <= len(name) <= MAX_BLOB_NAME_CHARACTERS:
        raise ServiceError(ErrorCode.OUT_OF_RANGE_INPUT)


def is_metadata_name(name: str) -> bool:
    return _METADATA_NAME.fullmatch(name) is not None


def marker_for(name: str) -> str:
    """The marker a listing that goes on at `name` answers with."""
    return _MARKER_VERSION + base64.urlsafe_b64encode(name.encode()).decode()


def name_of_marker(marker: str) -> str:
    """The name a listing goes on at; empty for an absent marker."""
    if not marker:
        return ""
    try:
        if not marker.startswith(_MARKER_VERSION):
            raise ValueError
        return base64.b64decode(marker.removeprefix(_MARKER_VERSION), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_query("marker", marker) from None


def end_of_prefix(prefix: str) -> str | None:
    """The first name after all names that start with `prefix`, in code point order; None when there is no such name."""
    for position in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[position]) + 1
        if following == 0xD800:
            following = 0xE000  # surrogates are no characters
        if following <= 0x10FFFF:
            return prefix[:position] + chr(following)
    return None
