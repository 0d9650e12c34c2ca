"""What any Batch service answers the official SDK: the sandbox over a socket; Azure itself with BATCH_TUI_LIVE=1."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.rest import HttpRequest

from tui.sandbox.batch.app import SERVER_OPTIONS, create_batch_app
from tui.sandbox.batch.launches import Account
from tui.sandbox.batch.service import BatchService
from tui.sandbox.nodes.host import LocalNodeHost

IS_LIVE = os.environ.get("BATCH_TUI_LIVE") == "1"
_WAIT_S = 900.0 if IS_LIVE else 30.0
_PAUSE_S = 5.0 if IS_LIVE else 0.02
_SUFFIX = secrets.token_hex(3)


@dataclass(frozen=True, slots=True)
class Target:
    account: str
    key: str
    url: str

    def client(self, key: str | None = None) -> BatchClient:
        credential = AzureNamedKeyCredential(self.account, key or self.key)
        return BatchClient(self.url, credential, retry_total=2 if IS_LIVE else 0, use_env_settings=False)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    if IS_LIVE:
        yield Target(*(os.environ[f"AZURE_BATCH_{name}"] for name in ("ACCOUNT", "ACCESS_KEY", "ENDPOINT")))
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who connects before the service accepts waits, instead of being refused
        served = Target("sandbox", base64.b64encode(os.urandom(64)).decode(), _url(listener))
        serving = _Serving(served, listener, tmp_path_factory.mktemp("sandbox"))
        serving.start()
        yield served
        serving.stop()


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


class _Serving:
    """The sandbox's Batch service on a thread of its own."""

    def __init__(self, target: Target, listener: socket.socket, folder: Path) -> None:
        self._target = target
        self._listener = listener
        self._folder = folder
        self._started = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="pytest batch service")

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(20)

    def stop(self) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        service = BatchService(
            account=Account(self._target.account, self._target.url),
            host=LocalNodeHost(self._folder / "nodes"),
            state_path=self._folder / "batch.sqlite",
        )
        await service.start()
        app = create_batch_app(service, self._target.account, self._target.key)
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, **SERVER_OPTIONS)
        self._server = uvicorn.Server(config)
        self._started.set()
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            await service.close()


@pytest.fixture(scope="module")
def client(target: Target) -> Iterator[BatchClient]:
    with target.client() as client:
        yield client


def _wait(is_true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _WAIT_S
    waiting = threading.Event()
    while not is_true():
        assert time.monotonic() < end, f"never happened: {what}"
        waiting.wait(_PAUSE_S)


def _pool_options(pool_id: str, **more: Any) -> models.BatchPoolCreateOptions:
    return models.BatchPoolCreateOptions(
        id=pool_id,
        vm_size="Standard_D2s_v3",
        virtual_machine_configuration=models.VirtualMachineConfiguration(
            image_reference=models.BatchVmImageReference(
                publisher="canonical", offer="ubuntu-24_04-lts", sku="server", version="latest"
            ),
            node_agent_sku_id="batch.node.ubuntu 24.04",
        ),
        **more,
    )


@pytest.fixture(scope="module")
def pool_id(client: BatchClient) -> Iterator[str]:
    """A pool with one ready node of two slots and a start task that left a file."""
    pool_id = f"contract-{_SUFFIX}"
    command = "/bin/sh -c 'echo started; echo shared > $AZ_BATCH_NODE_SHARED_DIR/here'"
    options = _pool_options(
        pool_id,
        target_dedicated_nodes=1,
        task_slots_per_node=2,
        start_task=models.BatchStartTask(command_line=command, wait_for_success=True),
        metadata=[models.BatchMetadataItem(name="made-by", value="contract")],
    )
    client.create_pool(options)
    _wait(lambda: [node.state for node in client.list_nodes(pool_id)] == ["idle"], "the node is ready")
    yield pool_id
    client._delete_pool_internal(pool_id)


@pytest.fixture
def job_id(client: BatchClient, pool_id: str) -> Iterator[str]:
    job_id = f"contract-{secrets.token_hex(4)}"
    pool = models.BatchPoolInfo(pool_id=pool_id)
    client.create_job(models.BatchJobCreateOptions(id=job_id, pool_info=pool, uses_task_dependencies=True))
    yield job_id
    try:
        client._delete_job_internal(job_id)
    except ResourceNotFoundError:
        return


def _shell(script: str) -> str:
    return f"/bin/sh -c '{script}'"


def _run(client: BatchClient, job_id: str, script: str, **more: Any) -> models.BatchTask:
    """Run one task to its end."""
    task_id = f"t-{secrets.token_hex(3)}"
    client.create_task(job_id, models.BatchTaskCreateOptions(id=task_id, command_line=_shell(script), **more))
    _wait(lambda: client.get_task(job_id, task_id).state == "completed", f"{script} is over")
    return client.get_task(job_id, task_id)


def _refusal(call: Callable[[], object]) -> tuple[int | None, str | None]:
    with pytest.raises(HttpResponseError) as caught:
        call()
    return caught.value.status_code, getattr(caught.value.error, "code", None)


class TestAccess:
    def test_a_wrong_key_is_refused_as_the_service_does(self, target: Target) -> None:
        with target.client(base64.b64encode(b"wrong" * 12).decode()) as stranger:
            assert _refusal(lambda: list(stranger.list_pools())) == (403, "AuthenticationFailed")

    def test_the_newest_ubuntu_is_among_the_verified_images(self, client: BatchClient) -> None:
        images = client.list_supported_images(filter="verificationType eq 'verified' and osType eq 'linux'")
        found = {(image.image_reference.offer, image.node_agent_sku_id) for image in images}
        assert ("ubuntu-24_04-lts", "batch.node.ubuntu 24.04") in found


class TestPools:
    def test_a_pool_reads_back_as_it_was_made(self, client: BatchClient, pool_id: str) -> None:
        pool = client.get_pool(pool_id)
        assert (pool.vm_size, pool.state, pool.allocation_state) == ("standard_d2s_v3", "active", "steady")
        assert (pool.current_dedicated_nodes, pool.task_slots_per_node) == (1, 2)
        assert (pool.etag or "").startswith("0x")
        assert pool.resize_timeout is not None
        assert [(item.name, item.value) for item in pool.metadata or ()] == [("made-by", "contract")]
        assert pool_id in [item.id for item in client.list_pools(select=["id"])]
        assert client.pool_exists(pool_id)

    def test_a_pool_is_made_once(self, client: BatchClient, pool_id: str) -> None:
        assert _refusal(lambda: client.create_pool(_pool_options(pool_id))) == (409, "PoolExists")

    def test_a_missing_pool_is_named_as_such(self, client: BatchClient) -> None:
        assert _refusal(lambda: client.get_pool("contract-none")) == (404, "PoolNotFound")
        with pytest.raises(ResourceNotFoundError):
            client.pool_exists("contract-none")

    def test_a_pool_of_no_nodes_lives_from_create_to_delete(self, client: BatchClient) -> None:
        pool_id = f"contract-empty-{_SUFFIX}"
        client.create_pool(_pool_options(pool_id, target_dedicated_nodes=0))
        _wait(lambda: client.get_pool(pool_id).allocation_state == "steady", "steady")
        metadata = [models.BatchMetadataItem(name="a", value="b")]
        client.update_pool(pool_id, models.BatchPoolUpdateOptions(metadata=metadata))
        assert client.get_pool(pool_id).metadata == metadata
        deleting = client.begin_delete_pool(pool_id, polling_interval=1)
        deleting.wait(_WAIT_S)
        assert deleting.status() == "Succeeded"

    def test_a_node_shows_its_start_task_and_files(self, client: BatchClient, pool_id: str) -> None:
        (node,) = client.list_nodes(pool_id)
        assert node.id is not None
        assert node.start_task_info is not None
        assert (node.start_task_info.exit_code, node.start_task_info.result) == (0, "success")
        names = {item.name for item in client.list_node_files(pool_id, node.id, recursive=True)}
        assert {"startup/stdout.txt", "shared/here", "workitems"} <= names
        assert b"".join(client.download_node_file(pool_id, node.id, "startup/stdout.txt")) == b"started\n"
        (counts,) = client.list_pool_node_counts(filter=f"poolId eq '{pool_id}'")
        assert counts.dedicated is not None
        assert counts.dedicated.total == 1


class TestTasks:
    def test_a_task_runs_and_its_output_can_be_read(self, client: BatchClient, job_id: str) -> None:
        task = _run(client, job_id, 'echo out; echo err >&2; echo x > "a b.txt"; exit 0')
        info = task.execution_info
        assert info is not None
        assert (info.exit_code, info.result, info.retry_count) == (0, "success", 0)
        assert task.node_info is not None
        assert task.node_info.task_root_directory == f"workitems/{job_id}/job-1/{task.id}"
        assert task.id is not None
        names = {item.name for item in client.list_task_files(job_id, task.id, recursive=True)}
        assert {"stdout.txt", "stderr.txt", "wd", "wd/a b.txt"} <= names
        assert b"".join(client.download_task_file(job_id, task.id, "stdout.txt")) == b"out\n"
        assert b"".join(client.download_task_file(job_id, task.id, "wd/a b.txt")) == b"x\n"
        part = client.download_task_file(job_id, task.id, "stdout.txt", ocp_range="bytes=1-2")
        assert b"".join(part) == b"ut"
        properties = client.get_task_file_properties(job_id, task.id, "stderr.txt")
        assert (properties.content_length, properties.file_mode) == (4, "0o100644")

    def test_a_failing_task_says_how(self, client: BatchClient, job_id: str) -> None:
        task = _run(client, job_id, "exit 3", constraints=models.BatchTaskConstraints(max_task_retry_count=1))
        info = task.execution_info
        assert info is not None
        assert (info.exit_code, info.result, info.retry_count) == (3, "failure", 1)
        assert info.failure_info is not None
        assert (info.failure_info.category, info.failure_info.code) == ("UserError", "FailureExitCode")

    def test_a_collection_answers_for_each_task(self, client: BatchClient, job_id: str) -> None:
        options = [models.BatchTaskCreateOptions(id=f"c{n}", command_line=_shell(":")) for n in (1, 2, 2)]
        answer = client.create_task_collection(job_id, models.BatchTaskGroup(task_values=options))
        values = answer.result_values or []
        assert [item.error is None for item in values] == [True, True, False]
        assert [item.error.code for item in values if item.error] == ["TaskExists"]

    def test_many_tasks_are_added_listed_in_pages_and_counted(self, client: BatchClient, job_id: str) -> None:
        options = [models.BatchTaskCreateOptions(id=f"m{n:03d}", command_line=_shell(":")) for n in range(130)]
        client.create_tasks(job_id, options, max_concurrency=2)
        listed = list(client.list_tasks(job_id, select=["id", "state"], max_results=50))
        assert [task.id for task in listed] == [f"m{n:03d}" for n in range(130)]
        assert set(listed[0].as_dict()) == {"id", "state"}

        _wait(lambda: client.get_job_task_counts(job_id).task_counts.completed == 130, "all are counted")
        done = client.list_tasks(job_id, filter="state eq 'completed' and executionInfo/exitCode eq 0")
        assert len(list(done)) == 130

    def test_a_task_waits_for_what_it_depends_on(self, client: BatchClient, job_id: str) -> None:
        depends = models.BatchTaskDependencies(task_ids=["first"])
        client.create_task(
            job_id, models.BatchTaskCreateOptions(id="second", command_line=_shell(":"), depends_on=depends)
        )
        assert client.get_task(job_id, "second").state == "active"
        client.create_task(job_id, models.BatchTaskCreateOptions(id="first", command_line=_shell(":")))
        _wait(lambda: client.get_task(job_id, "second").state == "completed", "both are done")
        first, second = (client.get_task(job_id, name).execution_info for name in ("first", "second"))
        assert first is not None
        assert second is not None
        assert first.end_time is not None
        assert second.start_time is not None
        assert first.end_time <= second.start_time

    def test_a_running_task_can_be_ended(self, client: BatchClient, job_id: str) -> None:
        client.create_task(job_id, models.BatchTaskCreateOptions(id="long", command_line=_shell("sleep 600")))
        _wait(lambda: client.get_task(job_id, "long").state == "running", "it runs")
        client.terminate_task(job_id, "long")
        _wait(lambda: client.get_task(job_id, "long").state == "completed", "it has ended")
        info = client.get_task(job_id, "long").execution_info
        assert info is not None
        assert info.failure_info is not None
        assert (info.failure_info.code, info.result) == ("TaskEnded", "failure")
        client.delete_task(job_id, "long")
        assert _refusal(lambda: client.get_task(job_id, "long")) == (404, "TaskNotFound")

    def test_a_delta_by_transition_time_misses_nothing(self, client: BatchClient, job_id: str) -> None:
        first = _run(client, job_id, ":")
        assert first.state_transition_time is not None
        second = _run(client, job_id, ":")
        since = first.state_transition_time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        request = HttpRequest(
            "GET",
            f"/jobs/{job_id}/tasks",
            params={
                "api-version": "2025-06-01",
                "$filter": f"stateTransitionTime ge DateTime'{since}'",
                "$select": "id,stateTransitionTime",
            },
        )
        answer = client.send_request(request).json()
        assert {task["id"] for task in answer["value"]} == {first.id, second.id}


class TestJobs:
    def test_a_job_ends_itself_when_its_tasks_are_done(self, client: BatchClient, job_id: str) -> None:
        _run(client, job_id, ":")
        client.update_job(job_id, models.BatchJobUpdateOptions(all_tasks_complete_mode="terminatejob"))
        _wait(lambda: client.get_job(job_id).state == "completed", "the job has ended")
        info = client.get_job(job_id).execution_info
        assert info is not None
        assert info.termination_reason == "AllTasksCompleted"

    def test_a_job_is_terminated_by_the_sdks_own_poller(self, client: BatchClient, job_id: str) -> None:
        options = models._models.BatchJobTerminateOptions(termination_reason="enough")
        client.begin_terminate_job(job_id, options, polling_interval=1).wait(_WAIT_S)
        job = client.get_job(job_id)
        assert job.state == "completed"
        assert job.execution_info is not None
        assert job.execution_info.termination_reason == "enough"
        task = models.BatchTaskCreateOptions(id="late", command_line=_shell(":"))
        assert _refusal(lambda: client.create_task(job_id, task)) == (409, "JobCompleted")

    def test_a_deleted_job_is_gone(self, client: BatchClient, job_id: str) -> None:
        client.begin_delete_job(job_id, polling_interval=1).wait(_WAIT_S)
        assert _refusal(lambda: client.get_job(job_id)) == (404, "JobNotFound")

    def test_a_preparation_task_runs_before_the_first_task(self, client: BatchClient, pool_id: str) -> None:
        job_id = f"contract-{secrets.token_hex(4)}"
        script = _shell("echo ready > prepared")
        client.create_job(
            models.BatchJobCreateOptions(
                id=job_id,
                pool_info=models.BatchPoolInfo(pool_id=pool_id),
                job_preparation_task=models.BatchJobPreparationTask(command_line=script),
            )
        )
        task = _run(client, job_id, "cat $AZ_BATCH_JOB_PREP_WORKING_DIR/prepared")
        assert task.id is not None
        assert b"".join(client.download_task_file(job_id, task.id, "stdout.txt")) == b"ready\n"
        (status,) = client.list_job_preparation_and_release_task_status(job_id)
        assert status.job_preparation_task_execution_info is not None
        assert status.job_preparation_task_execution_info.exit_code == 0
        client._delete_job_internal(job_id)

    def test_a_job_is_made_once(self, client: BatchClient, job_id: str, pool_id: str) -> None:
        options = models.BatchJobCreateOptions(id=job_id, pool_info=models.BatchPoolInfo(pool_id=pool_id))
        with pytest.raises(ResourceExistsError):
            client.create_job(options)
