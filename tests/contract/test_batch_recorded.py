"""The sandbox's Batch answers beside recordings of the real service: status, headers, properties and their order.

What a recording shows is made again here from its own body, so that a property the service echoes must come back the
same. Skipped where the recordings are not beside the checkout.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.batch.world import BASE_URL, JOB, POOL, Answer, World, in_world
from tui.sandbox.batch.times import etag_of, parse_time

_RECORDINGS = Path(__file__).parents[3] / "shared" / "reference" / "recorded-exchanges.jsonl"
_NEWEST = "2024"
"""Recordings from this year's versions on; older ones speak of what no longer exists."""

_GONE = {
    "certificateReferences",
    "targetNodeCommunicationMode",
    "currentNodeCommunicationMode",
    "authenticationTokenSettings",
}
"""Properties that api-version 2025-06-01 no longer has."""

_SERVICE_MADE = {"url", "eTag", "lastModified", "creationTime", "stateTransitionTime", "allocationStateTransitionTime"}
_TRANSPORT = {"date", "transfer-encoding", "content-length", "strict-transport-security"}
"""Headers the recorders dropped or the HTTP server sets."""


@dataclass(frozen=True)
class Exchange:
    operation: str
    version: str
    request_body: Any
    status: int
    headers: frozenset[str]
    body: Any

    def __str__(self) -> str:
        return f"{self.operation} {self.status}"


def _load() -> list[Exchange]:
    if not _RECORDINGS.exists():
        return []
    rows = (json.loads(line) for line in _RECORDINGS.read_text().splitlines())
    return [
        Exchange(
            operation=row["operation"],
            version=row["api_version"] or "",
            request_body=_parsed(row["request"]["body"]),
            status=row["response"]["status"],
            headers=frozenset(row["response"]["headers"]) - _TRANSPORT,
            body=_parsed(row["response"]["body"]),
        )
        for row in rows
    ]


def _parsed(body: Any) -> Any:
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body


_EXCHANGES = _load()
pytestmark = pytest.mark.skipif(not _EXCHANGES, reason=f"no recordings beside the checkout ({_RECORDINGS.name})")


def recorded(operation: str, status: int, since: str = _NEWEST) -> list[Exchange]:
    return [e for e in _EXCHANGES if (e.operation, e.status) == (operation, status) and e.version >= since]


def same_headers(answer: Answer, exchanges: Iterable[Exchange]) -> None:
    for exchange in exchanges:
        assert set(answer.headers) - _TRANSPORT == exchange.headers, exchange


def same_shape(mine: dict[str, Any], theirs: dict[str, Any], where: str = "") -> None:
    """Every property of theirs is mine too, in the same order; mine may have those that are newer."""
    expected = [name for name in theirs if name not in _GONE]
    assert [name for name in mine if name in theirs] == expected, where
    for name in expected:
        if isinstance(theirs[name], dict) and isinstance(mine[name], dict):
            same_shape(mine[name], theirs[name], f"{where}/{name}")


def same_echo(mine: dict[str, Any], theirs: dict[str, Any], but: Iterable[str] = ()) -> None:
    """What the caller wrote came back the same, defaults included."""
    ignored = {*_SERVICE_MADE, *_GONE, *but}
    for name in theirs:
        if name not in ignored and name != "odata.metadata":
            assert json.dumps(mine[name]).lower() == json.dumps(theirs[name]).lower(), name


_EMPTY_ANSWERS: list[tuple[str, int, str, str, object]] = [
    ("POST /pools", 201, "POST", "/pools", {**POOL, "id": "new"}),
    ("POST /jobs", 201, "POST", "/jobs", {**JOB, "id": "new"}),
    ("POST /jobs/{id}/tasks", 201, "POST", "/jobs/job/tasks", {"id": "new", "commandLine": "x"}),
    ("HEAD /pools/{id}", 200, "HEAD", "/pools/pool", None),
    ("PATCH /pools/{id}", 200, "PATCH", "/pools/pool", {"metadata": [{"name": "a", "value": "b"}]}),
    (
        "POST /pools/{id}/updateproperties",
        204,
        "POST",
        "/pools/pool/updateproperties",
        {"applicationPackageReferences": [], "metadata": []},
    ),
    ("POST /pools/{id}/resize", 202, "POST", "/pools/pool/resize", {"targetDedicatedNodes": 0}),
    ("POST /pools/{id}/stopresize", 202, "POST", "/pools/pool/stopresize", None),
    ("DELETE /pools/{id}", 202, "DELETE", "/pools/pool", None),
    ("PATCH /jobs/{id}", 200, "PATCH", "/jobs/job", {"priority": 1}),
    ("PUT /jobs/{id}", 200, "PUT", "/jobs/job", {"poolInfo": {"poolId": "pool"}}),
    ("POST /jobs/{id}/disable", 202, "POST", "/jobs/job/disable", {"disableTasks": "requeue"}),
    ("POST /jobs/{id}/enable", 202, "POST", "/jobs/job/enable", None),
    ("POST /jobs/{id}/terminate", 202, "POST", "/jobs/job/terminate", None),
    ("DELETE /jobs/{id}", 202, "DELETE", "/jobs/job", None),
    ("PUT /jobs/{id}/tasks/{id}", 200, "PUT", "/jobs/job/tasks/t0", {"constraints": {}}),
    ("POST /jobs/{id}/tasks/{id}/terminate", 204, "POST", "/jobs/job/tasks/t0/terminate", None),
    ("POST /jobs/{id}/tasks/{id}/reactivate", 204, "POST", "/jobs/job/tasks/ended/reactivate", None),
    ("DELETE /jobs/{id}/tasks/{id}", 200, "DELETE", "/jobs/job/tasks/t0", None),
]


@pytest.mark.parametrize(("operation", "status", "method", "path", "body"), _EMPTY_ANSWERS)
def test_answers_without_a_body_have_the_recorded_status_and_headers(
    tmp_path: Path, operation: str, status: int, method: str, path: str, body: object
) -> None:
    exchanges = recorded(operation, status) or recorded(operation, status, "2020")
    assert exchanges, "nothing recorded to compare with"

    async def work(world: World) -> None:
        await world.make_pool(0)
        await world.make_job()
        await world.add("true")
        await world.post("/jobs/job/tasks", {"id": "ended", "commandLine": "x"})
        await world.post("/jobs/job/tasks/ended/terminate")
        answer = await world.send(method, path, body)
        assert (answer.status, answer.body) == (status, b"")
        same_headers(answer, exchanges)

    in_world(tmp_path, work)


def _addable(wire: dict[str, Any]) -> dict[str, Any]:
    """What to send to get a resource like the recorded one."""
    made = {"state", "executionInfo", "url", "previousState", "nodeInfo", "resizeErrors", "allocationState"}
    return {name: value for name, value in wire.items() if name not in made | _SERVICE_MADE}


def _recorded_pools() -> list[dict[str, Any]]:
    singles = [e.body for e in recorded("GET /pools/{id}", 200)]
    listed = [item for e in recorded("GET /pools", 200) for item in e.body["value"]]
    return [pool for pool in singles + listed if "ubuntu" in json.dumps(pool.get("virtualMachineConfiguration", ""))]


@pytest.mark.parametrize("theirs", _recorded_pools(), ids=lambda pool: str(pool["id"]))
def test_a_recorded_pool_made_again_reads_the_same(tmp_path: Path, theirs: dict[str, Any]) -> None:
    async def work(world: World) -> None:
        created = await world.send("POST", "/pools", _addable(theirs))
        assert created.status == 201, created.body
        answer = await world.send("GET", f"/pools/{theirs['id']}")
        same_shape(answer.json, theirs)
        counted = {"currentDedicatedNodes", "currentLowPriorityNodes"}
        same_echo(answer.json, theirs, {"state", "allocationState", "taskSchedulingPolicy", *counted})
        same_headers(answer, recorded("GET /pools/{id}", 200))

    in_world(tmp_path, work)


def _recorded_jobs() -> list[dict[str, Any]]:
    singles = [e.body for e in recorded("GET /jobs/{id}", 200, "2021-06")]
    listed = [item for e in recorded("GET /jobs", 200) for item in e.body["value"]]
    return [job for job in singles + listed if ":" not in job["id"] and job["executionInfo"].get("poolId")]


@pytest.mark.parametrize("recording", _recorded_jobs(), ids=lambda job: str(job["id"]))
def test_a_recorded_job_made_again_reads_the_same(tmp_path: Path, recording: dict[str, Any]) -> None:
    theirs = {name: value for name, value in recording.items() if name != "jobManagerTask"}

    async def work(world: World) -> None:
        body = _addable(theirs) | {"onAllTasksComplete": "noaction"}
        assert (await world.send("POST", "/jobs", body)).status == 201
        if theirs["onAllTasksComplete"] != "noaction":
            await world.add("true", job=theirs["id"])
            await world.send("PATCH", f"/jobs/{theirs['id']}", {"onAllTasksComplete": theirs["onAllTasksComplete"]})
        answer = await world.send("GET", f"/jobs/{theirs['id']}")
        same_shape(answer.json, theirs)
        same_echo(answer.json, theirs, {"state", "executionInfo"})
        same_headers(answer, recorded("GET /jobs/{id}", 200))

    in_world(tmp_path, work)


def _recorded_tasks() -> list[dict[str, Any]]:
    singles = [e.body for e in recorded("GET /jobs/{id}/tasks/{id}", 200)]
    listed = [item for e in recorded("GET /jobs/{id}/tasks", 200) for item in e.body["value"]]
    return [task for task in singles + listed if task["state"] == "active" and "previousState" not in task]


@pytest.mark.parametrize("theirs", _recorded_tasks(), ids=lambda task: str(task["id"]))
def test_a_recorded_waiting_task_made_again_reads_the_same(tmp_path: Path, theirs: dict[str, Any]) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        assert (await world.send("POST", "/jobs/job/tasks", _addable(theirs))).status == 201
        answer = await world.send("GET", f"/jobs/job/tasks/{theirs['id']}")
        same_shape(answer.json, theirs)
        same_echo(answer.json, theirs)
        same_headers(answer, recorded("GET /jobs/{id}/tasks/{id}", 200))

    in_world(tmp_path, work)


def test_a_terminated_and_a_reactivated_task_have_the_recorded_shapes(tmp_path: Path) -> None:
    bodies = [e.body for e in recorded("GET /jobs/{id}/tasks/{id}", 200)]
    (ended,) = [body for body in bodies if body["state"] == "completed"]
    (again,) = [body for body in bodies if body.get("previousState") == "completed"]

    async def work(world: World) -> None:
        await world.make_job()
        await world.add("sleep 60")
        await world.post("/jobs/job/tasks/t0/terminate")
        mine = await world.get("/jobs/job/tasks/t0")
        same_shape(mine, ended)
        assert mine["executionInfo"]["failureInfo"] == ended["executionInfo"]["failureInfo"]
        assert mine["eTag"] == etag_of(parse_time(mine["stateTransitionTime"]) or 0)
        await world.post("/jobs/job/tasks/t0/reactivate")
        mine = await world.get("/jobs/job/tasks/t0")
        same_shape(mine, again)
        assert mine["executionInfo"] == again["executionInfo"]

    in_world(tmp_path, work)


def test_a_recorded_collection_gets_the_recorded_answer(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        for number, exchange in enumerate(recorded("POST /jobs/{id}/addtaskcollection", 200)):
            await world.make_job(id=f"job{number}")
            answer = await world.send("POST", f"/jobs/job{number}/addtaskcollection", exchange.request_body)
            assert answer.status == 200
            same_headers(answer, [exchange])
            for mine, theirs in zip(answer.json["value"], exchange.body["value"], strict=True):
                assert list(mine) == list(theirs)
                assert (mine["status"], mine["taskId"]) == (theirs["status"], theirs["taskId"])

    in_world(tmp_path, work)


def test_nodes_have_the_recorded_properties_in_their_order(tmp_path: Path) -> None:
    theirs = [node for e in recorded("GET /pools/{id}/nodes", 200) for node in e.body["value"]]
    theirs += [e.body for e in recorded("GET /pools/{id}/nodes/{id}", 200)]
    assert theirs

    async def work(world: World) -> None:
        await world.make_pool(1, startTask={"commandLine": "true"})
        await world.make_job()
        (task,) = await world.add("true")
        await world.reaches("completed", task)
        listed = await world.send("GET", "/pools/pool/nodes")
        single = await world.send("GET", f"/pools/pool/nodes/{world.nodes()[0].id}")
        same_headers(listed, recorded("GET /pools/{id}/nodes", 200))
        same_headers(single, recorded("GET /pools/{id}/nodes/{id}", 200))
        (mine,) = listed.json["value"]
        for node in theirs:
            same_shape(mine, {name: value for name, value in node.items() if name != "odata.metadata"})

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    ("operation", "path", "since"),
    [
        ("GET /nodecounts", "/nodecounts", _NEWEST),
        ("GET /supportedimages", "/supportedimages", _NEWEST),
        ("GET /jobs/{id}/taskcounts", "/jobs/job/taskcounts", "2020-09"),
        ("GET /pools", "/pools", _NEWEST),
        ("GET /jobs", "/jobs", _NEWEST),
        ("GET /jobs/{id}/tasks", "/jobs/job/tasks", _NEWEST),
        ("GET /applications", "/applications", "2020"),
    ],
)
def test_lists_and_counts_have_the_recorded_frame(tmp_path: Path, operation: str, path: str, since: str) -> None:
    exchanges = recorded(operation, 200, since)
    assert exchanges, "nothing recorded to compare with"

    async def work(world: World) -> None:
        await world.make_pool(0)
        await world.make_job()
        await world.add("true")
        answer = await world.send("GET", path)
        same_headers(answer, exchanges)
        for exchange in exchanges:
            theirs = exchange.body
            assert list(answer.json) == list(theirs)
            fragment = theirs["odata.metadata"].partition("$metadata")[2]
            assert answer.json["odata.metadata"] == f"{BASE_URL}/$metadata{fragment}"
            if operation in ("GET /nodecounts", "GET /jobs/{id}/taskcounts"):
                mine, first = ((body["value"][0] if "value" in body else body) for body in (answer.json, theirs))
                same_shape(mine, first)

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    ("operation", "status", "method", "path", "body"),
    [
        ("PATCH /jobs/{id}", 400, "PATCH", "/jobs/job", {"onAllTasksComplete": "badValue"}),
        ("PUT /jobs/{id}", 412, "PUT", "/jobs/job", {"poolInfo": {"poolId": "pool"}}),
        (
            "POST /pools",
            409,
            "POST",
            "/pools",
            {**POOL, "id": "new", "applicationPackageReferences": [{"applicationId": "does-not-exist"}]},
        ),
        (
            "PATCH /pools/{id}",
            409,
            "PATCH",
            "/pools/pool",
            {"applicationPackageReferences": [{"applicationId": "does-not-exist"}]},
        ),
    ],
)
def test_refusals_say_what_the_service_said(
    tmp_path: Path, operation: str, status: int, method: str, path: str, body: object
) -> None:
    exchanges = recorded(operation, status)
    assert exchanges, "nothing recorded to compare with"

    async def work(world: World) -> None:
        await world.make_pool(0)
        await world.make_job()
        headers = {"if-match": "0x1"} if status == 412 else {}
        answer = await world.send(method, path, body, headers=headers)
        same_headers(answer, exchanges)
        for exchange in exchanges:
            theirs, mine = exchange.body, answer.json
            assert (answer.status, list(mine), mine["code"]) == (status, list(theirs), theirs["code"])
            assert mine["message"]["value"].split("\n")[0] == theirs["message"]["value"].split("\n")[0]
            assert mine.get("values") == theirs.get("values")

    in_world(tmp_path, work)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_files_come_with_the_recorded_headers(tmp_path: Path, method: str) -> None:
    operation = f"{method} /jobs/{{id}}/tasks/{{id}}/files/{{path}}"
    linux = [e for e in recorded(operation, 200, "2020") if "ocp-batch-file-mode" in e.headers]
    assert linux, "nothing recorded to compare with"

    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job()
        (task,) = await world.add("echo x")
        await world.reaches("completed", task)
        answer = await world.send(method, "/jobs/job/tasks/t0/files/stdout.txt")
        kept = {name for name in answer.headers if name.startswith("ocp-") or name in ("content-type", "last-modified")}
        for exchange in linux:
            theirs = {n for n in exchange.headers if n.startswith("ocp-") or n in ("content-type", "last-modified")}
            assert kept == theirs

    in_world(tmp_path, work)
