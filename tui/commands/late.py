"""What is made, and what it is made of imported, when something is first asked of it: not before the first frame."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

MadeT = TypeVar("MadeT")


class _Late(Generic[MadeT]):
    """Stands for one object; any thread may ask, and it is made once."""

    def __init__(self, make: Callable[[], MadeT]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[MadeT] = []

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
        return getattr(self._made[0], name)


def late(make: Callable[[], MadeT]) -> MadeT:
    """What `make` gives, as soon as an attribute of it is used."""
    return cast("MadeT", _Late(make))
