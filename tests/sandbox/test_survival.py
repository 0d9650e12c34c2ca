"""The whole sandbox through the official SDK: what it runs survives its death, once, and its files travel."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.batch.models import (
    BatchJobCreateOptions,
    BatchPoolCreateOptions,
    BatchPoolInfo,
    BatchStartTask,
    BatchTask,
    BatchTaskCreateOptions,
    BatchVmImageReference,
    OutputFile,
    OutputFileBlobContainerDestination,
    OutputFileDestination,
    OutputFileUploadConfiguration,
    ResourceFile,
    VirtualMachineConfiguration,
)
from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from tests.support.sandbox import RunningSandbox, eventually, sandbox_at
from tui.sandbox import control

ALONE = """
import fcntl, os, sys, time
lock = open(sys.argv[1] + "/lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails beside another that runs
if os.path.exists(sys.argv[1] + "/begun"):
    sys.exit(0)
with open(sys.argv[1] + "/beginning", "w") as beginning:
    beginning.write(str(os.getppid()))
os.rename(sys.argv[1] + "/beginning", sys.argv[1] + "/begun")
time.sleep(60)
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    with sandbox_at(tmp_path / "state") as running:
        yield running


@contextmanager
def batch_client(sandbox: RunningSandbox) -> Iterator[BatchClient]:
    credential = AzureNamedKeyCredential(sandbox.batch_account, sandbox.batch_key)
    with BatchClient(sandbox.batch_endpoint, credential) as batch:
        yield batch


def make_pool_and_job(batch: BatchClient, start_task: BatchStartTask | None = None) -> None:
    image = BatchVmImageReference(publisher="canonical", offer="ubuntu-24_04-lts", sku="server", version="latest")
    batch.create_pool(
        BatchPoolCreateOptions(
            id="pool",
            vm_size="Standard_D2s_v3",
            target_dedicated_nodes=1,
            virtual_machine_configuration=VirtualMachineConfiguration(
                image_reference=image, node_agent_sku_id="batch.node.ubuntu 24.04"
            ),
            start_task=start_task,
        )
    )
    batch.create_job(BatchJobCreateOptions(id="job", pool_info=BatchPoolInfo(pool_id="pool")))


def completed(batch: BatchClient, task_id: str) -> BatchTask:
    eventually(lambda: batch.get_task("job", task_id).state == "completed", f"{task_id} completes")
    return batch.get_task("job", task_id)


@pytest.mark.parametrize("agents_too", [False, True])
def test_a_task_of_a_killed_sandbox_runs_again_and_never_beside_itself(
    sandbox: RunningSandbox, tmp_path: Path, agents_too: bool
) -> None:
    (tmp_path / "alone.py").write_text(ALONE)
    with batch_client(sandbox) as batch:
        make_pool_and_job(batch)
        command_line = f"python3 '{tmp_path}/alone.py' '{tmp_path}'"
        batch.create_task("job", BatchTaskCreateOptions(id="alone", command_line=command_line))
        eventually((tmp_path / "begun").exists, "the first attempt runs")
        pid = control.status(sandbox.state_dir).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        if agents_too:
            os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)
        control.up(sandbox.state_dir)
        execution = completed(batch, "alone").execution_info
    assert execution is not None
    assert execution.exit_code == 0, "as only a second attempt exits, and only alone"


def test_start_task_resource_files_and_output_files(sandbox: RunningSandbox) -> None:
    container = "data"
    signature = generate_container_sas(
        sandbox.storage_account,
        container,
        account_key=sandbox.storage_key,
        permission=ContainerSasPermissions(read=True, list=True, create=True, write=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    container_url = f"{sandbox.blob_endpoint}/{container}"
    connection_string = sandbox.environment["AZURE_STORAGE_CONNECTION_STRING"]
    with BlobServiceClient.from_connection_string(connection_string) as blobs, batch_client(sandbox) as batch:
        data = blobs.create_container(container)
        data.upload_blob("app/tool 1.sh", "echo tool")
        data.upload_blob("in/é.txt", "input\n")
        tool = ResourceFile(http_url=f"{container_url}/app/tool%201.sh?{signature}", file_path="tool.sh")
        start = BatchStartTask(
            command_line='/bin/sh -c "sudo apt-get update && cp tool.sh $AZ_BATCH_NODE_SHARED_DIR"',
            resource_files=[tool],
            wait_for_success=True,
        )
        make_pool_and_job(batch, start)
        destination = OutputFileBlobContainerDestination(container_url=f"{container_url}?{signature}", path="out")
        output = OutputFile(
            file_pattern="../std*.txt",
            destination=OutputFileDestination(container=destination),
            upload_options=OutputFileUploadConfiguration(upload_condition="taskcompletion"),
        )
        inputs = ResourceFile(storage_container_url=f"{container_url}?{signature}", blob_prefix="in/", file_path="here")
        batch.create_task(
            "job",
            BatchTaskCreateOptions(
                id="files",
                command_line="/bin/sh -c 'cat here/in/*; sh $AZ_BATCH_NODE_SHARED_DIR/tool.sh; exit 4'",
                resource_files=[inputs],
                output_files=[output],
            ),
        )
        execution = completed(batch, "files").execution_info
        assert execution is not None
        assert execution.exit_code == 4
        assert data.download_blob("out/stdout.txt").readall() == b"input\ntool\n"
        assert b"".join(batch.download_task_file("job", "files", "stdout.txt")) == b"input\ntool\n"
