"""The storage account the sandbox serves; its key never shows in a repr."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BlobAccount:
    """Name and key of the one storage account."""

    name: str
    key: str = field(repr=False)
    """Base64, as in a connection string."""
    secret: bytes = field(init=False, repr=False)
    """The decoded key, what signatures are made with."""

    def __post_init__(self) -> None:
        try:
            secret = base64.b64decode(self.key, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the storage account key is not base64") from None
        if not secret:
            raise ValueError("the storage account key is empty")
        object.__setattr__(self, "secret", secret)
