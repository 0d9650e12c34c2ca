"""A Batch service with scripted nodes, reached through its whole REST API: signatures, routes, envelopes and all."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.types import Message

from tests.sandbox.batch.fakes import FakeHost, SkippingLoop, run_skipping, until
from tui.sandbox.batch.allocation import PoolTimings
from tui.sandbox.batch.app import create_batch_app
from tui.sandbox.batch.launches import Account
from tui.sandbox.batch.records import Job, Node, Task
from tui.sandbox.batch.service import BatchService
from tui.sandbox.batch.times import ServiceClock, http_date

ACCOUNT = "sandbox"
KEY = base64.b64encode(b"the key of the tests").decode()
HOST = "127.0.0.1:1234"
BASE_URL = f"http://{HOST}"
POOL: Mapping[str, Any] = {
    "id": "pool",
    "vmSize": "Standard_D2s_v3",
    "virtualMachineConfiguration": {
        "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
        "nodeAgentSKUId": "batch.node.ubuntu 24.04",
    },
}
JOB: Mapping[str, Any] = {"id": "job", "poolInfo": {"poolId": "pool"}}
_SIGNED = (
    *("content-encoding", "content-language", "content-length", "content-md5", "content-type", "date"),
    *("if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"),
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])

    @property
    def reason(self) -> str:
        return str({item["key"]: item["value"] for item in self.json["values"]}["Reason"])


def sign(method: str, path: str, query: str, headers: Mapping[str, str], key: str = KEY) -> str:
    """SharedKey by the documented algorithm, written apart from the service's own code."""
    lines = [method, *(headers.get(name, "") for name in _SIGNED)]
    lines += [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("ocp-")]
    lines.append(f"/{ACCOUNT}{path}")
    lines += [f"{name}:{value}" for name, value in sorted(parse_qsl(query))]
    mac = hmac.new(base64.b64decode(key), "\n".join(lines).encode(), hashlib.sha256).digest()
    return f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"


class World:
    """One service and a client of it. `restart` makes a new service on the same state, as after a kill or a stop."""

    def __init__(self, folder: Path, loop: SkippingLoop, timings: PoolTimings) -> None:
        self.folder = folder
        self.loop = loop
        self.timings = timings
        self.host = FakeHost(folder / "nodes")
        self._make()

    def _make(self) -> None:
        self.service = BatchService(
            account=Account(ACCOUNT, BASE_URL),
            host=self.host,
            state_path=self.folder / "batch.sqlite",
            timings=self.timings,
            clock=ServiceClock(self.loop.unix_ns),
        )
        self.app = create_batch_app(self.service, ACCOUNT, KEY)

    async def restart(self, *, killed: bool = False) -> None:
        """Start again from the state file; `killed` loses what was not written, as SIGKILL does."""
        if killed:
            kill(self.service)
        await self.service.close()
        self._make()
        await self.service.start()

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        sign_with: str | None = KEY,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        data = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        bare, _, given = path.partition("?")
        names = {_query_name(name): value for name, value in (query or {}).items()}
        text = given or urlencode({"api-version": "2025-06-01"} | names)
        all_headers = {"host": HOST, "ocp-date": http_date(self.service.clock.now())}
        if data or method not in ("GET", "HEAD"):
            all_headers["content-length"] = str(len(data))
        if data:
            all_headers["content-type"] = "application/json; odata=minimalmetadata"
        all_headers |= headers or {}
        if sign_with is not None:
            all_headers["authorization"] = sign(method, bare, text, all_headers, sign_with)
        return await self._exchange(method, bare, text, all_headers, data)

    async def _exchange(self, method: str, path: str, query: str, headers: Mapping[str, str], data: bytes) -> Answer:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, *rest = sent
        names = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], names, b"".join(message["body"] for message in rest))

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.send("GET", path, query=query)
        assert answer.status == 200, answer.body
        return answer.json

    async def post(self, path: str, body: object = None) -> Answer:
        answer = await self.send("POST", path, body)
        assert answer.status < 300, answer.body
        return answer

    # what most tests need

    async def make_pool(self, nodes: int = 1, **more: object) -> None:
        """A pool whose nodes are all ready, or past hope."""
        body = {**POOL, "targetDedicatedNodes": nodes, **more}
        await self.post("/pools", body)
        pool_id = str(body["id"])
        over = {"idle", "starttaskfailed", "unusable"}
        await until(
            lambda: (
                (pool := self.service.state.pool(pool_id)).allocation_state == "steady"
                and all(node.state in over for node in pool.nodes.values())
            ),
            f"pool {pool_id} is ready",
        )

    async def make_job(self, **more: object) -> Job:
        body = {**JOB, **more}
        await self.post("/jobs", body)
        return self.job(str(body["id"]))

    async def add(self, *commands: str, job: str = "job", **more: object) -> list[Task]:
        """Tasks t0, t1… with these command lines."""
        first = len(self.job(job).tasks)
        tasks = [{"id": f"t{first + n}", "commandLine": command, **more} for n, command in enumerate(commands)]
        answer = await self.post(f"/jobs/{job}/addtaskcollection", {"value": tasks})
        assert all(item["status"] == "Success" for item in answer.json["value"]), answer.body
        return [self.task(str(task["id"]), job) for task in tasks]

    def job(self, job_id: str = "job") -> Job:
        return self.service.state.job(job_id)

    def task(self, task_id: str, job_id: str = "job") -> Task:
        return self.service.state.task(job_id, task_id)[1]

    def nodes(self, pool_id: str = "pool") -> list[Node]:
        return list(self.service.state.pool(pool_id).nodes.values())

    async def reaches(self, state: str, *tasks: Task) -> None:
        await until(lambda: all(task.state == state for task in tasks), f"{[task.id for task in tasks]} {state}")

    async def job_reaches(self, state: str, job: Job) -> None:
        await until(lambda: job.state == state, f"{job.id} {state}")


def kill(service: BatchService) -> None:
    """Lose what the store has gathered and not written."""
    service.store._changed.clear()
    service.store._dropped.clear()


def _query_name(name: str) -> str:
    return {"filter_": "$filter", "select": "$select"}.get(name, name)


def quoted(path: str) -> str:
    return quote(path, safe="")


def in_world(folder: Path, work: Callable[[World], Awaitable[None]], timings: PoolTimings | None = None) -> None:
    """Run `work` against a fresh service whose waiting takes no time."""

    async def live(loop: SkippingLoop) -> None:
        world = World(folder, loop, timings or PoolTimings(10, 20, 1.5, 5))
        await world.service.start()
        try:
            await work(world)
        finally:
            await world.service.close()

    run_skipping(live)
