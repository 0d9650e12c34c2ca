"""The wire: headers, statuses, envelopes, pages, validation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.batch.world import BASE_URL, JOB, POOL, World, in_world
from tui.sandbox.batch import errors
from tui.sandbox.batch.errors import ServiceError
from tui.sandbox.batch.times import etag_of, format_time, http_date, parse_time


def test_every_answer_carries_the_services_headers(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        for method, path in (("GET", "/pools"), ("GET", "/pools/none"), ("GET", "/nowhere"), ("HEAD", "/pools/none")):
            headers = (await world.send(method, path)).headers
            assert headers["dataserviceversion"] == "3.0"
            assert headers["server"] == "Microsoft-HTTPAPI/2.0"
            assert headers["x-content-type-options"] == "nosniff"
            assert len(headers["request-id"]) == 36
        echo = {"client-request-id": "mine", "return-client-request-id": "true"}
        assert (await world.send("GET", "/pools", headers=echo)).headers["client-request-id"] == "mine"
        silent = {"client-request-id": "mine"}
        assert "client-request-id" not in (await world.send("GET", "/pools", headers=silent)).headers

    in_world(tmp_path, work)


def test_an_etag_is_the_ticks_of_last_modified_everywhere(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        answers = [await world.send("POST", "/pools", POOL), await world.send("POST", "/jobs", JOB)]
        answers.append(await world.send("POST", "/jobs/job/tasks", {"id": "t", "commandLine": "true"}))
        for answer, path in zip(answers, ("/pools/pool", "/jobs/job", "/jobs/job/tasks/t"), strict=True):
            assert answer.status == 201
            assert answer.body == b""
            wire = (read := await world.send("GET", path)).json
            modified = parse_time(wire["lastModified"])
            assert modified is not None
            assert wire["eTag"] == etag_of(modified) == read.headers["etag"] == answer.headers["etag"]
            assert read.headers["last-modified"] == http_date(modified)
        assert answers[0].headers["location"] == f"{BASE_URL}/pools/pool"
        assert answers[1].headers["location"] == answers[1].headers["dataserviceid"] == f"{BASE_URL}/jobs/job-1"
        assert answers[2].headers["location"] == f"{BASE_URL}/jobs/job/tasks/t"

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "ResourceNotFound"),
        ("GET", "/jobschedules", 404, "ResourceNotFound"),
        ("PUT", "/pools", 405, "UnsupportedHttpVerb"),
        ("TRACE", "/jobs/a", 405, "UnsupportedHttpVerb"),
        ("GET", "/pools/none", 404, "PoolNotFound"),
        ("GET", "/pools/none/nodes", 404, "PoolNotFound"),
        ("GET", "/jobs/none", 404, "JobNotFound"),
        ("GET", "/jobs/none/tasks", 404, "JobNotFound"),
        ("GET", "/jobs/job/tasks/none", 404, "TaskNotFound"),
        ("GET", "/pools/pool/nodes/none", 404, "NodeNotFound"),
        ("GET", "/jobs/..%2F..%2Fetc/tasks", 404, "ResourceNotFound"),
        ("POST", "/pools/pool/enableautoscale", 501, "NotImplemented"),
        ("GET", "/jobs/job/jobpreparationandreleasetaskstatus", 409, "JobPreparationTaskOrReleaseTaskNotSpecified"),
        ("GET", "/pools?api-version=2025-06-01&maxresults=-5", 400, "InvalidQueryParameterValue"),
        ("GET", "/pools?api-version=2025-06-01&maxresults=1001", 400, "InvalidQueryParameterValue"),
        ("GET", "/pools?api-version=2025-06-01&$skiptoken=%C3%A9", 400, "InvalidQueryParameterValue"),
        ("GET", "/pools?maxresults=5", 400, "MissingRequiredQueryParameter"),
        ("GET", "/pools?api-version=", 400, "MissingRequiredQueryParameter"),
        ("GET", "/pools?api-version=1", 400, "InvalidQueryParameterValue"),
        ("GET", "/pools?api-version=2025-06-01-preview", 400, "InvalidQueryParameterValue"),
        ("GET", "/pools?api-version=2025-06-02", 400, "UnsupportedRequestVersion"),
        ("GET", "/pools?api-version=2024-02-01.19.1", 400, "UnsupportedRequestVersion"),
        ("GET", "/pools?api-version=2024-02-01", 400, "UnsupportedRequestVersion"),
        ("POST", "/jobs?api-version=2999-01-01", 400, "UnsupportedRequestVersion"),
    ],
)
def test_refusals_come_in_the_services_envelope(tmp_path: Path, method: str, path: str, status: int, code: str) -> None:
    async def work(world: World) -> None:
        await world.post("/pools", POOL)
        await world.make_job()
        answer = await world.send(method, path)
        assert (answer.status, answer.code) == (status, code)
        assert answer.json["odata.metadata"].endswith("Container.errors/@Element")
        text = answer.json["message"]["value"].split("\n")
        assert text[1] == f"RequestId:{answer.headers['request-id']}"
        assert answer.headers["content-length"] == str(len(answer.body))

    in_world(tmp_path, work)


@pytest.mark.parametrize("version", ["2015-12-01.2.2", "2018-12-01.8.0", "2024-02-01.19.0", "2025-06-01"])
def test_every_published_version_is_spoken(tmp_path: Path, version: str) -> None:
    async def work(world: World) -> None:
        assert (await world.send("GET", f"/pools?api-version={version}")).status == 200

    in_world(tmp_path, work)


def _pool(**changes: Any) -> dict[str, Any]:
    return {**POOL, **changes}


@pytest.mark.parametrize(
    ("path", "body", "code", "name"),
    [
        ("/pools", _pool(id="a b"), "InvalidPropertyValue", "id"),
        ("/pools", _pool(id="../up"), "InvalidPropertyValue", "id"),
        ("/pools", _pool(id="x" * 65), "InvalidPropertyValue", "id"),
        ("/pools", _pool(id="é"), "InvalidPropertyValue", "id"),
        ("/pools", _pool(id=7), "InvalidPropertyValue", "id"),
        ("/pools", {"vmSize": "x"}, "MissingRequiredProperty", "id"),
        ("/pools", {"id": "a", "vmSize": "x"}, "MissingRequiredProperty", "virtualMachineConfiguration"),
        ("/pools", _pool(vmSize=None), "MissingRequiredProperty", "vmSize"),
        ("/pools", _pool(targetDedicatedNodes=-1), "InvalidPropertyValue", "targetDedicatedNodes"),
        ("/pools", _pool(targetDedicatedNodes="many"), "InvalidPropertyValue", "targetDedicatedNodes"),
        ("/pools", _pool(targetDedicatedNodes=10**30), "InvalidPropertyValue", "targetDedicatedNodes"),
        ("/pools", _pool(taskSlotsPerNode=0), "InvalidPropertyValue", "taskSlotsPerNode"),
        ("/pools", _pool(taskSlotsPerNode=257), "InvalidPropertyValue", "taskSlotsPerNode"),
        ("/pools", _pool(resizeTimeout="PT4M"), "InvalidPropertyValue", "resizeTimeout"),
        ("/pools", _pool(startTask=[]), "InvalidPropertyValue", "startTask"),
        ("/jobs", {"id": "j"}, "MissingRequiredProperty", "poolInfo"),
        ("/jobs", {**JOB, "id": "j", "priority": 1001}, "InvalidPropertyValue", "priority"),
        ("/jobs", {**JOB, "id": "j", "onAllTasksComplete": "badValue"}, "InvalidPropertyValue", "onAllTasksComplete"),
        ("/jobs", {**JOB, "id": "j", "constraints": {"maxWallClockTime": "1h"}}, "InvalidPropertyValue", None),
        ("/jobs/job/tasks", {"id": "t"}, "MissingRequiredProperty", "commandLine"),
        ("/jobs/job/tasks", {"id": "t", "commandLine": ""}, "MissingRequiredProperty", "commandLine"),
        ("/jobs/job/tasks", {"id": "t", "commandLine": "a\0"}, "InvalidPropertyValue", "commandLine"),
        (
            "/jobs/job/tasks",
            {"id": "t", "commandLine": "x", "dependsOn": {}},
            "TaskDependenciesNotSpecifiedOnJob",
            None,
        ),
        ("/jobs/job/tasks", {"id": "t", "commandLine": "x", "resourceFiles": [{}]}, "InvalidPropertyValue", None),
        ("/jobs/job/tasks", {"id": "t", "commandLine": "x", "requiredSlots": True}, "InvalidPropertyValue", None),
        ("/jobs/job/addtaskcollection", {}, "MissingRequiredProperty", "value"),
        ("/jobs/job/addtaskcollection", {"value": [{"id": "x"}] * 101}, "InvalidPropertyValue", "value"),
    ],
)
def test_bodies_are_checked(tmp_path: Path, path: str, body: object, code: str, name: str | None) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        answer = await world.send("POST", path, body)
        assert (answer.status, answer.code) == (400, code)
        if name is not None:
            assert answer.json["values"][0] == {"key": "PropertyName", "value": name}
        assert not world.service.state.pools
        assert len(world.job().tasks) == 0

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"id": "a", "id'),
        b'{"id": "job2", "displayName": "\\ud83d", "poolInfo": {"poolId": "pool"}}',
        b'{"id": "job2", "displayName": "\xed\xa0\xbd", "poolInfo": {"poolId": "pool"}}',
    ],
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, raw: bytes) -> None:
    async def work(world: World) -> None:
        answer = await world.send("POST", "/jobs", raw=raw)
        assert (answer.status, answer.code) == (400, "InvalidRequestBody")

    in_world(tmp_path, work)


def test_a_character_in_two_escapes_is_kept(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        raw = b'{"id": "job2", "displayName": "\\ud83d\\ude00", "poolInfo": {"poolId": "pool"}}'
        assert (await world.send("POST", "/pools", POOL)).status == 201
        assert (await world.send("POST", "/jobs", raw=raw)).status == 201
        assert (await world.get("/jobs/job2"))["displayName"] == "\U0001f600"

    in_world(tmp_path, work)


def test_numbers_may_be_texts_enums_any_case_and_unknown_properties_pass(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        policy = {"nodeFillType": "pAcK"}
        await world.post("/pools", _pool(targetDedicatedNodes="0", taskSchedulingPolicy=policy, novelty={"x": 1}))
        await world.post("/jobs", {**JOB, "priority": "5", "constraints": {"maxTaskRetryCount": "1"}})
        await world.add("true", constraints={"maxWallClockTime": "PT0H20M", "retentionTime": "P3Y6M4DT12H30M5S"})
        pool = await world.get("/pools/pool")
        assert pool["taskSchedulingPolicy"]["nodeFillType"] == "Pack"
        assert pool["vmSize"] == "standard_d2s_v3"
        assert "novelty" not in pool
        task = await world.get("/jobs/job/tasks/t0")
        assert task["constraints"] == {
            "maxWallClockTime": "PT20M",
            "retentionTime": "P1279DT12H30M5S",
            "maxTaskRetryCount": 1,
        }

    in_world(tmp_path, work)


def test_a_collection_answers_for_each_task(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        tasks = [{"id": "a", "commandLine": "x"}, {"id": "A", "commandLine": "x"}, {"id": "b/c", "commandLine": "x"}]
        good, double, bad = (await world.post("/jobs/job/addtaskcollection", {"value": tasks})).json["value"]
        assert list(good) == ["status", "taskId", "eTag", "lastModified", "location"]
        assert good["status"] == "Success"
        assert (double["status"], double["error"]["code"]) == ("clienterror", "TaskExists")
        assert (bad["status"], bad["error"]["code"]) == ("clienterror", "InvalidPropertyValue")

    in_world(tmp_path, work)


def test_a_body_over_a_mebibyte_is_refused_with_the_limit(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        body = {"value": [{"id": f"t{n}", "commandLine": "x" * 30_000} for n in range(40)]}
        answer = await world.send("POST", "/jobs/job/addtaskcollection", body)
        assert (answer.status, answer.code) == (413, "RequestBodyTooLarge")
        assert answer.json["values"] == [{"key": "MaxLimit", "value": "1048576"}]

    in_world(tmp_path, work)


async def _follow(world: World, path: str, **query: str) -> list[Any]:
    page, found = await world.get(path, **query), []
    for _ in range(100):
        assert len(page["value"]) <= int(query.get("maxresults", 1000))
        found += page["value"]
        if "odata.nextLink" not in page:
            return found
        link = page["odata.nextLink"]
        assert link.startswith(BASE_URL)
        page = (await world.send("GET", link.removeprefix(BASE_URL))).json
    raise AssertionError("the pages never end")


def test_pages_repeat_the_callers_parameters_and_lose_nothing(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        await world.add(*["true"] * 25)
        for n in range(5):
            await world.post(f"/jobs/job/tasks/t{n}/terminate")
        found = await _follow(world, "/jobs/job/tasks", maxresults="4", select="id,state")
        assert [task["id"] for task in found] == sorted(f"t{n}" for n in range(25))
        assert all(list(task) == ["id", "state"] for task in found)
        found = await _follow(world, "/jobs/job/tasks", maxresults="2", filter_="state eq 'completed'")
        assert [task["id"] for task in found] == [f"t{n}" for n in range(5)]

    in_world(tmp_path, work)


def test_a_delta_poll_sees_what_changed_since_and_nothing_else(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        tasks = await world.add(*["true"] * 60)
        newest = format_time(max(task.state_time for task in tasks))
        for n in (7, 41, 3):
            await world.post(f"/jobs/job/tasks/t{n}/terminate")
        text = f"stateTransitionTime gt DateTime'{newest}'"
        found = await _follow(world, "/jobs/job/tasks", filter_=text, maxresults="2")
        assert [task["id"] for task in found] == ["t3", "t41", "t7"]
        text = f"stateTransitionTime ge DateTime'{newest}' and state eq 'active'"
        assert [task["id"] for task in await _follow(world, "/jobs/job/tasks", filter_=text)] == ["t59"]

    in_world(tmp_path, work)


def test_ids_keep_their_case_and_are_equal_whatever_it_is(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_job(id="MyJob")
        assert (await world.get("/jobs/myjob"))["id"] == "MyJob"
        assert (await world.send("POST", "/jobs", {**JOB, "id": "MYJOB"})).code == "JobExists"

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("PATCH", {"if-match": "0x1"}, 412),
        ("PATCH", {"if-match": "*"}, 200),
        ("PATCH", {"if-none-match": "*"}, 412),
        ("PATCH", {"if-unmodified-since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 412),
        ("PATCH", {"if-match": "*", "if-none-match": "*"}, 400),
        ("GET", {"if-match": "0x1"}, 412),
        ("GET", {"if-none-match": "*"}, 304),
        ("GET", {"if-modified-since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 200),
    ],
)
def test_conditional_requests(tmp_path: Path, method: str, headers: Mapping[str, str], status: int) -> None:
    async def work(world: World) -> None:
        job = await world.make_job()
        body = {"priority": 9} if method == "PATCH" else None
        answer = await world.send(method, "/jobs/job", body, headers=headers)
        assert answer.status == status
        assert job.spec.priority == (9 if method == "PATCH" and status == 200 else 0)
        if status == 412:
            assert answer.code == "ConditionNotMet"
        mine = {"if-match": etag_of(job.modified)}
        assert (await world.send("PATCH", "/jobs/job", {"priority": 1}, headers=mine)).status == 200

    in_world(tmp_path, work)


def test_images_can_be_filtered_and_the_newest_ubuntu_is_verified(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        images = await _follow(world, "/supportedimages", maxresults="3")
        everything = (await world.get("/supportedimages"))["value"]
        assert images == everything
        text = "verificationType eq 'verified' and osType eq 'linux'"
        verified = (await world.get("/supportedimages", filter_=text))["value"]
        assert 0 < len(verified) < len(everything)
        reference = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
        (noble,) = [image for image in verified if image["imageReference"] == reference]
        assert noble["nodeAgentSKUId"] == "batch.node.ubuntu 24.04"

    in_world(tmp_path, work)


def test_every_code_the_service_refuses_with_is_in_its_catalogue() -> None:
    sources = Path(errors.__file__).parent.glob("*.py")
    used = {code for source in sources for code in re.findall(r'ServiceError\(\s*"(\w+)"', source.read_text())}
    assert len(used) > 30
    for code in used:
        assert ServiceError(code).status >= 400


def test_secrets_of_a_task_come_back_to_who_may_read_it_and_reach_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job()
        setting = [{"name": "SAS", "value": "sig=topsecret"}]
        (task,) = await world.add("true", environmentSettings=setting)
        await world.reaches("completed", task)
        assert (await world.get("/jobs/job/tasks/t0"))["environmentSettings"] == setting
        assert "topsecret" not in json.dumps(await world.get("/jobs/job/tasks", select="id,state,executionInfo"))

    in_world(tmp_path, work)
    assert "topsecret" not in caplog.text
