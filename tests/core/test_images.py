"""The newest verified image of a family is chosen, with its own node agent."""

from __future__ import annotations

import pytest

from tui.core.errors import InputError
from tui.core.images import UBUNTU_LTS, ImageChoice, newest_verified
from tui.core.records import ImageInfo, ImageReference

NOW_S = 1_790_000_000.0


def image(offer: str, sku: str, agent: str, *, verified: bool = True, end_s: float | None = None) -> ImageInfo:
    return ImageInfo(ImageReference("canonical", offer, sku), agent, verified, "linux", end_of_life_s=end_s)


IMAGES = (
    image("0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04"),
    image("ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04"),
    image("ubuntu-24_04-lts", "server-arm64", "batch.node.ubuntu 24.04"),
    image("ubuntu-26_04-lts", "server", "batch.node.ubuntu 26.04", verified=False),
)


def test_the_exact_sku_wins_with_its_agent() -> None:
    chosen = newest_verified(reversed(IMAGES), UBUNTU_LTS, NOW_S)
    assert (chosen.reference.sku, chosen.node_agent_sku_id) == ("server", "batch.node.ubuntu 24.04")


def test_the_newest_of_a_family_wins_by_number_not_by_letter() -> None:
    images = [image("ubuntu-9_10", "server", "a 9"), image("ubuntu-24_04-lts", "server", "a 24"), *IMAGES]
    assert newest_verified(images, ImageChoice("Canonical", "ubuntu", "server"), NOW_S).node_agent_sku_id != "a 9"


def test_an_image_past_its_support_is_not_chosen() -> None:
    images = [
        image("ubuntu-24_04-lts", "server", "old", end_s=NOW_S - 1),
        image("ubuntu-24_04-lts", "server-gen1", "ok"),
    ]
    assert newest_verified(images, UBUNTU_LTS, NOW_S).node_agent_sku_id == "ok"


def test_a_missing_family_is_named_with_what_there_is() -> None:
    with pytest.raises(InputError) as refusal:
        newest_verified(IMAGES, ImageChoice("canonical", "ubuntu-26", "server"), NOW_S)
    assert "ubuntu-26" in refusal.value.what
    assert "ubuntu-24_04-lts" in refusal.value.hint
