"""An account that is refused in the midst of a command: it ends there, with exit code 3 and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from tests.cli.process import Finished, called
from tests.cli.texts import write_texts
from tests.support.faults import FaultPlan
from tests.support.sandbox import RunningSandbox, sandbox_at
from tui.engine.transfers import TRANSFER_WORKERS
from tui.sandbox.simulation.faults import Fault, FaultKind

pytestmark = pytest.mark.slow

MORE = 100
NO_POOL_IS_DELETED = Fault(FaultKind.FORBIDDEN, "batch", operation="DELETE /pools/{pool_id}")
NO_BLOB_IS_READ = Fault(FaultKind.FORBIDDEN, "blob", "key", operation="GET blob")


class Refusing:
    """A machine with one run that kept all it made, on a service that refuses what it is told to."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.environment = {**sandbox.environment, "XDG_STATE_HOME": str(folder / "state")}
        self._folder = folder
        self.plan = FaultPlan(sandbox)

    def __call__(self, *arguments: str) -> Finished:
        return called(*arguments, folder=self._folder, environment=self.environment)

    def seen(self, operation: str) -> int:
        """How many requests of this operation came since the plan was put."""
        return sum(seen.key.operation == operation for seen in self.plan.log())


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[Refusing]:
    with sandbox_at(tmp_path / "sandbox", allow_faults=True) as sandbox:
        yield Refusing(sandbox, tmp_path)


def hinted(finished: Finished) -> bool:
    return "Error: " in finished.stderr and "Hint: Check " in finished.stderr and "accounts test" in finished.stderr


def test_commands_end_where_the_account_is_refused_and_are_given_again_afterwards(
    refusing: Refusing, tmp_path: Path
) -> None:
    write_texts(tmp_path, ["a.txt"])
    assert refusing("run", "top-words", "a.txt", "--nodes", "1").code == 0
    run_id = json.loads(refusing("runs", "list", "--json").stdout)[0]["run"]
    with BlobServiceClient.from_connection_string(refusing.environment["AZURE_STORAGE_CONNECTION_STRING"]) as blobs:
        for number in range(MORE):
            blobs.get_blob_client(f"{run_id}-output", f"more/{number}.txt").upload_blob(b"%d" % number)

    refusing.plan.put(NO_BLOB_IS_READ)
    refused = refusing("runs", "download", run_id)
    assert (refused.code, "100 not fetched" in refused.stdout) == (3, True), refused
    assert "Error: The storage account refuses this machine" in refused.stderr
    assert "Hint: Check the storage account's network rules" in refused.stderr
    assert 0 < refusing.seen("GET blob") <= TRANSFER_WORKERS
    refusing.plan.clear()
    assert refusing("runs", "download", run_id).code == 0
    assert len(list((tmp_path / run_id / "more").iterdir())) == MORE

    refusing.plan.put(NO_POOL_IS_DELETED)
    refused = refusing("runs", "clean", run_id, "--yes")
    assert (refused.code, hinted(refused)) == (3, True), refused
    *_, pool, application, inputs, outputs, job = refused.stdout.splitlines()
    assert pool.startswith(f"  failed     pool {run_id}: ")
    assert all(line.startswith("  left       container ") for line in (application, inputs, outputs))
    assert job == f"  on its way job {run_id}: the service finishes it by itself", "told last: nobody watches it"
    assert (refusing.seen("DELETE container"), refusing.seen("DELETE /pools/{pool_id}")) == (0, 1)
    refusing.plan.put(NO_POOL_IS_DELETED)
    refused = refusing("runs", "leftovers", "--yes", "--with-outputs", "--json")
    assert (refused.code, hinted(refused)) == (3, True), refused
    told = json.loads(refused.stdout)
    assert refusing.seen("DELETE container") == 0
    assert [(item["kind"], item["state"]) for item in told["deleted"]][-4:] == [
        ("pool", "failed"),
        *[("container", "left")] * 3,
    ]
    refusing.plan.clear()
    assert refusing("runs", "clean", run_id, "--yes").code == 0
