"""Whole runs on the real sandbox, each through the command line alone, judged by their outputs and exit codes."""

from __future__ import annotations

import base64
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from azure.batch import BatchClient
from azure.batch import models as batch_models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.rest import HttpRequest
from azure.storage.blob import BlobServiceClient

from tests.cli.conftest import Machine, Program
from tests.cli.process import Finished, start
from tests.cli.texts import counted, independent_count, outputs_below, wait_for_tasks, write_texts
from tui.core.plan import TASKS_PER_REQUEST

pytestmark = pytest.mark.slow

ODD_NAMES = (
    "plain.txt",
    "with space.txt",
    "quo'te\"s.txt",
    "$(touch pwned).txt",
    "`touch pwned`.txt",
    "; touch pwned;.txt",
    "-dash.txt",
    "new\nline.txt",
    "tab\there.txt",
    "ünï€öde ✓.txt",
    "{input}.txt",
    "%41%2F.txt",
    "back\\slash.txt",
    "dots..txt.",
    ".hidden.txt",
    "no extension",
    "UPPER.TXT",
    "upper.txt",
    "a/same.txt",
    "b/same.txt",
    "c/d/same.txt",
    f"{'x' * 251}.txt",
    f"{'é' * 125}.txt",
    os.fsdecode(b"bytes-\xff.txt"),
)


def only_run(program: Program) -> dict[str, Any]:
    """The newest run, as `runs list` tells it."""
    runs = json.loads(program("runs", "list", "--json").stdout)
    assert isinstance(runs[0], dict)
    return runs[0]


def is_clean(finished: Finished) -> bool:
    """No traceback, and nothing a terminal would obey."""
    return not finished.has_traceback and "\x1b" not in finished.stdout + finished.stderr


def test_files_of_any_name_come_back_counted_right(program: Program, tmp_path: Path) -> None:
    files = write_texts(tmp_path / "in", ODD_NAMES)
    names = [os.path.relpath(path, tmp_path / "in") for path in files.values()]
    finished = program(
        "run", "top-words", "--sandbox", "--nodes", "2", "--slots", "4", "--words", "4", "--output", "../out",
        "--delete", "job,pool,containers", "--", *names, folder=tmp_path / "in",
    )  # fmt: skip
    assert finished.code == 0, finished.stdout + finished.stderr
    assert is_clean(finished)
    outputs = outputs_below(tmp_path / "out")
    assert len(outputs) == len(files)
    found = {counted(output)[0].partition(":")[0]: counted(output) for output in outputs}
    assert found == {own: independent_count(path, 4) for own, path in files.items()}
    assert (tmp_path / "out" / "plain_OUTPUT.txt").is_file()
    assert list(tmp_path.rglob("pwned")) == []
    assert "nothing of this run exists or costs any more" in finished.stdout


def test_more_files_than_a_request_takes_are_a_task_each(machine: Machine, tmp_path: Path) -> None:
    """On a pool without nodes, which runs none of them."""
    names = list(write_texts(tmp_path, [f"{number}.txt" for number in range(TASKS_PER_REQUEST + 5)]).values())
    with _batch_client(machine) as batch:
        batch.create_pool(_pool("empty"))
        arguments = ["run", "top-words", *map(str, names), "--sandbox", "--pool", "empty", "--json"]
        with start(arguments, tmp_path, machine.environment) as process:
            run_id = wait_for_tasks(process)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        inputs = [_input_of(task) for task in batch.list_tasks(run_id)]
    assert sorted(inputs) == sorted(path.name for path in names)


def _input_of(task: batch_models.BatchTask) -> str:
    (resource,) = task.resource_files or []
    assert resource.file_path is not None
    return resource.file_path.rpartition("/")[2]


def test_a_task_that_cannot_read_its_input_fails_alone(machine: Machine, tmp_path: Path) -> None:
    """On a pool that the run did not make and that gets its node only when one input is gone."""
    files = write_texts(tmp_path, ["a.txt", "b.txt", "c.txt"])
    blobs = BlobServiceClient.from_connection_string(machine.account["AZURE_STORAGE_CONNECTION_STRING"])
    with _batch_client(machine) as batch, blobs:
        batch.create_pool(_pool("theirs"))
        arguments = ["run", "top-words", "a.txt", "b.txt", "c.txt", "--sandbox", "--pool", "theirs", "--json"]
        with start(arguments, tmp_path, machine.environment) as process:
            assert process.stdout is not None
            run_id = wait_for_tasks(process)
            blobs.get_blob_client(f"{run_id}-input", "b.txt").delete_blob()
            _resize(batch, "theirs", 1)
            lines = [json.loads(line) for line in process.stdout]
        assert process.returncode == 1
        summary = lines[-1]
        assert (summary["event"], summary["exit_code"]) == ("summary", 1)
        assert summary["tasks"] == {"active": 0, "running": 0, "succeeded": 2, "failed": 1}
        (failure,) = summary["failures"]
        assert (failure["input"], failure["exit_code"], failure["code"]) == ("b.txt", None, "BlobNotFound")
        assert summary["hint"] == "", "a task that never started has no log"
        assert [path.name for path in outputs_below(tmp_path / run_id)] == ["a_OUTPUT.txt", "c_OUTPUT.txt"]
        assert counted(tmp_path / run_id / "a_OUTPUT.txt") == independent_count(files["own000"], 3)
        assert batch.pool_exists("theirs")
        assert {leftover["kind"] for leftover in summary["leftovers"]} == {"job", "container"}


def _batch_client(machine: Machine) -> BatchClient:
    account = machine.account
    credential = AzureNamedKeyCredential(account["AZURE_BATCH_ACCOUNT"], account["AZURE_BATCH_ACCESS_KEY"])
    return BatchClient(account["AZURE_BATCH_ENDPOINT"], credential)


def _pool(pool_id: str) -> batch_models.BatchPoolCreateOptions:
    """A pool as somebody else makes it, without nodes yet."""
    return batch_models.BatchPoolCreateOptions(
        id=pool_id,
        vm_size="Standard_D2s_v3",
        target_dedicated_nodes=0,
        virtual_machine_configuration=batch_models.VirtualMachineConfiguration(
            image_reference=batch_models.BatchVmImageReference(
                publisher="canonical", offer="ubuntu-24_04-lts", sku="server", version="latest"
            ),
            node_agent_sku_id="batch.node.ubuntu 24.04",
        ),
    )


def _resize(batch: BatchClient, pool_id: str, nodes: int) -> None:
    """One plain request; the SDK's own call starts a thread that polls for seconds."""
    request = HttpRequest(
        "POST",
        f"/pools/{pool_id}/resize?api-version=2025-06-01",
        json={"targetDedicatedNodes": nodes, "targetLowPriorityNodes": 0},
        headers={"Content-Type": "application/json; odata=minimalmetadata"},
    )
    batch.send_request(request).raise_for_status()


def test_an_interrupted_run_says_what_goes_on_and_can_be_resumed(
    program: Program, machine: Machine, tmp_path: Path
) -> None:
    write_texts(tmp_path, ["a.txt", "b.txt"])
    arguments = ["run", "top-words", "a.txt", "b.txt", "--sandbox", "--delay", "1", "--nodes", "1", "--json"]
    with start(arguments, tmp_path, machine.environment) as process:
        run_id = wait_for_tasks(process)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    summary = json.loads(stdout.splitlines()[-1])
    assert (summary["event"], summary["exit_code"]) == ("summary", 130)
    assert "goes on by itself" in summary["outcome"]
    assert f"batch-tui runs resume {run_id}" in summary["hint"]
    assert "Stopping to watch" in stderr
    assert {leftover["kind"] for leftover in summary["leftovers"]} == {"pool", "job", "container"}
    assert not any(leftover["costs"] for leftover in summary["leftovers"]), "nothing costs on the sandbox"
    assert only_run(program)["state"] == "interrupted"
    resumed = program("runs", "resume", run_id)
    assert resumed.code == 0, resumed.stdout + resumed.stderr
    assert [path.name for path in outputs_below(tmp_path / run_id)] == ["a_OUTPUT.txt", "b_OUTPUT.txt"]
    cleaned = program("runs", "clean", run_id, "--yes")
    assert cleaned.code == 0
    told = [line.split()[:2] for line in cleaned.stdout.splitlines()[-10:]]
    for state in ("deleting", "deleted"):
        assert [kind for word, kind in told if word == state] == ["job", "pool", "container", "container", "container"]
    assert only_run(program)["leftovers"] == []


def test_a_wrong_key_ends_with_exit_code_3(program: Program, machine: Machine, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    wrong = base64.b64encode(b"wrong" * 13).decode()
    account = {**machine.account, "AZURE_BATCH_ACCESS_KEY": wrong}
    finished = program("run", "top-words", "a.txt", environment=account)
    assert finished.code == 3
    assert "does not accept the account key" in finished.stdout
    assert is_clean(finished)
    assert wrong not in finished.stdout + finished.stderr


def test_a_closed_pipe_ends_quietly(machine: Machine, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    arguments = ["run", "top-words", "a.txt", "--sandbox", "--delay", "30"]
    with start(arguments, tmp_path, machine.environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "Exception" not in errors


def test_the_plan_alone_creates_nothing(program: Program, machine: Machine, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a b.txt"])
    before = len(json.loads(program("runs", "list", "--json").stdout))
    told = json.loads(program("run", "top-words", "a b.txt", "--sandbox", "--plan-only", "--json").stdout)
    text = program("run", "top-words", "a b.txt", "--sandbox", "--plan-only").stdout
    assert (told["event"], told["tasks"], told["node_hours_at_most"]) == ("plan", 1, 1.0)
    assert "Would create" in text
    assert machine.account["AZURE_BATCH_ACCESS_KEY"] not in text + json.dumps(told)
    assert len(json.loads(program("runs", "list", "--json").stdout)) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a b.txt"]
    with BlobServiceClient.from_connection_string(machine.account["AZURE_STORAGE_CONNECTION_STRING"]) as blobs:
        assert told["containers"][0] not in {container.name for container in blobs.list_containers()}


def test_two_demos_at_once_leave_nothing_but_their_outputs(machine: Machine, tmp_path: Path) -> None:
    arguments = ["demo", "--delay", "0"]
    with (
        start(arguments, tmp_path, machine.environment) as first,
        start(arguments, tmp_path, machine.environment) as second,
    ):
        said = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), said
    folders = sorted(tmp_path.iterdir())
    assert len(folders) == 2
    assert all(len(outputs_below(folder)) >= 3 for folder in folders)
    with BlobServiceClient.from_connection_string(machine.account["AZURE_STORAGE_CONNECTION_STRING"]) as blobs:
        left = {container.name for container in blobs.list_containers()}
    assert [name for folder in folders for name in left if name.startswith(folder.name)] == []


def test_the_terminal_gets_the_transcript_and_the_summary(program: Program, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    finished = program("run", "top-words", "a.txt", "--sandbox", "--nodes", "1")
    assert finished.code == 0
    steps = ["containers", "upload", "pool", "job", "tasks", "monitor", "download", "clean up"]
    assert [step for step in steps if f"  {step} " not in finished.stdout] == []
    for word in ("Start", "End", "Elapsed", "1 task: 1 succeeded", "batch-tui runs clean"):
        assert word in finished.stdout
