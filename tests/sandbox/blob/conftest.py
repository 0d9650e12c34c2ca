"""A store in a temporary folder and the service over it, at a fixed time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from tests.sandbox.blob.exchange import NOW
from tests.sandbox.blob.serving import ACCOUNT
from tui.sandbox.blob import BlobStore, Limits, create_blob_app


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def store(root: Path) -> Iterator[BlobStore]:
    opened = BlobStore(root, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def app(store: BlobStore) -> ASGIApp:
    store.create_container("input", {})
    return create_blob_app(store, ACCOUNT, clock=lambda: NOW, limits=Limits(blob_bytes=1000, block_bytes=500))
