"""Output files: which are uploaded when, under which name, and what a failed upload means."""

from __future__ import annotations

import shlex
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandbox.nodes.blob_server import SIGNATURE, Container
from tests.sandbox.nodes.conftest import Node
from tui.sandbox.nodes.outputs import upload_output_files
from tui.sandbox.nodes.records import OutputFile, TaskLaunch

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def node(shared_node: Node) -> Node:
    return shared_node


SCRIPT = "mkdir out; echo a >out/a.txt; echo b >out/b.txt; echo oops >&2; echo done"


@pytest.mark.parametrize(("exit_code", "uploaded"), [(0, {"both", "good"}), (1, {"both", "bad"})])
async def test_conditions(node: Node, container: Container, exit_code: int, uploaded: set[str]) -> None:
    outputs = (
        OutputFile("../stdout.txt", container.signed_url, "both"),
        OutputFile("../stdout.txt", container.signed_url, "good", "tasksuccess"),
        OutputFile("../stdout.txt", container.signed_url, "bad", "taskfailure"),
    )
    outcome = await node.run(node.launch(f"/bin/sh -c '{SCRIPT}; exit {exit_code}'", output_files=outputs))
    assert outcome.exit_code == exit_code
    assert container.blobs == dict.fromkeys(uploaded, b"done\n")


@pytest.mark.parametrize(
    ("pattern", "path", "names"),
    [
        ("out/a.txt", "", ["a.txt"]),
        ("out/a.txt", "x/renamed é.txt", ["x/renamed é.txt"]),
        ("out/*.txt", "results", ["results/a.txt", "results/b.txt"]),
        ("**/*.txt", "results/", ["results/out/a.txt", "results/out/b.txt"]),
        ("../std*.txt", "$TASK_LOGS", ["$TASK_LOGS/stderr.txt", "$TASK_LOGS/stdout.txt"]),
        ("$AZ_BATCH_TASK_DIR/*.txt", "", ["stderr.txt", "stdout.txt"]),
    ],
)
async def test_names(node: Node, container: Container, pattern: str, path: str, names: list[str]) -> None:
    output = OutputFile(pattern, container.signed_url, path)
    launch = node.launch(f"/bin/sh -c '{SCRIPT}'", output_files=(output,))
    assert (await node.run(launch)).succeeded
    assert sorted(container.blobs) == names
    assert (launch.directory / "fileuploadout.txt").read_text().count("uploaded") == len(names)
    assert (launch.directory / "fileuploaderr.txt").read_text() == ""


async def test_a_failed_upload_fails_a_task_that_exited_with_zero(node: Node, container: Container) -> None:
    container.faults = {("PUT", "a.txt"): [403]}
    output = OutputFile("out/*.txt", container.signed_url)
    launch = node.launch(f"/bin/sh -c '{SCRIPT}'", output_files=(output,))
    outcome = await node.run(launch)
    assert outcome.exit_code == 0
    assert not outcome.succeeded
    assert outcome.failure is not None
    assert (outcome.failure.category, outcome.failure.code) == ("UserError", "FileUploadAccessDenied")
    assert list(container.blobs) == ["b.txt"], "one failure does not keep the others back"
    log = (launch.directory / "fileuploaderr.txt").read_text()
    assert "FileUploadAccessDenied" in log
    assert SIGNATURE not in log + repr(outcome)


async def test_an_exit_code_outweighs_a_failed_upload(node: Node, container: Container) -> None:
    container.faults = {("PUT", "stdout.txt"): [404]}
    launch = node.launch("false", output_files=(OutputFile("../stdout.txt", container.signed_url),))
    outcome = await node.run(launch)
    assert outcome.failure is not None
    assert outcome.failure.code == "FailureExitCode"


async def test_logs_of_a_task_that_ran_out_of_time_are_uploaded(node: Node, container: Container) -> None:
    output = OutputFile("../stdout.txt", container.signed_url, condition="taskfailure")
    launch = node.launch("/bin/sh -c 'echo begun; sleep 30'", output_files=(output,), max_wall_clock_s=0.2)
    outcome = await node.run(launch)
    assert outcome.failure is not None
    assert outcome.failure.code == "TaskEnded"
    assert container.blobs == {"stdout.txt": b"begun\n"}


async def test_large_files_go_in_blocks_and_survive_passing_faults(tmp_path: Path, container: Container) -> None:
    (tmp_path / "wd").mkdir()
    content = bytes(range(256)) * 10
    (tmp_path / "wd" / "large.bin").write_bytes(content)
    container.faults = {("PUT", "large.bin"): [500, 200, 0]}
    output = OutputFile("large.bin", container.signed_url)
    launch = TaskLaunch("key", tmp_path, "", {}, output_files=(output,))
    failure = upload_output_files(launch, tmp_path, threading.Event(), single_put_bytes=1000, block_bytes=700)
    assert failure is None
    assert container.blobs == {"large.bin": content}
    assert len(container.blocks) == 4
    container.faults = {("PUT", "large.bin"): [404]}
    missing = replace(launch, output_files=(replace(output, file_pattern="*.bin"),))
    failure = upload_output_files(missing, tmp_path, threading.Event())
    assert failure is not None
    assert failure.code == "FileUploadContainerNotFound"


async def test_a_name_that_is_no_unicode_fails_its_own_upload_in_words_that_can_be_stored(
    node: Node, container: Container
) -> None:
    container.faults = {("PUT", "dir/no\ufffd.txt"): [400]}  # as the service does with such a name
    script = "import os; os.mknod(b'no\\xff.txt'); os.mknod('z.txt')"
    outputs = (OutputFile("*.txt", container.signed_url, "dir"),)
    outcome = await node.run(node.launch(f"{sys.executable} -c {shlex.quote(script)}", output_files=outputs))
    assert outcome.failure is not None
    assert outcome.failure.code == "FileUploadMiscError"
    assert dict(outcome.failure.details)["FilePath"].endswith("/wd/no?.txt")
    assert list(container.blobs) == ["dir/z.txt"], "the others are uploaded"
