"""The Batch gateway against the sandbox over a socket: real pools, nodes, tasks and files.

What the gateway asks for is also read back through the SDK's own typed client, so that gateway and sandbox cannot
agree on a mistake that another client would see.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from azure.batch import BatchClient
from azure.batch.models import BatchAllTasksCompleteMode

from tests.contract.gateway_jobs import run_to_end, status, until
from tests.contract.gateway_specs import job_spec, no_sas, pool_spec, task
from tui.core.accounts import Account
from tui.core.errors import AccessRefused, AlreadyExists, Conflict, NotFound, Unreachable
from tui.core.ports import BatchPort, StoragePort
from tui.core.records import ImageInfo, JobRecord, TaskState, TaskStatus
from tui.core.redaction import Secret
from tui.core.specs import (
    EnvironmentSpec,
    OutputFileSpec,
    ResourceFileSpec,
    SignedReference,
    StartTaskSpec,
    TaskSpec,
)
from tui.gateways.connect import open_batch, open_storage


@pytest.fixture(scope="module")
def storage(account: Account) -> Iterator[StoragePort]:
    port: StoragePort = open_storage(account)
    yield port
    port.close()


@pytest.fixture(scope="module")
def image(batch: BatchPort) -> ImageInfo:
    return next(found for found in batch.list_images() if found.is_verified and found.os_type == "linux")


@pytest.fixture(scope="module")
def pool_id(batch: BatchPort, image: ImageInfo) -> str:
    """A pool of one steady node with four slots."""
    start = StartTaskSpec("/bin/sh -c 'echo ready'")
    batch.create_pool(replace(pool_spec(image, "shared"), start_task=start), no_sas)
    until(lambda: [node.state for node in batch.list_nodes("shared")] == ["idle"], "an idle node")
    return "shared"


@pytest.fixture
def job_id(batch: BatchPort, pool_id: str) -> str:
    name = f"job-{secrets.token_hex(4)}"
    batch.create_job(job_spec(name, pool_id), no_sas)
    return name


def job(batch: BatchPort, job_id: str) -> JobRecord:
    found = batch.get_job(job_id)
    assert found is not None
    return found


class TestPools:
    def test_images_name_their_node_agent(self, batch: BatchPort) -> None:
        ubuntu = [found for found in batch.list_images() if "ubuntu" in found.reference.offer]
        assert ubuntu
        assert all(found.node_agent_sku_id.startswith("batch.node.ubuntu") for found in ubuntu)

    def test_a_start_task_is_renewed(self, batch: BatchPort, typed: BatchClient, pool_id: str) -> None:
        before = typed.get_pool(pool_id).start_task
        assert before is not None
        batch.renew_start_task(pool_id, StartTaskSpec("/bin/sh -c 'echo renewed'"), no_sas)
        after = typed.get_pool(pool_id).start_task
        batch.renew_start_task(pool_id, StartTaskSpec("/bin/sh -c 'echo ready'"), no_sas)
        assert after is not None
        assert after.command_line == "/bin/sh -c 'echo renewed'"
        assert (after.wait_for_success, after.user_identity) == (before.wait_for_success, before.user_identity)

    def test_is_made_as_asked_for(self, batch: BatchPort, typed: BatchClient, image: ImageInfo, pool_id: str) -> None:
        mine, theirs = batch.get_pool(pool_id), typed.get_pool(pool_id)
        assert mine is not None
        assert (mine.target_dedicated, mine.target_spot, mine.slots_per_node) == (1, 0, 4)
        assert mine.metadata == {"batchtui_run": "run-1"}
        assert mine.has_start_task
        assert mine.image == str(image.reference) + " latest"
        assert mine in batch.list_pools()
        assert theirs.start_task is not None
        assert theirs.start_task.wait_for_success
        assert theirs.start_task.max_task_retry_count == 1
        assert theirs.task_slots_per_node == 4

    def test_absent_is_none_to_read_and_an_error_to_change(self, batch: BatchPort) -> None:
        assert batch.get_pool("none") is None
        with pytest.raises(NotFound, match="There is no such pool"):
            batch.delete_pool("none")
        with pytest.raises(NotFound):
            batch.list_nodes("none")

    def test_a_second_of_the_same_id_is_refused(self, batch: BatchPort, image: ImageInfo, pool_id: str) -> None:
        with pytest.raises(AlreadyExists) as caught:
            batch.create_pool(pool_spec(image, pool_id), no_sas)
        assert caught.value.code == "PoolExists"

    def test_is_resized_and_deleted(self, batch: BatchPort, image: ImageInfo) -> None:
        batch.create_pool(replace(pool_spec(image, "short-lived"), dedicated=0), no_sas)

        def is_steady_with(nodes: int) -> bool:
            pool = batch.get_pool("short-lived")
            return pool is not None and pool.is_steady and pool.current_nodes == nodes

        until(lambda: is_steady_with(0), "steady pool")
        batch.resize_pool("short-lived", 0, 1)
        until(lambda: is_steady_with(1), "Spot node")
        assert [node.is_dedicated for node in batch.list_nodes("short-lived")] == [False]
        batch.delete_pool("short-lived")
        until(lambda: batch.get_pool("short-lived") is None, "end of the pool")

    def test_a_start_task_that_fails_is_told(self, batch: BatchPort, image: ImageInfo) -> None:
        failing = StartTaskSpec("/bin/sh -c 'exit 3'", max_retry_count=0)
        batch.create_pool(replace(pool_spec(image, "fails"), start_task=failing), no_sas)
        until(lambda: any(node.is_broken for node in batch.list_nodes("fails")), "failed start task")
        node = batch.list_nodes("fails")[0]
        assert node.start_task_exit_code == 3
        assert node.start_task_failure is not None
        assert node.start_task_failure.code == "FailureExitCode"
        batch.delete_pool("fails")

    def test_files_of_a_node(self, batch: BatchPort, pool_id: str) -> None:
        node = batch.list_nodes(pool_id)[0]
        names = {file.name for file in batch.list_node_files(pool_id, node.id)}
        assert "startup/stdout.txt" in names
        assert batch.read_node_file(pool_id, node.id, "startup/stdout.txt", 0, 100) == b"ready\n"


class TestJobs:
    def test_is_made_as_asked_for(self, batch: BatchPort, typed: BatchClient, job_id: str, pool_id: str) -> None:
        mine = job(batch, job_id)
        assert (mine.pool_id, mine.priority, mine.max_wall_clock_s) == (pool_id, 7, 1_800)
        assert mine.metadata == {"batchtui_run": "run-1"}
        assert not mine.terminates_when_done
        assert mine.id in [found.id for found in batch.list_jobs()]
        theirs = typed.get_job(job_id)
        assert theirs.all_tasks_complete_mode is BatchAllTasksCompleteMode.NO_ACTION

    def test_absent(self, batch: BatchPort) -> None:
        assert batch.get_job("none") is None
        with pytest.raises(NotFound):
            batch.delete_job("none")

    def test_a_second_of_the_same_id_is_refused(self, batch: BatchPort, job_id: str, pool_id: str) -> None:
        with pytest.raises(AlreadyExists):
            batch.create_job(job_spec(job_id, pool_id), no_sas)

    def test_ends_with_its_last_task_once_told_to(self, batch: BatchPort, job_id: str) -> None:
        run_to_end(batch, job_id, task("only", ":"))
        assert not job(batch, job_id).is_over
        batch.end_job_when_done(job_id)
        until(lambda: job(batch, job_id).state == "completed", "end of the job")
        assert job(batch, job_id).terminate_reason == "AllTasksCompleted"

    def test_is_terminated_with_a_reason_and_again_without_harm(self, batch: BatchPort, job_id: str) -> None:
        batch.terminate_job(job_id, "enough")
        until(lambda: job(batch, job_id).state == "completed", "end of the job")
        assert job(batch, job_id).terminate_reason == "enough"
        batch.terminate_job(job_id, "again")

    def test_is_deleted(self, batch: BatchPort, job_id: str) -> None:
        batch.delete_job(job_id)
        until(lambda: batch.get_job(job_id) is None, "end of the job")


class TestTasks:
    def test_success_and_failure_are_told_apart(self, batch: BatchPort, job_id: str) -> None:
        run_to_end(batch, job_id, task("good", "echo fine"), task("bad", "exit 4"))
        rows = {row.id: row for page in batch.list_tasks(job_id) for row in page.rows}
        assert rows["good"].status is TaskStatus.SUCCEEDED
        assert (rows["good"].exit_code, rows["good"].failure, rows["good"].succeeded) == (0, None, True)
        assert rows["bad"].status is TaskStatus.FAILED
        assert (rows["bad"].exit_code, rows["bad"].succeeded) == (4, False)
        assert rows["bad"].failure is not None
        assert rows["bad"].failure.code == "FailureExitCode"
        assert rows["good"].node_id
        assert (rows["good"].start_time_s or 0) <= (rows["good"].end_time_s or 0)
        counts = batch.count_tasks(job_id)
        assert (counts.succeeded, counts.failed, counts.total) == (1, 1, 2)

    def test_each_task_of_a_collection_has_its_own_result(self, batch: BatchPort, job_id: str) -> None:
        batch.add_tasks(job_id, [task("twice", ":")], no_sas)
        results = batch.add_tasks(job_id, [task("new", ":"), task("twice", ":")], no_sas)
        assert [(result.task_id, result.added, result.already_there) for result in results] == [
            ("new", True, False),
            ("twice", False, True),
        ]
        assert results[1].error_message == "The specified task already exists."

    def test_files_and_environment_travel_signed(self, batch: BatchPort, storage: StoragePort, job_id: str) -> None:
        content = b"input text"
        for container in (f"{job_id}-input", f"{job_id}-output"):
            storage.create_container(container, {})
        storage.put_blob(f"{job_id}-input", "a b/ünïcode.txt", content, hashlib.md5(content).digest())
        written = SignedReference(f"{job_id}-output", "cw")
        spec = TaskSpec(
            id="carries",
            command_line="/bin/sh -c 'cat in.txt > out.txt; case \"$TARGET\" in *sig=*) echo signed;; esac'",
            resource_files=(ResourceFileSpec(SignedReference(f"{job_id}-input", "r", "a b/ünïcode.txt"), "in.txt"),),
            output_files=(
                OutputFileSpec("out.txt", written, "results/out.txt", "tasksuccess"),
                OutputFileSpec("../std*.txt", written, "logs/carries", "taskcompletion"),
            ),
            environment=(EnvironmentSpec("PLAIN", "value"), EnvironmentSpec("TARGET", written)),
        )

        def sign(reference: SignedReference) -> Secret:
            return storage.sign(reference.container, reference.permissions, time.time() + 3_600, reference.blob)

        assert batch.add_tasks(job_id, [spec], sign)[0].added
        until(lambda: status(batch, job_id, "carries").is_over, "end of the task")
        assert status(batch, job_id, "carries") is TaskStatus.SUCCEEDED
        assert {blob.name for blob in storage.list_blobs(f"{job_id}-output")} == {
            "results/out.txt",
            "logs/carries/stdout.txt",
            "logs/carries/stderr.txt",
        }
        assert storage.read_blob(f"{job_id}-output", "results/out.txt", 0, 100) == content
        assert batch.read_task_file(job_id, "carries", "stdout.txt", 0, 100) == b"signed\n"
        detail = batch.get_task(job_id, "carries")
        assert detail is not None
        assert detail.resource_file_paths == ("in.txt",)
        assert dict(detail.environment)["PLAIN"] == "value"
        assert "sig=" in dict(detail.environment)["TARGET"]
        assert dict(detail.environment)["TARGET"] not in repr(detail)

    def test_a_list_of_tasks_carries_no_environment(self, batch: BatchPort, job_id: str) -> None:
        spec = replace(task("has", ":"), environment=(EnvironmentSpec("NAME", "x" * 5_000),))
        batch.add_tasks(job_id, [spec], no_sas)
        (page,) = batch.list_tasks(job_id)
        assert [row.id for row in page.rows] == ["has"]
        assert page.size_bytes < 5_000
        assert abs(page.server_time_s - time.time()) < 60

    def test_all_pages_are_followed(self, batch: BatchPort, job_id: str) -> None:
        ids = [f"task-{index:05}" for index in range(2_150)]
        chunks = [[task(one, ":") for one in ids[start : start + 100]] for start in range(0, len(ids), 100)]
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda chunk: batch.add_tasks(job_id, chunk, no_sas), chunks))
        assert all(result.added for chunk in results for result in chunk)
        pages = list(batch.list_tasks(job_id))
        assert [len(page.rows) for page in pages] == [1_000, 1_000, 150]
        assert [row.id for page in pages for row in page.rows] == ids
        batch.delete_job(job_id)

    def test_a_delta_lists_what_changed_since(self, batch: BatchPort, job_id: str) -> None:
        run_to_end(batch, job_id, task("first", ":"))
        (before,) = batch.list_tasks(job_id)
        watermark = before.rows[0].state_transition_time
        run_to_end(batch, job_id, task("second", ":"))
        changed = {row.id for page in batch.list_tasks(job_id, watermark) for row in page.rows}
        assert changed == {"first", "second"}
        after = max(row.state_transition_time for page in batch.list_tasks(job_id, watermark) for row in page.rows)
        assert {row.id for page in batch.list_tasks(job_id, after) for row in page.rows} == {"second"}

    def test_is_terminated_reactivated_and_deleted(self, batch: BatchPort, job_id: str) -> None:
        batch.add_tasks(job_id, [task("waits", "while :; do sleep 1; done")], no_sas)
        until(lambda: status(batch, job_id, "waits") is TaskStatus.RUNNING, "running task")
        assert batch.terminate_task(job_id, "waits")
        until(lambda: status(batch, job_id, "waits") is TaskStatus.FAILED, "end of the task")
        assert not batch.terminate_task(job_id, "waits"), "it was over already"
        batch.reactivate_task(job_id, "waits")
        until(lambda: status(batch, job_id, "waits") is TaskStatus.RUNNING, "task that runs again")
        batch.delete_task(job_id, "waits")
        until(lambda: batch.get_task(job_id, "waits") is None, "end of the task")

    def test_a_task_that_succeeded_is_not_reactivated(self, batch: BatchPort, job_id: str) -> None:
        run_to_end(batch, job_id, task("good", ":"))
        with pytest.raises(Conflict) as caught:
            batch.reactivate_task(job_id, "good")
        assert caught.value.code == "TaskSucceeded"

    def test_absent(self, batch: BatchPort, job_id: str) -> None:
        assert batch.get_task(job_id, "none") is None
        assert batch.get_task("none", "none") is None
        with pytest.raises(NotFound):
            next(batch.list_tasks("none"))
        with pytest.raises(NotFound):
            batch.add_tasks("none", [task("a", ":")], no_sas)


class TestTaskFiles:
    def test_are_listed_measured_and_read_by_range(self, batch: BatchPort, job_id: str) -> None:
        run_to_end(batch, job_id, task("talks", 'printf 0123456789; mkdir sub; echo {} > "sub/a b.json"'))
        files = {file.name: file for file in batch.list_task_files(job_id, "talks")}
        found = batch.find_task_file(job_id, "talks", "stdout.txt")
        assert (files["stdout.txt"].size_bytes, found.size_bytes, found.last_modified_s is None) == (10, 10, False)
        assert files["wd"].is_directory
        assert batch.read_task_file(job_id, "talks", "stdout.txt", 2, 3) == b"234"
        assert batch.read_task_file(job_id, "talks", "stdout.txt", 8, 100) == b"89"
        assert batch.read_task_file(job_id, "talks", "stdout.txt", 10, 100) == b""
        assert batch.read_task_file(job_id, "talks", "stderr.txt", 0, 100) == b""
        assert batch.read_task_file(job_id, "talks", "wd/sub/a b.json", 0, 100) == b"{}\n"
        assert batch.read_task_file(job_id, "talks", "wd/sub/a b.json", 0, 1) == b"{"

    def test_absent(self, batch: BatchPort, job_id: str) -> None:
        run_to_end(batch, job_id, task("quiet", ":"))
        with pytest.raises(NotFound):
            batch.find_task_file(job_id, "quiet", "none.txt")
        with pytest.raises(NotFound, match="There is no such file"):
            batch.read_task_file(job_id, "quiet", "none.txt", 0, 10)


class TestAccess:
    def test_a_wrong_key_is_told(self, account: Account) -> None:
        batch = open_batch(replace(account, batch_key=Secret("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")))
        with pytest.raises(AccessRefused) as caught:
            batch.list_pools()
        batch.close()
        assert caught.value.status == 403
        assert caught.value.title == "Batch does not accept the account key"
        assert "accounts test" in caught.value.hint

    def test_requests_are_counted(self, batch: BatchPort) -> None:
        before = batch.request_count
        batch.list_images()
        assert batch.request_count == before + 1

    def test_no_service_is_told_with_the_remedy(self, account: Account) -> None:
        batch = open_batch(replace(account, batch_endpoint="http://127.0.0.1:1"))
        with pytest.raises(Unreachable) as caught:
            batch.list_pools()
        batch.close()
        assert "127.0.0.1:1 refuses the connection" in caught.value.what
        assert "sandbox up" in caught.value.hint


def test_a_task_that_waits_is_active(batch: BatchPort, job_id: str) -> None:
    batch.add_tasks(job_id, [task(f"t{index}", "while :; do sleep 1; done") for index in range(6)], no_sas)
    until(lambda: batch.count_tasks(job_id).running == 4, "full node")
    rows = [row for page in batch.list_tasks(job_id) for row in page.rows]
    assert sorted(row.state for row in rows) == [TaskState.ACTIVE] * 2 + [TaskState.RUNNING] * 4
    batch.delete_job(job_id)
