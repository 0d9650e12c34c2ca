"""What was accepted outlives the process, killed or stopped."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.sandbox.batch.fakes import until
from tests.sandbox.batch.world import World, in_world
from tui.sandbox.batch.store import Store, StoreError


@pytest.mark.parametrize("killed", [True, False])
def test_everything_comes_back_and_running_tasks_run_again(tmp_path: Path, killed: bool) -> None:
    async def work(world: World) -> None:
        await world.make_pool(2, startTask={"commandLine": "true"}, metadata=[{"name": "run", "value": "r1"}])
        await world.make_job(priority=7, constraints={"maxTaskRetryCount": 1})
        done, failed = await world.add("true", "exit 3")
        await world.reaches("completed", done, failed)
        running, second, _ = await world.add("wait", "wait", "true")
        await world.reaches("running", running, second)
        before = {path: await world.get(path) for path in ("/jobs/job", "/jobs/job/tasks/t0", "/jobs/job/tasks/t1")}
        nodes = {node.id for node in world.nodes()}
        await world.service.written()
        await world.restart(killed=killed)
        for path, wire in before.items():
            assert await world.get(path) == wire
        assert {node.id for node in world.nodes()} == nodes
        again = world.task("t2")
        assert (again.state, again.requeue_count) == ("active", 1)
        assert again.state_time > running.state_time
        await world.reaches("running", again, world.task("t3"))
        starts = [launch.key for launch in world.host.launches if launch.key.startswith("startup")]
        assert len(starts) == 2, "each node's new agent ran the start task"
        world.host.agents[str(again.node_id)].let_go("job/t2#2")
        await world.reaches("completed", again, world.task("t4"))
        assert (await world.get("/pools/pool"))["metadata"] == [{"name": "run", "value": "r1"}]

    in_world(tmp_path, work)


def test_an_accepted_write_survives_a_kill_right_after_its_answer(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(0)
        await world.make_job()
        await world.add("one", "two", "three")
        await world.send("DELETE", "/jobs/job/tasks/t1")
        await world.send("PUT", "/jobs/job/tasks/t0", {"constraints": {"maxTaskRetryCount": 9}})
        await world.restart(killed=True)
        tasks = (await world.get("/jobs/job/tasks"))["value"]
        assert [task["id"] for task in tasks] == ["t0", "t2"]
        assert tasks[0]["constraints"]["maxTaskRetryCount"] == 9
        await world.post("/jobs/job/tasks", {"id": "t3", "commandLine": "four"})
        added = world.task("t3")
        assert added.order > world.task("t2").order

    in_world(tmp_path, work)


def test_unfinished_deletions_resizes_and_terminations_go_on(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(1)
        await world.make_pool(1, id="doomed")
        job = await world.make_job(jobPreparationTask={"commandLine": "true"}, jobReleaseTask={"commandLine": "wait"})
        (task,) = await world.add("true")
        await world.reaches("completed", task)
        await world.post("/jobs/job/terminate")
        await until(lambda: job.node_tasks[world.nodes()[0].id].release is not None, "release runs")
        await world.send("DELETE", "/pools/doomed")
        await world.post("/pools/pool/resize", {"targetDedicatedNodes": 2})
        await world.restart(killed=True)
        assert world.job().state == "terminating"
        await world.job_reaches("completed", world.job())
        await until(lambda: "doomed" not in world.service.state.pools, "the pool is gone")
        await until(lambda: [node.state for node in world.nodes()] == ["idle", "idle"], "the resize went on")

    in_world(tmp_path, work)


def test_a_deleted_job_leaves_nothing_that_a_new_one_of_its_name_finds(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        await world.add("true")
        await world.send("DELETE", "/jobs/job")
        await until(lambda: not world.service.state.jobs, "the job is gone")
        await world.make_job()
        await world.restart(killed=True)
        assert (await world.get("/jobs/job/tasks"))["value"] == []

    in_world(tmp_path, work)


def test_tasks_not_yet_written_when_their_job_goes_do_not_come_back_with_its_name(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        job = await world.make_job()
        (task,) = await world.add("true")
        world.service.task_life.add(job, "late", task.spec)
        world.service.job_life.delete(job)
        await until(lambda: not world.service.state.jobs, "the job is gone")
        await world.make_job()
        await world.restart(killed=True)
        assert (await world.get("/jobs/job/tasks"))["value"] == []

    in_world(tmp_path, work)


def test_times_grow_across_a_restart_though_the_clock_went_back(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        job = await world.make_job()
        world.service.clock.advance_to(world.service.clock.now() + 10**12)
        await world.send("PATCH", "/jobs/job", {"priority": 3})
        newest = job.modified
        await world.restart()
        (task,) = await world.add("true")
        assert task.created > newest

    in_world(tmp_path, work)


def test_the_state_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "batch.sqlite"
    Store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_no_state_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "batch.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"batch\.sqlite"):
        Store(path)
