"""What we read and write, held against the real service: its recorded answers and its official description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tui.core.records import ImageInfo, ImageReference, TaskState, TaskStatus
from tui.core.redaction import Secret
from tui.core.specs import (
    EnvironmentSpec,
    JobSpec,
    OutputFileSpec,
    PoolSpec,
    ResourceFileSpec,
    SignedReference,
    StartTaskSpec,
    TaskSpec,
)
from tui.gateways import batch_answers as answers
from tui.gateways.batch_bodies import job_body, pool_body, task_body

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
RECORDINGS = REFERENCE / "recorded-exchanges.jsonl"
DESCRIPTION = REFERENCE / "BatchService-2024-02-01.19.0.json"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.exists(), reason="the recorded exchanges are not beside the checkout"
)
needs_description = pytest.mark.skipif(
    not DESCRIPTION.exists(), reason="the API description is not beside the checkout"
)

START = StartTaskSpec(
    "/bin/sh -c 'cp a b'",
    (ResourceFileSpec(SignedReference("application", "r", "script.py"), "script.py"),),
    is_elevated=True,
    max_retry_count=2,
)
POOL = PoolSpec(
    id="pool",
    vm_size="Standard_D2s_v3",
    image=ImageInfo(ImageReference("canonical", "ubuntu", "server"), "batch.node.ubuntu 24.04", True, "linux"),
    dedicated=2,
    spot=1,
    slots_per_node=4,
    start_task=START,
    metadata={"batchtui_run": "run-1"},
)
JOB = JobSpec("job", "pool", 5, 5_400, 1, START, {"batchtui_run": "run-1"}, "/bin/sh -c 'rm -rf it'")
TASK = TaskSpec(
    "task",
    "/bin/sh -c :",
    (ResourceFileSpec(SignedReference("input", "r", "a b.txt"), "a b.txt"),),
    (OutputFileSpec("../std*.txt", SignedReference("output", "cw"), "logs/task", "taskcompletion"),),
    (EnvironmentSpec("NAME", "value"), EnvironmentSpec("TARGET", SignedReference("output", "cw"))),
)


def sign(reference: SignedReference) -> Secret:
    return Secret(f"https://blobs/{reference.container}/{reference.blob or ''}?{reference.permissions}")


def recorded(*operations: str) -> list[Any]:
    """Bodies of the successful answers to these operations in versions we know."""
    bodies = []
    for line in RECORDINGS.read_text().splitlines():
        exchange = json.loads(line)
        answer = exchange["response"]
        is_body = answer["status"] == 200 and isinstance(answer["body"], dict)
        if exchange["operation"] in operations and is_body and exchange["api_version"] >= "2020":
            bodies.append(answer["body"])
    assert bodies, f"nothing recorded of {operations}"
    return bodies


def items(*operations: str) -> list[Any]:
    return [item for body in recorded(*operations) for item in body.get("value", [body])]


@needs_recordings
class TestRecordedAnswers:
    @pytest.mark.parametrize(
        ("operations", "read"),
        [
            (("GET /pools", "GET /pools/{id}"), answers.pool),
            (("GET /pools/{id}/nodes", "GET /pools/{id}/nodes/{id}"), answers.node),
            (("GET /jobs", "GET /jobs/{id}"), answers.job),
            (("GET /jobs/{id}/tasks", "GET /jobs/{id}/tasks/{id}"), answers.task_detail),
        ],
    )
    def test_are_read_with_their_id_and_state(
        self, operations: tuple[str, ...], read: Callable[[Mapping[str, Any]], Any]
    ) -> None:
        # Single properties, chosen by an older client, are no whole resource.
        whole = [item for item in items(*operations) if {"id", "state", "stateTransitionTime"} <= item.keys()]
        assert whole
        for item in whole:
            record = read(item)
            row = getattr(record, "row", record)
            assert (row.id, str(row.state)) == (item["id"], item["state"])

    def test_tasks_end_as_the_service_says(self) -> None:
        ended = [
            item
            for item in items("GET /jobs/{id}/tasks", "GET /jobs/{id}/tasks/{id}")
            if item.get("state") == "completed" and "result" in item.get("executionInfo", {})
        ]
        for item in ended:
            expected = TaskStatus.SUCCEEDED if item["executionInfo"]["result"] == "success" else TaskStatus.FAILED
            assert answers.task_row(item).status is expected

    def test_images(self) -> None:
        images = [answers.image(item) for item in items("GET /supportedimages")]
        assert any(image.is_verified and image.os_type == "linux" for image in images)
        assert {image.os_type for image in images} <= {"linux", "windows"}

    def test_counts(self) -> None:
        for body in recorded("GET /jobs/{id}/taskcounts"):
            counts, said = answers.task_counts(body), body.get("taskCounts", body)
            assert (counts.active, counts.running, counts.completed) == (
                said["active"],
                said["running"],
                said["completed"],
            )

    def test_files(self) -> None:
        for item in items("GET /jobs/{id}/tasks/{id}/files", "GET /pools/{id}/nodes/{id}/files"):
            file = answers.node_file(item)
            assert file.is_directory is item["isDirectory"]
            assert file.is_directory or file.last_modified_s is not None


class TestReading:
    def test_a_task_that_never_started(self) -> None:
        row = answers.task_row(
            {
                "id": "t",
                "state": "completed",
                "stateTransitionTime": "2026-11-20T10:02:11.1234567Z",
                "executionInfo": {
                    "endTime": "2026-11-20T10:02:11.5Z",
                    "failureInfo": {
                        "category": "UserError",
                        "code": "TaskEnded",
                        "message": "Task Was Ended\x1b[2J",
                        "details": [{"name": "Message", "value": "by sig=abc&x"}],
                    },
                    "result": "Failure",
                },
                "nodeInfo": {},
            }
        )
        assert (row.state, row.status, row.succeeded) == (TaskState.COMPLETED, TaskStatus.FAILED, False)
        assert (row.exit_code, row.start_time_s, row.node_id) == (None, None, "")
        assert row.state_transition_time == "2026-11-20T10:02:11.1234567Z"
        assert row.end_time_s == pytest.approx(1795168931.5)
        assert row.failure is not None
        assert row.failure.message.isprintable()
        assert row.failure.details == (("Message", "by sig=•••&x"),)

    @pytest.mark.parametrize(
        ("item", "added", "code"),
        [
            ({"taskId": "t", "status": "Success"}, True, ""),
            ({"taskId": "t", "status": "success"}, True, ""),
            ({"taskId": "t", "status": "ClientError", "error": {"code": "TaskExists"}}, False, "TaskExists"),
            ({"taskId": "t", "status": "clienterror"}, False, "clienterror"),
            ({"taskId": "t", "status": "Success", "error": {"code": "Strange"}}, False, "Strange"),
            ({"taskId": "t"}, False, "Unknown"),
        ],
    )
    def test_what_became_of_an_added_task(self, item: dict[str, Any], added: bool, code: str) -> None:
        result = answers.task_add_result(item)
        assert (result.task_id, result.added, result.error_code) == ("t", added, code)

    def test_why_a_task_was_not_added(self) -> None:
        error = {
            "code": "InvalidPropertyValue",
            "message": {"lang": "en-US", "value": "Not valid.\nRequestId:1\nTime:2026-11-20T10:02:11Z"},
            "values": [{"key": "PropertyName", "value": "commandLine"}],
        }
        result = answers.task_add_result({"taskId": "t", "status": "clienterror", "error": error})
        assert result.error_message == "Not valid. (PropertyName: commandLine)"

    def test_a_pool_over_quota(self) -> None:
        pool = answers.pool(
            {
                "id": "p",
                "creationTime": "2026-11-20T10:02:11Z",
                "resizeErrors": [
                    {
                        "code": "AccountCoreQuotaReached",
                        "message": "Quota.",
                        "values": [{"name": "Limit", "value": "6"}],
                    }
                ],
            }
        )
        assert [(error.code, error.message) for error in pool.resize_errors] == [
            ("AccountCoreQuotaReached", "Quota. (Limit: 6)")
        ]

    def test_null_is_as_good_as_absent(self) -> None:
        failure = {"category": None, "code": None, "message": None, "details": [{"name": None, "value": None}]}
        times = {"creationTime": "2026-11-20T10:00:00Z", "stateTransitionTime": "2026-11-20T10:00:00Z"}
        execution = {"failureInfo": failure, "retryCount": None, "requeueCount": None, "terminateReason": None}
        item = {"id": "x", "state": "completed", **times, "executionInfo": execution, "nodeInfo": {"nodeId": None}}
        row = answers.task_row(item)
        assert (row.retry_count, row.requeue_count, row.node_id) == (0, 0, "")
        assert row.failure is not None
        assert (row.failure.code, row.failure.details) == ("", (("", ""),))
        assert answers.job(item).terminate_reason == ""
        assert answers.pool({**item, "resizeErrors": [{"code": None}]}).resize_errors[0].code == ""

    def test_no_limit_is_none(self) -> None:
        job = answers.job(
            {
                "id": "j",
                "creationTime": "2026-11-20T10:02:11Z",
                "constraints": {"maxWallClockTime": "P10675199DT2H48M5.4775807S"},
                "onAllTasksComplete": "TerminateJob",
            }
        )
        assert job.max_wall_clock_s is None
        assert job.terminates_when_done


@needs_description
class TestBodies:
    @pytest.mark.parametrize(
        ("body", "definition"),
        [
            (pool_body(POOL, sign), "PoolAddParameter"),
            (job_body(JOB, sign), "JobAddParameter"),
            (task_body(TASK, sign), "TaskAddParameter"),
        ],
    )
    def test_are_what_the_service_describes(self, body: dict[str, Any], definition: str) -> None:
        description = json.loads(DESCRIPTION.read_text())
        assert list(mistakes(body, {"$ref": f"#/definitions/{definition}"}, description, definition)) == []

    def test_a_wrong_body_would_be_found(self) -> None:
        description = json.loads(DESCRIPTION.read_text())
        wrong = {"commandline": ":", "requiredSlots": "1", "resourceFiles": [{"fileMode": 1}], "constraints": []}
        found = list(mistakes(wrong, {"$ref": "#/definitions/TaskAddParameter"}, description, "task"))
        assert len(found) == 6


class TestSigning:
    def test_each_reference_is_signed_for_itself(self) -> None:
        body = task_body(TASK, sign)
        assert body["resourceFiles"] == [{"httpUrl": "https://blobs/input/a b.txt?r", "filePath": "a b.txt"}]
        assert body["outputFiles"][0]["destination"]["container"]["containerUrl"] == "https://blobs/output/?cw"
        assert body["environmentSettings"] == [
            {"name": "NAME", "value": "value"},
            {"name": "TARGET", "value": "https://blobs/output/?cw"},
        ]

    def test_a_job_does_not_end_before_it_has_tasks(self) -> None:
        assert job_body(JOB, sign)["onAllTasksComplete"] == "noaction"
        assert job_body(JOB, sign)["constraints"] == {"maxTaskRetryCount": 1, "maxWallClockTime": "PT1H30M"}

    def test_nodes_wait_for_what_makes_them_ready(self) -> None:
        for ready in (pool_body(POOL, sign)["startTask"], job_body(JOB, sign)["jobPreparationTask"]):
            assert ready["waitForSuccess"] is True
            assert ready["userIdentity"] == {"autoUser": {"scope": "pool", "elevationLevel": "admin"}}

    def test_what_made_them_ready_is_undone_by_the_same_user(self) -> None:
        body = job_body(JOB, sign)
        assert body["jobReleaseTask"] == {
            "commandLine": "/bin/sh -c 'rm -rf it'",
            "userIdentity": body["jobPreparationTask"]["userIdentity"],
        }
        assert "jobReleaseTask" not in job_body(replace(JOB, preparation_task=None), sign), "the service refuses that"
        assert "jobReleaseTask" not in job_body(replace(JOB, release_command_line=""), sign)


TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
}


def mistakes(value: Any, schema: Mapping[str, Any], description: Mapping[str, Any], where: str) -> Iterator[str]:
    """Where `value` is not what an OpenAPI 2.0 schema asks for; unknown properties count."""
    if "$ref" in schema:
        schema = description["definitions"][re.sub("^#/definitions/", "", schema["$ref"])]
    expected = TYPES.get(schema.get("type", ""), dict)
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
        yield f"{where}: {value!r} is no {schema.get('type', 'object')}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from mistakes(item, schema["items"], description, f"{where}[{index}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in set(schema.get("required", ())) - value.keys():
            yield f"{where}: {name} is missing"
        for name, item in value.items():
            if name not in properties:
                yield f"{where}: {name} is unknown"
            else:
                yield from mistakes(item, properties[name], description, f"{where}.{name}")
