"""`runs leftovers` on the real sandbox: a machine finds and sweeps what another one left, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from tests.cli.conftest import Machine, Program
from tests.cli.process import called
from tests.cli.texts import write_texts
from tests.support.sandbox import sandbox_at

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One of its own: on the worker's, runs of other tests are left."""
    made = Machine(tmp_path_factory.mktemp("state"))
    with sandbox_at(made.sandbox_folder):
        yield made


@pytest.fixture
def blobs(machine: Machine) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(machine.account["AZURE_STORAGE_CONNECTION_STRING"]) as client:
        yield client


def _told(*arguments: str, environment: dict[str, str]) -> dict[str, Any]:
    finished = called("runs", "leftovers", "--json", *arguments, environment=environment)
    assert finished.code == 0, finished.stdout + finished.stderr
    told = json.loads(finished.stdout)
    assert isinstance(told, dict)
    return told


def _kinds(told: dict[str, Any], field: str) -> list[str]:
    items = told["deleted"] if field == "deleted" else told["runs"][0]["left"]
    return [item["kind"] for item in items]


def test_left_by_one_machine_swept_by_another(
    machine: Machine, program: Program, blobs: BlobServiceClient, tmp_path: Path
) -> None:
    write_texts(tmp_path, ["a.txt"])
    assert program("run", "top-words", "a.txt", "--sandbox", "--nodes", "1").code == 0
    blobs.create_container("theirs", {"owner": "someone_else"})
    elsewhere = {**machine.account, "XDG_STATE_HOME": str(tmp_path / "other-state")}

    told = _told(environment=elsewhere)
    assert (len(told["runs"]), told["deleted"]) == (1, [])
    assert _kinds(told, "left") == ["job", "pool", "container", "container", "container"]
    lost = [item["name"] for item in told["runs"][0]["left"] if item["loss"]]
    assert lost == [f"{told['runs'][0]['run']}-output"]

    unasked = called("runs", "leftovers", environment=elsewhere)
    assert unasked.code == 0
    assert "--yes deletes 4 things" in unasked.stdout
    assert len(_told(environment=elsewhere)["runs"][0]["left"]) == 5

    assert _kinds(_told("--yes", environment=elsewhere), "deleted") == ["job", "pool", "container", "container"]
    here = _told("--sandbox", environment=machine.environment)
    assert [(item["name"], item["loss"]) for item in here["runs"][0]["left"]] == [(lost[0], "")]
    assert _kinds(_told("--yes", "--with-outputs", environment=elsewhere), "deleted") == ["container"]
    assert _told(environment=elsewhere)["runs"] == []
    assert [item.name for item in blobs.list_containers()] == ["theirs"]
    assert "has nothing that a run made" in called("runs", "leftovers", environment=elsewhere).stdout


def test_read_only_lists_and_deletes_nothing(machine: Machine) -> None:
    finished = called("--read-only", "runs", "leftovers", "--sandbox", "--yes", environment=machine.environment)
    assert finished.code == 2
    assert "read-only" in finished.stderr
    assert called("--read-only", "runs", "leftovers", "--sandbox", environment=machine.environment).code == 0
