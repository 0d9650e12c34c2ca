"""`sandbox up | down | status | env | reset`, and what a run says when its sandbox dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from tests.cli.conftest import Machine
from tests.cli.process import Finished, called, start
from tests.cli.texts import wait_for_tasks, write_texts
from tui.sandbox import control

pytestmark = pytest.mark.slow


@pytest.fixture
def own_machine(tmp_path: Path) -> Iterator[Machine]:
    """A state folder of the test's own, without a sandbox yet."""
    made = Machine(tmp_path / "state")
    yield made
    control.down(made.sandbox_folder)


def sandbox(machine: Machine, *arguments: str) -> Finished:
    return called("sandbox", *arguments, environment=machine.environment)


def test_its_life_from_the_command_line(own_machine: Machine) -> None:
    down = sandbox(own_machine, "status")
    assert (down.code, down.stdout.splitlines()[0]) == (0, "The sandbox is down.")
    assert sandbox(own_machine) == down
    unknown = sandbox(own_machine, "env")
    assert (unknown.code, unknown.stdout) == (2, "")
    assert "batch-tui sandbox up" in unknown.stderr

    assert sandbox(own_machine, "up").code == 0
    status = json.loads(sandbox(own_machine, "status", "--json").stdout)
    assert status["is_up"]
    assert json.loads(sandbox(own_machine, "up", "--json").stdout) == status
    told = json.loads(sandbox(own_machine, "env", "--json").stdout)
    assert told["AZURE_BATCH_ENDPOINT"] == status["batch_endpoint"]
    with BlobServiceClient.from_connection_string(told["AZURE_STORAGE_CONNECTION_STRING"]) as blobs:
        assert list(blobs.list_containers()) == []

    exported = subprocess.run(
        ["sh", "-c", f'{sandbox(own_machine, "env").stdout}\nprintf %s "$AZURE_STORAGE_CONNECTION_STRING"'],
        capture_output=True, text=True, check=True, timeout=10,
    )  # fmt: skip
    assert exported.stdout == told["AZURE_STORAGE_CONNECTION_STRING"]

    assert sandbox(own_machine, "down").stdout == "The sandbox is down; what it holds is kept.\n"
    assert json.loads(sandbox(own_machine, "env", "--json").stdout) == told
    assert sandbox(own_machine, "down").stdout == "The sandbox was not up.\n"
    assert json.loads(sandbox(own_machine, "down", "--json").stdout)["is_up"] is False

    unsaid = sandbox(own_machine, "reset")
    assert (unsaid.code, "--yes" in unsaid.stderr) == (2, True)
    assert sandbox(own_machine, "reset", "--yes").code == 0
    assert sandbox(own_machine, "env").code == 2


def test_a_run_brings_it_up_and_says_clearly_when_it_dies(own_machine: Machine, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    arguments = ["run", "top-words", "a.txt", "--sandbox", "--nodes", "1", "--delay", "60", "--json"]
    with start(arguments, tmp_path, own_machine.environment) as process:
        run_id = wait_for_tasks(process)
        pid = control.status(own_machine.sandbox_folder).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 3
    starting, error, *hint = stderr.splitlines()
    assert starting == "The sandbox is down; starting it."
    assert error.startswith("Error: Batch cannot be reached")
    assert f"batch-tui runs resume {run_id}" in "".join(hint)
    summary = json.loads(stdout.splitlines()[-1])
    assert (summary["event"], summary["exit_code"]) == ("summary", 3)
    assert "127.0.0.1" in summary["outcome"]
    assert f"runs resume {run_id}" in summary["hint"]
    assert "Traceback" not in stdout + stderr


@pytest.mark.parametrize("command", [["demo"], ["sandbox", "up"], ["run", "top-words", "a.txt", "--sandbox"]])
def test_a_home_that_cannot_be_written_is_one_message(command: list[str], tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    (tmp_path / "file").write_text("")
    unusable = {name: str(tmp_path / "file" / "home") for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    finished = called(*command, folder=tmp_path, environment=unusable)
    assert finished.code == 2
    assert finished.stderr.count("Error: ") == 1
    assert "The sandbox cannot use its state folder" in finished.stderr
    assert not finished.has_traceback
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "file"]
