"""What holds for every test: loopback only, a home of its own, no credentials from outside, no thread left behind."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.sandbox import running_sandbox  # noqa: F401  # a fixture

_LOOPBACK = ("127.", "::1", "localhost")
_FOREIGN_VARIABLES = ("AZURE_", "AZ_BATCH_", "BATCH_TUI_", "XDG_")
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_KEPT_VARIABLES = ("BATCH_TUI_LIVE", "BATCH_TUI_AZURITE_URL")

_connect = socket.socket.connect


def _connect_to_loopback(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(_LOOPBACK):
        raise AssertionError(f"a test reached beyond loopback: {address!r}")
    _connect(self, address)


_COLLECT_AFTER, _MIDDLE, _FULL = 100_000, 50, 500
"""Thousands of tests and their modules stay for the whole session: looking at them all the time finds nothing."""


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are processors: a test that runs the program mostly waits for it."""
    return 2 * (os.cpu_count() or 1)


def pytest_configure() -> None:
    # The programs that tests start compile this project once for all of them, as its installation does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    gc.set_threshold(_COLLECT_AFTER, _MIDDLE, _FULL)
    is_live = os.environ.get("BATCH_TUI_LIVE") == "1"
    for name in list(os.environ):
        if name in _KEPT_VARIABLES or (is_live and name.startswith("AZURE_")):
            continue
        if name.startswith(_FOREIGN_VARIABLES) or name.lower() in _PROXY_VARIABLES:
            del os.environ[name]
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    if not is_live:
        socket.socket.connect = _connect_to_loopback  # type: ignore[assignment,method-assign]


def pytest_collection_finish() -> None:
    """No collector looks again at what collecting made: it lives as long as the session."""
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """A last full look finds what tests left unclosed; pytest's own five looks after it then have nothing to walk over,
    where they would take longer than hundreds of tests."""
    gc.collect()
    gc.freeze()


@dataclass
class Homes:
    """Empty folders to live in, below one; what was left empty is taken again, for most tests write nothing there."""

    folder: Path
    count: int = 0

    def pristine(self) -> Path:
        home = self.folder / str(self.count)
        if not home.is_dir() or os.listdir(home):
            self.count += 1
            home = self.folder / str(self.count)
            home.mkdir()
        return home


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return Homes(tmp_path_factory.mktemp("homes"))


@pytest.fixture(autouse=True)
def own_home(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pristine home for each test; platformdirs follows HOME and the XDG variables."""
    home = homes.pristine()
    monkeypatch.setenv("HOME", str(home))
    for variable, folder in (
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_DATA_HOME", "data"),
    ):
        monkeypatch.setenv(variable, str(home / folder))
    return home


_JOIN_LIMIT_S = 5.0
_POOLED = ("asyncio_", "ThreadPoolExecutor", "pytest")
"""Executors of an event loop live as long as it does; the loop's own end joins them."""


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """A thread that a test started has ended when the test has."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(_POOLED):
            continue
        _join(thread)
        assert not thread.is_alive(), f"leaked thread: {thread.name}"


def _join(thread: threading.Thread) -> None:
    """Joins, also a thread that another one is just starting: it is listed before it can be joined."""
    until_s = time.monotonic() + _JOIN_LIMIT_S
    while time.monotonic() < until_s:
        try:
            thread.join(_JOIN_LIMIT_S)
        except RuntimeError:
            threading.Event().wait(0.01)
        else:
            return
