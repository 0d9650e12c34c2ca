"""`sandbox seed` and `sandbox trouble`, on a sandbox of its own, as an operator types them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Finished, called
from tui import wiring
from tui.core.accounts import account_of_environment
from tui.gateways.connect import open_batch
from tui.sandbox import control


@pytest.fixture
def folder(own_home: Path) -> Iterator[Path]:
    assert str(own_home) in os.environ["XDG_STATE_HOME"]
    folder = wiring.paths().sandbox
    yield folder
    control.reset(folder)


def sandbox(*arguments: str) -> Finished:
    return called("sandbox", *arguments)


def test_a_job_is_seeded_and_a_client_reads_it(folder: Path) -> None:
    made = sandbox("seed", "--tasks", "1500", "--job", "load", "--churn", "0", "--nodes", "3", "--done", "0.5")
    assert made.code == 0, made.stderr
    assert made.stdout.splitlines()[0] == "Job load: 1,500 tasks on 3 nodes of pool load-pool."
    account = account_of_environment(control.endpoint_environment(folder))
    assert account is not None
    batch = open_batch(account)
    try:
        rows = [row for page in batch.list_tasks("load") for row in page.rows]
        assert len({row.id for row in rows}) == 1_500
        assert batch.count_tasks("load").completed == 750
        failed = next(row for row in rows if row.succeeded is False and row.exit_code == 1)
        assert b"ValueError: frame" in batch.read_task_file("load", failed.id, "stderr.txt", 0, 4_096)
    finally:
        batch.close()
    again = sandbox("seed", "--tasks", "5", "--job", "load")
    assert (again.code, again.stdout) == (2, "")
    assert "already exists" in again.stderr
    assert "between 0 and 1" in sandbox("seed", "--churn", "7").stderr


def test_trouble_is_made_shown_and_ended(folder: Path) -> None:
    down = sandbox("trouble")
    assert down.code == 2
    assert "batch-tui sandbox up" in down.stderr
    control.up(folder)
    assert sandbox("trouble").stdout == "The sandbox is well.\n"
    made = sandbox("trouble", "--throttled", "0.5", "--throttle-status", "503")
    assert made.stdout.splitlines() == ["everywhere: throttled 0.5", "everywhere: throttle_status 503"]
    more = sandbox("trouble", "--never-steady", "--pool", "p1")
    assert "pool p1: never_steady True" in more.stdout.splitlines()
    assert sandbox("trouble", "off", "--throttled", "0.1").code == 2
    assert sandbox("trouble").stdout == more.stdout
    assert sandbox("trouble", "off").stdout == "The sandbox is well.\n"


def test_who_may_only_read_makes_neither() -> None:
    for name in ("seed", "trouble"):
        refused = called("--read-only", "sandbox", name)
        assert refused.code == 2
        assert "No such command" in refused.stderr
