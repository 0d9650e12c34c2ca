"""The choice of the image a new pool starts from: the newest verified one of a publisher, offer and SKU.

It comes with the node agent that the service pairs with it, as the tutorials do it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.core.errors import InputError

if TYPE_CHECKING:
    from tui.core.records import ImageInfo

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """What a pool wants; offer and SKU match by their beginning, so that a family's newest member wins."""

    publisher: str
    offer: str
    sku: str

    def __str__(self) -> str:
        return f"{self.publisher} {self.offer} {self.sku}"


UBUNTU_LTS = ImageChoice("canonical", "ubuntu-24_04-lts", "server")


def _natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sorts `22_04` before `24_04` and `9` before `10`."""
    return tuple((1, int(part)) if part.isdigit() else (0, part) for part in _DIGITS.split(text.lower()) if part)


def newest_verified(images: Iterable[ImageInfo], choice: ImageChoice, now_s: float) -> ImageInfo:
    """The newest verified image of `choice` whose support has not ended; InputError names what there is instead."""
    usable = [image for image in images if image.is_verified and not _has_ended(image, now_s)]
    matching = [image for image in usable if _matches(image, choice)]
    if not matching:
        offers = sorted({f"{image.reference.publisher} {image.reference.offer}" for image in usable})
        raise InputError(
            "No such image",
            f"the service has no verified image for {choice}",
            f"choose another; it offers: {', '.join(offers)}"
            if offers
            else "the service lists no verified image at all",
        )
    return max(matching, key=lambda image: _rank(image, choice))


def _has_ended(image: ImageInfo, now_s: float) -> bool:
    return image.end_of_life_s is not None and image.end_of_life_s <= now_s


def _matches(image: ImageInfo, choice: ImageChoice) -> bool:
    reference = image.reference
    return (
        reference.publisher.lower() == choice.publisher.lower()
        and reference.offer.lower().startswith(choice.offer.lower())
        and reference.sku.lower().startswith(choice.sku.lower())
    )


def _rank(image: ImageInfo, choice: ImageChoice) -> tuple[object, ...]:
    """An exact SKU beats a longer one: `server` is meant, not `server-arm64`; then the newest wins."""
    reference = image.reference
    return (
        reference.sku.lower() == choice.sku.lower(),
        _natural(reference.offer),
        _natural(reference.sku),
        _natural(image.node_agent_sku_id),
    )
