"""`batch-tui runs download` on the real sandbox: at any time, elsewhere, and never over another file unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from tests.cli.conftest import Machine, Program
from tests.cli.texts import write_texts

pytestmark = pytest.mark.slow


def test_a_run_is_downloaded_again_as_asked(program: Program, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt", "b.txt"])
    finished = program("run", "top-words", "a.txt", "b.txt", "--sandbox", "--nodes", "1", "--output", "first")
    assert finished.code == 0, finished.stdout + finished.stderr
    run_id = program("runs", "list").stdout.splitlines()[1].split()[0]
    first = (tmp_path / "first" / "a_OUTPUT.txt").read_bytes()

    again = program("runs", "download", run_id)
    assert (again.code, "2 there already" in again.stdout) == (0, True)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a_OUTPUT.txt").write_text("mine")
    task = program("runs", "download", run_id, "--output", "elsewhere", "--task", "topword-00000", "--logs")
    assert task.code == 0, task.stdout + task.stderr
    assert sorted(str(path.relative_to(elsewhere)) for path in elsewhere.rglob("*") if path.is_file()) == [
        "a_OUTPUT.txt",
        "a_OUTPUT~2.txt",
        "task-logs/topword-00000/stderr.txt",
        "task-logs/topword-00000/stdout.txt",
    ]
    assert (elsewhere / "a_OUTPUT.txt").read_text() == "mine"

    program("runs", "download", run_id, "--output", "elsewhere", "--on-conflict", "overwrite", "--succeeded")
    assert (elsewhere / "a_OUTPUT.txt").read_bytes() == first
    both = program("runs", "download", run_id, "--succeeded", "--task", "topword-00000")
    assert (both.code, "contradict each other" in both.stderr) == (2, True)
    assert program("runs", "clean", run_id, "--yes").code == 0
    gone = program("runs", "download", run_id)
    assert (gone.code, "is gone" in gone.stderr) == (2, True)


def test_names_that_no_file_may_have_are_told(program: Program, machine: Machine, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    finished = program("run", "top-words", "a.txt", "--sandbox", "--nodes", "1", "--output", "out")
    assert finished.code == 0, finished.stdout + finished.stderr
    run_id = program("runs", "list").stdout.splitlines()[1].split()[0]
    with BlobServiceClient.from_connection_string(machine.account["AZURE_STORAGE_CONNECTION_STRING"]) as blobs:
        container = blobs.get_container_client(f"{run_id}-output")
        for number in range(25):
            container.upload_blob(f"{number:02}:../up", b"content")
    told = program("runs", "download", run_id).stdout.splitlines()
    stored = [line for line in told if "is stored as" in line]
    assert (len(stored), stored[0]) == (20, "'00:../up' is stored as 00%3A.%2E/up")
    assert "5 more names changed likewise" in told
