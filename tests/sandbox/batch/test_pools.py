"""Pools and nodes through their states: growing, shrinking, start tasks, reboots, ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.batch.fakes import time_passes, until
from tests.sandbox.batch.world import POOL, World, in_world


async def _seen_states(world: World, end: str) -> list[str]:
    """The states the pool's only node shows until it reaches `end`, waiting included."""
    seen: list[str] = []

    def look() -> bool:
        nodes = world.nodes()
        if nodes and (not seen or seen[-1] != nodes[0].state):
            seen.append(nodes[0].state)
        return bool(seen) and seen[-1] == end

    await until(look, f"node is {end}")
    return seen


def test_a_node_comes_through_the_services_own_states(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.post("/pools", {**POOL, "targetDedicatedNodes": 1, "startTask": {"commandLine": "wait"}})
        assert (await world.get("/pools/pool"))["allocationState"] == "resizing"
        assert await _seen_states(world, "waitingforstarttask") == ["creating", "starting", "waitingforstarttask"]
        pool = await world.get("/pools/pool")
        assert (pool["allocationState"], pool["currentDedicatedNodes"]) == ("steady", 1)
        node = (await world.get("/pools/pool/nodes"))["value"][0]
        assert node["startTaskInfo"]["state"] == "running"
        world.host.agents[node["id"]].let_go("startup#1")
        assert await _seen_states(world, "idle") == ["waitingforstarttask", "idle"]
        node = await world.get(f"/pools/pool/nodes/{node['id']}")
        assert node["startTaskInfo"]["result"] == "success"
        assert node["id"].startswith("tvmps_")
        assert node["id"].endswith("_d")
        assert len(node["id"]) == len("tvmps_") + 64 + 2

    in_world(tmp_path, work)


def test_a_pool_of_no_nodes_still_passes_through_resizing(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.post("/pools", POOL)
        assert world.service.state.pool("pool").allocation_state == "resizing"
        await world.make_job()
        await until(lambda: world.service.state.pool("pool").allocation_state == "steady", "steady")
        assert (await world.get("/pools/pool"))["currentDedicatedNodes"] == 0

    in_world(tmp_path, work)


def test_a_start_task_that_keeps_failing_bars_the_node(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(startTask={"commandLine": "exit 4", "maxTaskRetryCount": 2, "waitForSuccess": True})
        node = (await world.get("/pools/pool/nodes"))["value"][0]
        assert node["state"] == "starttaskfailed"
        info = node["startTaskInfo"]
        assert (info["exitCode"], info["retryCount"], info["result"]) == (4, 2, "failure")
        assert "AZ_BATCH_JOB_ID" not in world.host.launches[0].environment
        await world.make_job()
        (task,) = await world.add("true")
        await time_passes(60)
        assert task.state == "active"

    in_world(tmp_path, work)


def test_a_start_task_nobody_waits_for_runs_beside_the_tasks(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(startTask={"commandLine": "wait", "waitForSuccess": False})
        await world.make_job()
        (task,) = await world.add("true")
        await world.reaches("completed", task)
        info = world.nodes()[0].start_task_info
        assert info is not None
        assert info.end_time is None

    in_world(tmp_path, work)


def test_resizing_down_requeues_what_ran_and_prefers_idle_nodes(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(2)
        await world.make_job()
        (task,) = await world.add("wait")
        await world.reaches("running", task)
        busy = task.node_id
        await world.post("/pools/pool/resize", {"targetDedicatedNodes": 1})
        assert (await world.send("POST", "/pools/pool/resize", {"targetDedicatedNodes": 3})).code == "PoolBeingResized"
        await until(lambda: len(world.nodes()) == 1, "one node left")
        assert world.nodes()[0].id == busy
        assert task.state == "running"
        await until(lambda: world.service.state.pool("pool").allocation_state == "steady", "steady")
        await world.post("/pools/pool/resize", {"targetDedicatedNodes": "0", "targetLowPriorityNodes": "1"})
        await world.reaches("active", task)
        await until(lambda: [node.state for node in world.nodes()] == ["running"], "spot node works")
        assert task.node_id is not None
        assert task.node_id.endswith("_p")
        assert task.requeue_count == 1
        assert busy in world.host.removed

    in_world(tmp_path, work)


def test_stopping_a_resize_gives_up_on_unmade_nodes_and_says_so(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(1)
        await world.post("/pools/pool/resize", {"targetDedicatedNodes": 3})
        await until(lambda: len(world.nodes()) == 3, "three nodes begun")
        await world.post("/pools/pool/stopresize")
        assert (await world.get("/pools/pool"))["allocationState"] == "stopping"
        await until(lambda: world.service.state.pool("pool").allocation_state == "steady", "steady")
        pool = await world.get("/pools/pool")
        assert (pool["currentDedicatedNodes"], pool["targetDedicatedNodes"]) == (1, 3)
        assert [error["code"] for error in pool["resizeErrors"]] == ["ResizeStopped"]

    in_world(tmp_path, work)


def test_nodes_that_were_leaving_when_the_resize_stopped_still_go(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(3)
        await world.post("/pools/pool/resize", {"targetDedicatedNodes": 1})
        await until(lambda: sum(node.state == "leavingpool" for node in world.nodes()) == 2, "two leave")
        await world.post("/pools/pool/stopresize")
        await until(lambda: world.service.state.pool("pool").allocation_state == "steady", "steady")
        assert [node.state for node in world.nodes()] == ["idle"]
        assert sum(agent.is_closed for agent in world.host.agents.values()) == 2

    in_world(tmp_path, work)


@pytest.mark.parametrize("given_up", ["/pools/pool/stopresize", "/pools/pool"])
@pytest.mark.parametrize("waiting", ["resize", "reboot"])
def test_a_task_a_node_waited_for_is_queued_again_when_the_node_goes_at_once(
    tmp_path: Path, waiting: str, given_up: str
) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job()
        (task,) = await world.add("wait")
        await world.reaches("running", task)
        node = world.nodes()[0]
        if waiting == "resize":
            wish = {"targetDedicatedNodes": 0, "nodeDeallocationOption": "taskcompletion"}
            await world.post("/pools/pool/resize", wish)
        else:
            await world.post(f"/pools/pool/nodes/{node.id}/reboot", {"nodeRebootOption": "taskcompletion"})
            await world.post("/pools/pool/resize", {"targetDedicatedNodes": 0})
        await until(lambda: node.state == "leavingpool", "the node leaves")
        answer = await world.send("POST" if given_up.endswith("stopresize") else "DELETE", given_up)
        assert answer.status == 202
        await until(
            lambda: (
                node.id not in [left.id for pool in world.service.state.pools.values() for left in pool.nodes.values()]
            ),
            "the node is gone",
        )
        assert (task.state, task.requeue_count) == ("active", 1)

    in_world(tmp_path, work)


def test_named_nodes_are_removed_and_the_target_follows(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(2)
        first, second = (node.id for node in world.nodes())
        await world.post("/pools/pool/removenodes", {"nodeList": [first]})
        await until(lambda: [node.id for node in world.nodes()] == [second], "the named node left")
        assert (await world.get("/pools/pool"))["targetDedicatedNodes"] == 1
        answer = await world.send("POST", "/pools/pool/removenodes", {"nodeList": ["tvmps_none"]})
        assert (answer.status, answer.code) == (404, "NodeNotFound")

    in_world(tmp_path, work)


def test_deleting_a_pool_requeues_its_tasks_and_removes_its_nodes(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(2, startTask={"commandLine": "true"})
        await world.make_job()
        tasks = await world.add("wait", "wait")
        await world.reaches("running", *tasks)
        agents = list(world.host.agents.values())
        answer = await world.send("DELETE", "/pools/pool")
        assert (answer.status, "etag" in answer.headers) == (202, False)
        pool = await world.get("/pools/pool")
        assert (pool["state"], pool["allocationState"], pool["targetDedicatedNodes"]) == ("deleting", "resizing", 0)
        assert (await world.send("DELETE", "/pools/pool")).code == "PoolBeingDeleted"
        assert (await world.send("POST", "/pools", POOL)).code == "PoolBeingDeleted"
        await until(lambda: not world.service.state.pools, "the pool is gone")
        assert all(agent.is_closed for agent in agents)
        assert [(task.state, task.requeue_count) for task in tasks] == [("active", 1)] * 2
        assert (await world.send("HEAD", "/pools/pool")).status == 404

    in_world(tmp_path, work)


def test_a_reboot_requeues_tasks_and_runs_the_start_task_again(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(startTask={"commandLine": "true"})
        await world.make_job(jobPreparationTask={"commandLine": "true"})
        (task,) = await world.add("wait")
        await world.reaches("running", task)
        node = world.nodes()[0]
        first = world.host.agents[node.id]
        await world.post(f"/pools/pool/nodes/{node.id}/reboot")
        assert node.state == "rebooting"
        await until(lambda: task.state == "running" and world.host.agents[node.id] is not first, "runs again")
        assert first.is_closed
        assert [launch.key for launch in world.host.agents[node.id].launches] == [
            "startup#1",
            "job/jobpreparation#1",
            "job/t0#2",
        ]
        assert task.requeue_count == 1

    in_world(tmp_path, work)


def test_a_node_whose_agent_dies_boots_again_and_its_tasks_with_it(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(taskSlotsPerNode=2)
        await world.make_job()
        tasks = await world.add("wait", "wait")
        await world.reaches("running", *tasks)
        world.host.agents[world.nodes()[0].id].crash()
        await until(lambda: all(task.requeue_count == 1 for task in tasks), "requeued")
        await world.reaches("running", *tasks)
        assert world.host.created == [world.nodes()[0].id] * 2

    in_world(tmp_path, work)


def test_a_node_whose_agent_dies_while_it_is_prepared_boots_again(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job(jobPreparationTask={"commandLine": "wait"})
        (task,) = await world.add("wait")
        node = world.nodes()[0]
        await until(lambda: bool(world.host.agents[node.id].running), "the preparation runs")
        first = world.host.agents[node.id]
        first.crash()
        await until(lambda: world.host.agents[node.id] is not first, "the node has another agent")
        await until(lambda: bool(world.host.agents[node.id].running), "the preparation runs again")
        world.host.agents[node.id].let_go("job/jobpreparation#1")
        await world.reaches("running", task)

    in_world(tmp_path, work)


def test_a_node_that_cannot_be_made_is_unusable_and_says_why(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        world.host.refuses = True
        await world.make_pool()
        node = (await world.get("/pools/pool/nodes"))["value"][0]
        assert node["state"] == "unusable"
        assert node["errors"][0]["message"] == "no room"
        counts = (await world.get("/nodecounts"))["value"][0]
        assert (counts["dedicated"]["unusable"], counts["dedicated"]["total"]) == (1, 1)

    in_world(tmp_path, work)


def test_scheduling_can_be_taken_from_a_node_and_given_back(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job()
        (task,) = await world.add("wait")
        await world.reaches("running", task)
        url = f"/pools/pool/nodes/{world.nodes()[0].id}"
        await world.post(f"{url}/disablescheduling", {"nodeDisableSchedulingOption": "requeue"})
        await until(lambda: world.nodes()[0].state == "offline", "offline")
        assert task.state == "active"
        again = await world.send("POST", f"{url}/disablescheduling")
        assert again.code == "NodeAlreadyInTargetSchedulingState"
        await world.post(f"{url}/enablescheduling")
        await world.reaches("running", task)

    in_world(tmp_path, work)
