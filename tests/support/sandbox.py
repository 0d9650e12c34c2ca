"""A real sandbox for tests: its own process on its own ports, started once a worker and gone without leftovers.

Every test can ask for the fixture `running_sandbox`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tui.sandbox import control


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """Where a sandbox answers, and to whom."""

    state_dir: Path
    batch_account: str
    batch_key: str = field(repr=False)
    batch_endpoint: str
    storage_account: str
    storage_key: str = field(repr=False)
    blob_endpoint: str
    """With the account's name as its path."""
    environment: dict[str, str] = field(repr=False)
    """What `sandbox env` prints."""


@contextmanager
def sandbox_at(
    state_dir: Path, *, latency_ms: float = 0.0, allow_faults: bool = False, patience_s: float | None = None
) -> Iterator[RunningSandbox]:
    """A sandbox on `state_dir` for as long as the context lasts."""
    status = control.up(state_dir, latency_ms=latency_ms, allow_faults=allow_faults, patience_s=patience_s)
    try:
        environment = control.endpoint_environment(state_dir)
        assert status.batch_endpoint is not None
        assert status.blob_endpoint is not None
        yield RunningSandbox(
            state_dir=state_dir,
            batch_account=environment["AZURE_BATCH_ACCOUNT"],
            batch_key=environment["AZURE_BATCH_ACCESS_KEY"],
            batch_endpoint=status.batch_endpoint,
            storage_account=environment["AZURE_STORAGE_ACCOUNT"],
            storage_key=environment["AZURE_STORAGE_KEY"],
            blob_endpoint=status.blob_endpoint,
            environment=environment,
        )
    finally:
        control.reset(state_dir)


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One sandbox for all tests of an xdist worker, where the program looks for one in a state folder; tests keep apart
    by the names they choose."""
    with sandbox_at(tmp_path_factory.mktemp("state") / "batch-tui" / "sandbox") as running:
        yield running


def eventually(holds: Callable[[], bool], description: str, timeout_s: float = 30.0) -> None:
    """Wait until something of another process holds."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {description}"
        pause.wait(0.01)
