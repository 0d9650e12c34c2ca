"""Journeys here settle instead of waiting for the processor to be idle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.settling import quick_pilots


@pytest.fixture(autouse=True, scope="session")
def quickly() -> Iterator[None]:
    with quick_pilots():
        yield
