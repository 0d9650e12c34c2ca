"""Reads request bodies the way the service does: numbers may be strings, enums any case, unknown properties pass.

Every reader names the property in the error it raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tui.sandbox.batch.errors import ServiceError, invalid_property, missing_property
from tui.sandbox.batch.times import format_duration, parse_duration

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_INT32 = range(-(1 << 31), 1 << 31)


class Body:
    """One JSON object of a request."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    @classmethod
    def parse(cls, data: bytes) -> Body:
        """A request body; an empty one is an empty object."""
        if not data.strip():
            return cls({})
        try:
            content = json.loads(data.decode("utf-8-sig"))
            if _ESCAPED_SURROGATE.search(data):
                # Half a pair is no character: it could be neither stored nor sent again.
                json.dumps(content, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise ServiceError("InvalidRequestBody", [("Reason", "The body is not valid JSON.")]) from None
        if not isinstance(content, dict):
            raise ServiceError("InvalidRequestBody", [("Reason", "The body is not a JSON object.")])
        return cls(content)

    @property
    def wire(self) -> Mapping[str, Any]:
        """Everything it holds, for those who name all of it themselves."""
        return self._content

    def has(self, name: str) -> bool:
        return self._content.get(name) is not None

    def raw(self, name: str) -> Any:
        return self._content.get(name)

    def identifier(self, name: str = "id", default: str | None = None) -> str:
        """An id that may become a directory's name: letters, digits, hyphen and underscore, at most 64."""
        value = self.text(name) if default is None else self.text(name) or default
        if value is None:
            raise missing_property(name)
        check_identifier(name, value)
        return value

    def text(self, name: str, max_length: int | None = None) -> str | None:
        value = self._content.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise invalid_property(name, value, "The value must be a string.")
        if max_length is not None and len(value) > max_length:
            raise invalid_property(name, value, f"The value is longer than {max_length} characters.")
        if "\x00" in value:
            raise invalid_property(name, "", "The value contains a null character.")
        return value

    def required_text(self, name: str, max_length: int | None = None) -> str:
        value = self.text(name, max_length)
        if not value:
            raise missing_property(name)
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self._content.get(name)
        if value is None:
            return default
        try:
            if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
                raise ValueError
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            raise invalid_property(name, value, "The value must be an integer.") from None
        if number not in _INT32 or not low <= number <= high:
            raise invalid_property(name, value, f"The value must be between {low} and {high}.")
        return number

    def flag(self, name: str, default: bool) -> bool:
        value = self._content.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise invalid_property(name, value, "The value must be true or false.")
        return value

    def duration(self, name: str, default: str, minimum: str | None = None) -> str:
        """A duration in its normal form."""
        text = self.text(name)
        if text is None:
            return default
        ticks = parse_duration(text)
        if ticks is None:
            raise invalid_property(name, text, "The value is not an ISO 8601 duration.")
        if minimum is not None and ticks < (parse_duration(minimum) or 0):
            raise invalid_property(name, text, f"The value must be at least {minimum}.")
        return format_duration(ticks)

    def choice(self, name: str, options: Sequence[str], default: str) -> str:
        """One of `options` in their own spelling, whatever the case it came in."""
        value = self.text(name)
        if value is None:
            return default
        for option in options:
            if option.lower() == value.lower():
                return option
        raise invalid_property(name, value)

    def child(self, name: str) -> Body | None:
        value = self._content.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise invalid_property(name, value, "The value must be an object.")
        return Body(value)

    def children(self, name: str) -> list[Body] | None:
        value = self._content.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise invalid_property(name, "", "The value must be a list of objects.")
        return [Body(item) for item in value]

    def texts(self, name: str) -> list[str] | None:
        value = self._content.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise invalid_property(name, "", "The value must be a list of strings.")
        return value


def check_identifier(name: str, value: str) -> None:
    if _IDENTIFIER.fullmatch(value) is None:
        raise invalid_property(
            name,
            value,
            "The value may contain letters, digits, hyphens and underscores only and no more than 64 of them.",
        )


def without_absent(wire: Mapping[str, Any]) -> dict[str, Any]:
    """The service omits what is not set."""
    return {name: value for name, value in wire.items() if value is not None}
