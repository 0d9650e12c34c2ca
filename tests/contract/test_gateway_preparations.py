"""What a job does on a node before its first task and after its last one, asked for through the gateway."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from azure.batch import BatchClient
from azure.batch.models import BatchJobCreateOptions, BatchJobPreparationTask, BatchPoolInfo

from tests.contract.gateway_jobs import run_to_end, until
from tests.contract.gateway_specs import job_spec, no_sas, pool_spec, task
from tui.core.ports import BatchPort
from tui.core.specs import StartTaskSpec


@pytest.fixture(scope="module")
def pool_id(batch: BatchPort) -> str:
    """A pool of one steady node."""
    image = next(found for found in batch.list_images() if found.is_verified and found.os_type == "linux")
    batch.create_pool(pool_spec(image, "shared"), no_sas)
    until(lambda: [node.state for node in batch.list_nodes("shared")] == ["idle"], "an idle node")
    return "shared"


def test_prepares_the_node(batch: BatchPort, pool_id: str) -> None:
    name = f"job-{secrets.token_hex(4)}"
    prepare = StartTaskSpec("/bin/sh -c 'echo prepared > $AZ_BATCH_NODE_SHARED_DIR/mark'")
    batch.create_job(replace(job_spec(name, pool_id), preparation_task=prepare), no_sas)
    run_to_end(batch, name, task("reads", "cat $AZ_BATCH_NODE_SHARED_DIR/mark"))
    assert batch.read_task_file(name, "reads", "stdout.txt", 0, 100) == b"prepared\n"
    (prepared,) = batch.list_preparations(name)
    assert (prepared.is_over, prepared.exit_code, prepared.has_failed) == (True, 0, False)


def test_says_on_which_nodes_the_preparation_failed(batch: BatchPort, pool_id: str) -> None:
    name = f"job-{secrets.token_hex(4)}"
    prepare = StartTaskSpec("/bin/sh -c 'exit 5'", max_retry_count=0)
    batch.create_job(replace(job_spec(name, pool_id), preparation_task=prepare), no_sas)
    batch.add_tasks(name, [task("waits", ":")], no_sas)
    until(lambda: any(item.has_failed for item in batch.list_preparations(name)), "the preparation fails")
    (failed,) = batch.list_preparations(name)
    assert failed.node_id in {node.id for node in batch.list_nodes(pool_id)}
    assert failed.exit_code == 5
    assert failed.failure is not None
    assert failed.failure.code == "FailureExitCode"


def test_a_job_that_prepares_nothing_has_no_preparations(batch: BatchPort, pool_id: str) -> None:
    batch.create_job(job_spec("plain", pool_id), no_sas)
    assert batch.list_preparations("plain") == ()
    assert not needs_preparation(batch, "plain")


def test_a_job_says_whether_its_tasks_need_the_preparation(batch: BatchPort, typed: BatchClient, pool_id: str) -> None:
    prepare = StartTaskSpec("/bin/sh -c :")
    batch.create_job(replace(job_spec("waits", pool_id), preparation_task=prepare), no_sas)
    assert needs_preparation(batch, "waits")
    goes_on = BatchJobPreparationTask(command_line="/bin/sh -c :", wait_for_success=False)
    pool = BatchPoolInfo(pool_id=pool_id)
    typed.create_job(BatchJobCreateOptions(id="goes-on", pool_info=pool, job_preparation_task=goes_on))
    assert not needs_preparation(batch, "goes-on")


def needs_preparation(batch: BatchPort, job_id: str) -> bool:
    job = batch.get_job(job_id)
    assert job is not None
    return job.needs_preparation


def test_releases_what_it_prepared(batch: BatchPort, pool_id: str) -> None:
    name = f"job-{secrets.token_hex(4)}"
    prepare = StartTaskSpec("/bin/sh -c 'mkdir -p $AZ_BATCH_NODE_SHARED_DIR/of-job'")
    release = "/bin/sh -c 'rm -rf $AZ_BATCH_NODE_SHARED_DIR/of-job'"
    spec = replace(job_spec(name, pool_id), preparation_task=prepare, release_command_line=release)
    batch.create_job(spec, no_sas)
    run_to_end(batch, name, task("sees", "test -d $AZ_BATCH_NODE_SHARED_DIR/of-job"))
    assert next(page.rows[0].exit_code for page in batch.list_tasks(name)) == 0
    batch.delete_job(name)
    until(lambda: batch.get_job(name) is None, "the job is gone")
    other = f"job-{secrets.token_hex(4)}"
    batch.create_job(job_spec(other, pool_id), no_sas)
    run_to_end(batch, other, task("looks", "test -e $AZ_BATCH_NODE_SHARED_DIR/of-job"))
    assert next(page.rows[0].exit_code for page in batch.list_tasks(other)) == 1
