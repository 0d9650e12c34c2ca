"""Seeded jobs: synthetic tasks that the service runs, retries, stores and serves like any others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.batch.fakes import until
from tests.sandbox.simulation.world import SimulatedWorld, in_simulation
from tui.sandbox.simulation.outcomes import FAMILIES

QUICK = {"tasks": 400, "churn": 0.2, "nodes": 5, "failures": 0.2}


async def tasks_of(world: SimulatedWorld, job_id: str = "seeded") -> list[dict[str, Any]]:
    found = list((await world.get(f"/jobs/{job_id}/tasks"))["value"])
    assert len(found) == len({task["id"] for task in found})
    return found


def endings(tasks: list[dict[str, Any]]) -> dict[str, object]:
    """What the seed alone decides."""
    return {
        task["id"]: (
            task["executionInfo"].get("exitCode"),
            task["executionInfo"].get("failureInfo", {}).get("code"),
            task["executionInfo"]["retryCount"],
        )
        for task in tasks
    }


def test_a_seeded_job_runs_to_its_end_through_documented_states(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        made = await world.seed(**QUICK)
        assert (made["pool_id"], made["tasks"]) == ("seeded-pool", 400)
        assert (await world.counts())["active"] == 400
        seen_tasks: set[str] = set()
        seen_nodes: set[str] = set()
        while world.job("seeded").tasks.unfinished:
            seen_tasks |= {task.state for task in world.job("seeded").tasks}
            seen_nodes |= {node.state for node in world.nodes("seeded-pool")}
            await world.ran_for(0.1)
        assert seen_tasks == {"active", "preparing", "running", "completed"}
        assert seen_nodes >= {"creating", "starting", "waitingforstarttask", "idle", "running"}
        counts = await world.counts()
        assert counts["failed"] == sum(task.succeeded is False for task in world.job("seeded").tasks)
        assert 50 < counts["failed"] < 110, "a fifth of them"
        assert world.host.created == [], "nothing of it touches this machine"

    in_simulation(tmp_path, work)


def test_failures_have_the_shapes_of_the_service(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(**{**QUICK, "failures": 1.0, "tasks": 300})
        await world.is_over()
        for task in await tasks_of(world):
            execution = task["executionInfo"]
            assert execution["result"] == "failure"
            assert execution["startTime"] <= execution["endTime"]
            assert execution["failureInfo"]["category"] in ("UserError", "ServerError")
            if execution["failureInfo"]["code"] == "FailureExitCode":
                assert execution["exitCode"] != 0
                details = [item["name"] for item in execution["failureInfo"]["details"]]
                assert details == ["Message", "AdditionalErrorCode"]
            assert ("exitCode" in execution) == (
                execution["failureInfo"]["code"] not in ("BlobNotFound", "CommandProgramNotFound")
            )
        codes = Counter(
            (task["executionInfo"].get("exitCode"), task["executionInfo"]["failureInfo"]["code"])
            for task in await tasks_of(world)
        )
        assert len(codes) == len(FAMILIES), "each cause shows"
        assert (0, "FileUploadContainerNotFound") in codes
        assert (124, "TaskEnded") in codes
        assert (-11, "FailureExitCode") in codes

    in_simulation(tmp_path, work)


def test_tasks_with_retries_use_them(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(**QUICK)
        await world.is_over()
        tasks = await tasks_of(world)
        retries = Counter((task["executionInfo"]["result"], task["executionInfo"]["retryCount"]) for task in tasks)
        assert retries["failure", 2] > 0, "failed for good"
        assert retries["success", 1] > 0, "succeeded the second time"
        assert all(task["executionInfo"]["retryCount"] <= task["constraints"]["maxTaskRetryCount"] for task in tasks)

    in_simulation(tmp_path, work)


def test_a_seed_decides_what_becomes_of_each_task(tmp_path: Path) -> None:
    found = []

    async def work(world: SimulatedWorld) -> None:
        for seed in (7, 7, 8):
            await world.seed(**QUICK, seed=seed)
            await world.is_over()
            found.append(endings(await tasks_of(world)))
            for path in ("/jobs/seeded", "/pools/seeded-pool"):
                await world.send("DELETE", path)
            await until(lambda: not world.service.state.jobs and not world.service.state.pools, "both are gone")

    in_simulation(tmp_path, work)
    first, again, other = found
    assert first == again
    assert first != other


@pytest.mark.parametrize(("is_endless", "changes_per_attempt"), [(False, 2), (True, 3)])
def test_the_share_that_changes_each_second_is_the_one_asked_for(
    tmp_path: Path, is_endless: bool, changes_per_attempt: int
) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(tasks=4_000, churn=0.02, nodes=20, done=0.9 * is_endless, endless=is_endless)
        await until(lambda: all(node.state == "running" for node in world.nodes("seeded-pool")), "nodes work", 1e5, 1.0)
        await world.ran_for(20)
        before = sum(task.attempt_number for task in world.job("seeded").tasks)
        await world.ran_for(30)
        attempts = sum(task.attempt_number for task in world.job("seeded").tasks) - before
        assert 0.8 < changes_per_attempt * attempts / (30 * 0.02 * 4_000) < 1.2

    in_simulation(tmp_path, work)


@pytest.mark.parametrize("killed", [False, True])
def test_an_endless_job_goes_on_for_ever_and_after_a_restart(tmp_path: Path, killed: bool) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(**{**QUICK, "tasks": 60}, endless=True)
        for _ in range(2):
            for _ in range(2):
                before = world.service.clock.now()
                await world.ran_for(60)
                counts = await world.counts()
                assert counts["active"] + counts["running"] + counts["completed"] == 60
                assert counts["running"] > 0
                changed = [task for task in world.job("seeded").tasks if task.state_time > before]
                assert len(changed) == 60, "in a minute each of them ran again"
            await world.service.written()
            await world.restart(killed=killed)

    in_simulation(tmp_path, work)


def test_a_restart_takes_nothing_away(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(**QUICK)
        await until(lambda: world.job("seeded").tasks.counts.completed >= 100, "a quarter is done")
        running = [task.id for task in world.job("seeded").tasks if task.state == "running"]
        done = endings([task for task in await tasks_of(world) if task["state"] == "completed"])
        await world.service.written()
        await world.restart(killed=True)
        assert len(world.job("seeded").tasks) == 400
        assert {world.task(task_id, "seeded").requeue_count for task_id in running} == {1}
        assert len({id(task.spec) for task in world.job("seeded").tasks}) == 32, "what says the same is shared"
        await world.is_over()
        assert done.items() <= endings(await tasks_of(world)).items()

    in_simulation(tmp_path, work)


def test_output_of_tasks_is_served_and_grows_while_they_run(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(tasks=40, churn=0.002, nodes=4, slots=1, failures=1.0)
        job = world.job("seeded")
        await until(lambda: any(task.start_time and task.state == "running" for task in job.tasks), "one runs")
        task = next(task for task in job.tasks if task.state == "running")
        path = f"/jobs/seeded/tasks/{task.id}/files/stdout.txt"
        first = await world.send("GET", path)
        await world.ran_for(10)
        second = await world.send("GET", path)
        assert second.body.startswith(first.body)
        assert len(second.body) > len(first.body) > 0
        rest = await world.send("GET", path, headers={"ocp-range": f"bytes={len(first.body)}-"})
        assert rest.body.startswith(second.body[len(first.body) :])
        await world.is_over()
        ended = await world.send("GET", path)
        assert ended.body.startswith(second.body)
        assert ended.body.rstrip().splitlines()[-1].startswith(f"{task.id}: end".encode())
        names = (await world.get(f"/jobs/seeded/tasks/{task.id}/files"))["value"]
        assert {"stderr.txt", "stdout.txt", "wd"} <= {entry["name"] for entry in names}
        last_words = set()
        for failed in job.tasks:
            printed = await world.send("GET", f"/jobs/seeded/tasks/{failed.id}/files/stderr.txt")
            if failed.exit_code is None:
                assert printed.body == b"", "no process, no output"
            else:
                last_words.add(printed.body.decode().splitlines()[-1])
        assert len(last_words) > 15, "numbers differ from task to task"
        node = world.nodes("seeded-pool")[0]
        started = await world.send("GET", f"/pools/seeded-pool/nodes/{node.id}/files/startup/stdout.txt")
        assert b"renderer is ready" in started.body

    in_simulation(tmp_path, work)


def test_what_users_do_to_tasks_is_done(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(**{**QUICK, "failures": 1.0, "churn": 0.05})
        job = world.job("seeded")
        await until(lambda: job.tasks.counts.running > 0 and job.tasks.counts.failed > 0, "some run, some failed")
        running = next(task for task in job.tasks if task.state == "running")
        await world.post(f"/jobs/seeded/tasks/{running.id}/terminate")
        await until(lambda: running.state == "completed", "it ends")
        assert running.failure is not None
        assert running.failure.code == "TaskEnded"
        await world.post(f"/jobs/seeded/tasks/{running.id}/reactivate")
        assert running.state == "active"
        await world.post("/jobs/seeded/tasks", {"id": "mine", "commandLine": "true"})
        await world.post("/jobs/seeded/disable", {"disableTasks": "requeue"})
        await until(lambda: job.state == "disabled", "it is disabled")
        assert (await world.counts())["running"] == 0
        await world.post("/jobs/seeded/enable")
        await world.is_over()
        assert world.task("mine", "seeded").state == "completed"

    in_simulation(tmp_path, work)


def test_some_of_many_nodes_never_work(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(tasks=1_000, churn=0.0, nodes=600, seed=2)
        pool = world.service.state.pool("seeded-pool")
        await until(lambda: pool.allocation_state == "steady", "the pool is steady")
        await world.ran_for(60)
        states = Counter(str(node.state) for node in pool.nodes.values())
        assert states.keys() == {"idle", "running", "starttaskfailed", "unusable"}
        assert 0 < states["starttaskfailed"] < 20
        counts = (await world.get("/nodecounts"))["value"][0]
        assert counts["lowPriority"]["total"] == 150
        assert counts["dedicated"]["total"] == 450
        assert "simulation" not in str(await world.get("/pools/seeded-pool")), "the recipe is our own"

    in_simulation(tmp_path, work)


def test_what_cannot_be_made_is_refused(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        for wishes in ({"tasks": 0}, {"churn": 2}, {"nodes": 2_501}, {"failures": "many"}, {"job": "a b"}):
            assert (await world.send("POST", "/sandbox/seed", wishes)).code == "InvalidPropertyValue", wishes
        await world.seed(tasks=1)
        assert (await world.send("POST", "/sandbox/seed", {"tasks": 1})).code == "PoolExists"
        await world.make_job(id="other")
        assert (await world.send("POST", "/sandbox/seed", {"tasks": 1, "job": "other"})).code == "JobExists"
        assert set(world.service.state.pools) == {"seeded-pool"}

    in_simulation(tmp_path, work)


def test_a_job_that_has_run_for_a_while(tmp_path: Path) -> None:
    async def work(world: SimulatedWorld) -> None:
        await world.seed(**QUICK, done=0.5)
        counts = await world.counts()
        assert (counts["completed"], counts["active"]) == (200, 200)
        job = await world.get("/jobs/seeded")
        done = [task for task in await tasks_of(world) if task["state"] == "completed"]
        ends = [task["executionInfo"]["endTime"] for task in done]
        assert ends == sorted(ends)
        assert all(task["stateTransitionTime"] == task["executionInfo"]["endTime"] for task in done)
        assert min(task["executionInfo"]["startTime"] for task in done) >= job["creationTime"]
        assert {task["nodeInfo"]["nodeId"] for task in done} == {node.id for node in world.nodes("seeded-pool")}
        before = endings(done)
        await world.restart()
        await world.is_over()
        assert before.items() <= endings(await tasks_of(world)).items()
        for path in ("/jobs/seeded", "/pools/seeded-pool"):
            await world.send("DELETE", path)
        await until(lambda: not world.service.state.jobs and not world.service.state.pools, "both are gone")
        await world.seed(**QUICK)
        await world.is_over()
        assert endings(await tasks_of(world)).items() >= before.items(), "as if they had run"

    in_simulation(tmp_path, work)
