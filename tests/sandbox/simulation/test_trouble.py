"""A bad day of the service, made and ended by requests to the sandbox itself."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.batch.fakes import until
from tests.sandbox.batch.world import POOL
from tests.sandbox.simulation.world import SimulatedWorld, in_simulation


async def asked_for(world: SimulatedWorld, pool_id: str, **targets: int) -> None:
    await world.post("/pools", {**POOL, "id": pool_id, **targets})


async def steady(world: SimulatedWorld, pool_id: str) -> None:
    await until(lambda: world.service.state.pool(pool_id).allocation_state == "steady", f"{pool_id} is steady")


def test_a_quota_leaves_a_pool_short_and_says_so(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.trouble(quota_nodes=3)
        await asked_for(world, "short", targetDedicatedNodes=2, targetLowPriorityNodes=4)
        await asked_for(world, "fits", targetDedicatedNodes=3)
        await steady(world, "short")
        pool = await world.get("/pools/short")
        assert (pool["currentDedicatedNodes"], pool["currentLowPriorityNodes"]) == (2, 1)
        assert [error["code"] for error in pool["resizeErrors"]] == ["AccountCoreQuotaReached"]
        await steady(world, "fits")
        assert "resizeErrors" not in await world.get("/pools/fits")
        await world.trouble(quota_code="AllocationFailed", pool="short", quota_nodes=0)
        await world.post("/pools/short/resize", {"targetDedicatedNodes": 9})
        await steady(world, "short")
        errors = (await world.get("/pools/short"))["resizeErrors"]
        assert {error["code"] for error in errors} == {"AllocationFailed"}
        await world.well_again()
        await world.post("/pools/short/resize", {"targetDedicatedNodes": 5, "targetLowPriorityNodes": 1})
        await steady(world, "short")
        pool = await world.get("/pools/short")
        assert (pool["currentDedicatedNodes"], pool["currentLowPriorityNodes"]) == (5, 1)
        assert "resizeErrors" not in pool

    in_simulation(tmp_path, work)


def test_start_tasks_fail_until_the_trouble_ends(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.trouble(start_task_failures=1.0)
        await world.make_pool(2, startTask={"commandLine": "true"})
        for node in (await world.get("/pools/pool/nodes"))["value"]:
            assert node["state"] == "starttaskfailed"
            assert node["startTaskInfo"]["exitCode"] == 100
            assert node["startTaskInfo"]["failureInfo"]["code"] == "FailureExitCode"
            path = f"/pools/pool/nodes/{node['id']}/files/startup/stderr.txt"
            assert b"Unable to locate" in (await world.send("GET", path)).body
        await world.well_again()
        node = world.nodes()[0]
        await world.post(f"/pools/pool/nodes/{node.id}/reboot")
        await until(lambda: node.state == "idle", "it starts")

    in_simulation(tmp_path, work)


def test_preempted_spot_nodes_requeue_their_tasks_and_come_back(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.make_pool(0, targetLowPriorityNodes=1)
        await world.make_pool(1, id="other")
        await world.make_job()
        (task,) = await world.add("wait")
        await world.reaches("running", task)
        (node,) = world.nodes()
        await world.trouble(preemptions_per_minute=60.0, back_after_s=30.0)
        await until(lambda: node.state == "preempted", "its node is taken away")
        await world.well_again()
        assert (await world.get("/nodecounts"))["value"][1]["lowPriority"]["preempted"] == 1
        await world.reaches("active", task)
        wire = await world.get("/jobs/job/tasks/t0")
        assert wire["executionInfo"]["requeueCount"] == 1
        assert "nodeInfo" not in wire
        await world.reaches("running", task)
        assert world.nodes() == [node]
        assert world.nodes("other")[0].state == "idle", "dedicated nodes are nobody else's"
        await world.trouble(preemptions_per_minute=60.0)
        await until(lambda: node.state == "preempted", "again")
        await world.post("/pools/pool/resize", {"targetLowPriorityNodes": 0})
        await until(lambda: not world.nodes(), "a preempted node can be removed")

    in_simulation(tmp_path, work)


def test_a_pool_that_never_becomes_steady(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.trouble(never_steady=True, pool="pool")
        for pool_id in ("pool", "stopped", "other"):
            await asked_for(world, pool_id, targetDedicatedNodes=1)
        await world.trouble(never_steady=True, pool="stopped")
        await steady(world, "other")
        await world.ran_for(5_000)
        assert world.service.state.pool("pool").allocation_state == "resizing"
        await world.post("/pools/stopped/stopresize")
        await steady(world, "stopped")
        assert world.service.state.pool("pool").allocation_state == "resizing"
        await world.well_again()
        await steady(world, "pool")

    in_simulation(tmp_path, work)


def test_throttling_refuses_the_share_asked_for(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.trouble(throttled=0.25, throttle_status=503, retry_after_s=9)
        answers = [await world.send("GET", "/pools") for _ in range(20)]
        assert [answer.status for answer in answers] == [200, 200, 200, 503] * 5
        assert {answer.headers.get("retry-after") for answer in answers if answer.status == 503} == {"9"}
        assert answers[3].code == "ServerBusy"
        await world.trouble(throttled=1.0, throttle_status=429)
        assert (await world.send("GET", "/pools")).status == 429
        await world.well_again()
        assert (await world.send("GET", "/pools")).status == 200

    in_simulation(tmp_path, work)


def test_answers_and_pages_that_take_their_time(tmp_path: Path) -> None:
    async def took_s(world: SimulatedWorld, path: str) -> float:
        begin = world.loop.time()
        await world.send("GET", path)
        return round(world.loop.time() - begin, 1)

    async def work(world: SimulatedWorld) -> None:
        await world.make_job()
        await world.trouble(latency_ms=2_000)
        assert (await took_s(world, "/jobs/job"), await took_s(world, "/jobs")) == (2.0, 2.0)
        await world.trouble(slow_pages_ms=5_000)
        assert (await took_s(world, "/jobs/job"), await took_s(world, "/jobs")) == (2.0, 7.0)
        assert (await took_s(world, "/sandbox/trouble")) == 0.0
        await world.restart()
        assert (await took_s(world, "/jobs")) == 0.0, "a restart makes it well"

    in_simulation(tmp_path, work)


def test_what_is_no_trouble_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        refused: tuple[dict[str, object], ...] = (
            {"throttled": 1.5},
            {"throttle_status": 500},
            {"quota_code": "Envy"},
            {"storm": 1},
            {"pool": "pool", "latency_ms": 5},
        )
        for wishes in refused:
            answer = await world.send("PUT", "/sandbox/trouble", wishes)
            assert answer.code == "InvalidPropertyValue", wishes
        assert await world.get("/sandbox/trouble") == {"everywhere": {}, "pools": {}}
        await world.trouble(quota_nodes=0, pool="Pool")
        assert (await world.get("/sandbox/trouble"))["pools"] == {"pool": {"quota_nodes": 0}}

    in_simulation(tmp_path, work)
