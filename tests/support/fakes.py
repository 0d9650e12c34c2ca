"""Batch, Storage and time in memory, as the ports describe them: faults on demand, a clock turned by whoever waits."""

from __future__ import annotations

from tests.support.fake_batch import FakeBatch
from tests.support.fake_cluster import UBUNTU, FakeBehaviour, FakeCluster, result_of
from tests.support.fake_storage import FakeStorage
from tests.support.fake_world import START_S, FakeClock, Faults
from tui.core.ports import BatchPort, ClockPort, StoragePort

__all__ = [
    "START_S",
    "UBUNTU",
    "FakeBatch",
    "FakeBehaviour",
    "FakeClock",
    "FakeCluster",
    "FakeStorage",
    "Faults",
    "implements_ports",
    "result_of",
]


def implements_ports(
    clock: FakeClock, batch: FakeBatch, storage: FakeStorage
) -> tuple[ClockPort, BatchPort, StoragePort]:
    """Accepted by mypy only while the fakes are what the ports ask for."""
    return clock, batch, storage
