"""Tasks get to nodes: slots, priorities, retries, preparation, dependencies, endings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sandbox.batch.fakes import until
from tests.sandbox.batch.world import POOL, World, in_world


def test_a_node_runs_as_many_tasks_at_once_as_it_has_slots(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(2, taskSlotsPerNode=3)
        await world.make_job()
        tasks = await world.add(*["echo hi"] * 40)
        await world.reaches("completed", *tasks)
        assert [agent.most_at_once for agent in world.host.agents.values()] == [3, 3]

    in_world(tmp_path, work)


def test_a_task_takes_the_slots_it_requires(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(1, taskSlotsPerNode=4)
        await world.make_job()
        (big,) = await world.add("wait", requiredSlots=3)
        first, second = await world.add("wait", "wait")
        await world.reaches("running", big, first)
        assert second.state == "active"
        node = (await world.get("/pools/pool/nodes"))["value"][0]
        assert (node["runningTasksCount"], node["runningTaskSlotsCount"]) == (2, 4)
        counts = await world.get("/jobs/job/taskcounts")
        assert counts["taskSlotCounts"]["running"] == 4
        assert counts["taskCounts"]["running"] == 2

    in_world(tmp_path, work)


def test_a_small_task_passes_a_big_one_that_does_not_fit(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(1, taskSlotsPerNode=2)
        await world.make_job()
        (holder,) = await world.add("wait")
        await world.reaches("running", holder)
        (big,) = await world.add("true", requiredSlots=2)
        (small,) = await world.add("true")
        await world.reaches("completed", small)
        assert big.state == "active"
        agent = world.nodes()[0].agent
        assert agent is not None
        agent.terminate("job/t0#1")
        await world.reaches("completed", big)

    in_world(tmp_path, work)


def test_spread_fills_nodes_evenly_and_pack_one_after_the_other(tmp_path: Path) -> None:
    async def loads(world: World, pool: str, fill: str) -> list[int]:
        await world.make_pool(2, id=pool, taskSlotsPerNode=4, taskSchedulingPolicy={"nodeFillType": fill})
        await world.make_job(id=f"job-{pool}", poolInfo={"poolId": pool})
        tasks = await world.add(*["wait"] * 4, job=f"job-{pool}")
        await world.reaches("running", *tasks)
        return sorted(len(node.attempts) for node in world.nodes(pool))

    async def work(world: World) -> None:
        assert await loads(world, "even", "spread") == [2, 2]
        assert await loads(world, "full", "Pack") == [0, 4]

    in_world(tmp_path, work)


def test_jobs_with_higher_priority_go_first(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.post("/pools", {**POOL, "targetDedicatedNodes": 1})
        await world.make_job(id="low", priority=-5)
        await world.make_job(id="high", priority=5)
        low = await world.add("true", "true", job="low")
        high = await world.add("true", "true", job="high")
        await world.reaches("completed", *low, *high)
        assert [launch.key.split("/")[0] for launch in world.host.launches] == ["high", "high", "low", "low"]

    in_world(tmp_path, work)


def test_max_parallel_tasks_limits_a_job(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(1, taskSlotsPerNode=8)
        await world.make_job(maxParallelTasks=2)
        tasks = await world.add(*["true"] * 9)
        await world.reaches("completed", *tasks)
        assert world.host.agents[world.nodes()[0].id].most_at_once == 2

    in_world(tmp_path, work)


def test_a_failing_task_is_tried_again_as_often_as_it_may(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job(constraints={"maxTaskRetryCount": 2})
        (task,) = await world.add("exit 7")
        await world.reaches("completed", task)
        wire = await world.get("/jobs/job/tasks/t0")
        info = wire["executionInfo"]
        assert (info["retryCount"], info["exitCode"], info["result"]) == (2, 7, "failure")
        assert info["failureInfo"]["code"] == "FailureExitCode"
        assert info["lastRetryTime"] < info["endTime"]
        assert [launch.key for launch in world.host.launches] == ["job/t0#1", "job/t0#2", "job/t0#3"]
        assert [launch.keep_working_directory for launch in world.host.launches] == [False, True, True]
        assert wire["lastModified"] == wire["creationTime"], "running changes no task's lastModified"

    in_world(tmp_path, work)


def test_a_task_that_never_started_is_not_tried_again(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job(constraints={"maxTaskRetryCount": 5})
        (task,) = await world.add("missing")
        await world.reaches("completed", task)
        info = (await world.get("/jobs/job/tasks/t0"))["executionInfo"]
        assert "exitCode" not in info
        assert info["retryCount"] == 0
        assert info["failureInfo"]["code"] == "CommandProgramNotFound"

    in_world(tmp_path, work)


def test_a_launch_knows_the_nodes_layout_and_both_environments(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job(
            commonEnvironmentSettings=[{"name": "SHARED", "value": "job"}, {"name": "ONE", "value": "1"}]
        )
        (task,) = await world.add(
            "true",
            environmentSettings=[{"name": "SHARED", "value": "task"}, {"name": "AZ_BATCH_JOB_ID", "value": "forged"}],
            constraints={"maxWallClockTime": "PT90S"},
            resourceFiles=[{"httpUrl": "http://127.0.0.1:9/a", "filePath": "in/a.txt"}],
            outputFiles=[
                {
                    "filePattern": "../std*.txt",
                    "destination": {"container": {"containerUrl": "http://127.0.0.1:9/c?sig=x", "path": "logs"}},
                    "uploadOptions": {"uploadCondition": "taskfailure"},
                }
            ],
        )
        await world.reaches("completed", task)
        (launch,) = world.host.launches
        node = world.nodes()[0]
        root = world.host.root("pool", node.id)
        environment = launch.environment
        assert launch.directory == root / "workitems" / "job" / "job-1" / "t0"
        assert launch.max_wall_clock_s == 90
        assert launch.resource_files[0].file_path == "in/a.txt"
        assert (launch.output_files[0].path, launch.output_files[0].condition) == ("logs", "taskfailure")
        assert (environment["SHARED"], environment["ONE"]) == ("task", "1")
        assert environment["AZ_BATCH_JOB_ID"] == "job"
        assert environment["AZ_BATCH_NODE_SHARED_DIR"] == str(root / "shared")
        assert environment["AZ_BATCH_TASK_WORKING_DIR"] == str(launch.directory / "wd")
        assert environment["AZ_BATCH_NODE_IS_DEDICATED"] == "true"
        assert "sig=" not in repr(launch)

    in_world(tmp_path, work)


def test_terminating_a_running_task_ends_it_and_is_no_retry(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job(constraints={"maxTaskRetryCount": -1})
        running, waiting = await world.add("wait", "true")
        await world.reaches("running", running)
        answer = await world.send("POST", "/jobs/job/tasks/t0/terminate")
        assert answer.status == 204
        await world.reaches("completed", running, waiting)
        info = (await world.get("/jobs/job/tasks/t0"))["executionInfo"]
        assert (info["exitCode"], info["retryCount"]) == (-9, 0)
        assert info["failureInfo"]["code"] == "TaskEnded"
        again = await world.send("POST", "/jobs/job/tasks/t0/terminate")
        assert (again.status, again.code) == (409, "TaskCompleted")

    in_world(tmp_path, work)


def test_terminating_a_waiting_task_leaves_the_recorded_shape(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        await world.add("true")
        await world.post("/jobs/job/tasks/t0/terminate")
        wire = await world.get("/jobs/job/tasks/t0")
        assert wire["nodeInfo"] == {}
        assert list(wire["executionInfo"]) == ["endTime", "failureInfo", "result", "retryCount", "requeueCount"]
        await world.post("/jobs/job/tasks/t0/reactivate")
        wire = await world.get("/jobs/job/tasks/t0")
        assert wire["state"] == "active"
        assert wire["previousState"] == "completed"
        assert wire["executionInfo"] == {"retryCount": 0, "requeueCount": 0}

    in_world(tmp_path, work)


def test_a_deleted_running_task_is_gone_at_once_and_its_files_after_it(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job()
        task, other = await world.add("wait", "true")
        await world.reaches("running", task)
        directory = world.host.launches[0].directory
        assert directory.exists()
        assert (await world.send("DELETE", "/jobs/job/tasks/t0")).status == 200
        assert (await world.send("GET", "/jobs/job/tasks/t0")).code == "TaskNotFound"
        await world.reaches("completed", other)
        await until(lambda: not directory.exists(), "the files are gone")
        assert world.nodes()[0].used_slots == 0

    in_world(tmp_path, work)


def test_job_preparation_runs_once_a_node_before_its_tasks_and_release_at_the_end(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(2, taskSlotsPerNode=2)
        job = await world.make_job(
            jobPreparationTask={"commandLine": "echo prepared"}, jobReleaseTask={"commandLine": "echo released"}
        )
        tasks = await world.add(*["true"] * 6)
        await world.reaches("completed", *tasks)
        for agent in world.host.agents.values():
            keys = [launch.key for launch in agent.launches]
            assert keys[0] == "job/jobpreparation#1"
            assert keys.count("job/jobpreparation#1") == 1
            assert "AZ_BATCH_JOB_PREP_WORKING_DIR" in agent.launches[1].environment
        assert {task.previous_state for task in tasks} == {"running"}
        await world.post("/jobs/job/terminate", {"terminateReason": "enough"})
        await world.job_reaches("completed", job)
        assert job.terminate_reason == "enough"
        status = (await world.get("/jobs/job/jobpreparationandreleasetaskstatus"))["value"]
        assert len(status) == 2
        for item in status:
            assert item["jobPreparationTaskExecutionInfo"]["exitCode"] == 0
            assert item["jobReleaseTaskExecutionInfo"]["state"] == "completed"

    in_world(tmp_path, work)


def test_a_job_deleted_while_it_releases_its_nodes_goes_once_they_are_released(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job(jobPreparationTask={"commandLine": "true"}, jobReleaseTask={"commandLine": "wait"})
        await world.reaches("completed", *await world.add("true"))
        await world.post("/jobs/job/terminate")
        await until(lambda: world.host.launches[-1].key == "job/jobrelease#1", "the release runs")
        await world.send("DELETE", "/jobs/job")
        await world.make_job(id="other")
        await world.reaches("completed", *await world.add("true", job="other"))
        assert "job" in world.service.state.jobs
        world.host.agents[world.nodes()[0].id].let_go("job/jobrelease#1")
        await until(lambda: "job" not in world.service.state.jobs, "the job is gone")
        assert [launch.key for launch in world.host.launches].count("job/jobrelease#1") == 1

    in_world(tmp_path, work)


def test_a_node_whose_preparation_fails_never_runs_the_jobs_tasks(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(2)
        await world.make_job(jobPreparationTask={"commandLine": "exit 1", "constraints": {"maxTaskRetryCount": 1}})
        tasks = await world.add("true", "true")
        await until(lambda: len(world.host.launches) == 4, "both nodes tried twice")
        await world.reaches("active", *tasks)
        await world.make_job(id="other")
        others = await world.add("true", "true", job="other")
        await world.reaches("completed", *others)
        assert [task.state for task in tasks] == ["active", "active"]
        assert all("preparation" in launch.key or "other" in launch.key for launch in world.host.launches)

    in_world(tmp_path, work)


def test_tasks_wait_for_the_tasks_they_depend_on(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool(1, taskSlotsPerNode=8)
        await world.make_job(usesTaskDependencies=True)
        await world.post(
            "/jobs/job/addtaskcollection",
            {
                "value": [
                    {"id": "last", "commandLine": "true", "dependsOn": {"taskIds": ["01", "second"]}},
                    {"id": "second", "commandLine": "true", "dependsOn": {"taskIdRanges": [{"start": 1, "end": 2}]}},
                    {"id": "blocked", "commandLine": "true", "dependsOn": {"taskIds": ["fails"]}},
                    {"id": "2", "commandLine": "true"},
                    {"id": "01", "commandLine": "true"},
                    {"id": "fails", "commandLine": "exit 1"},
                ]
            },
        )
        await world.reaches("completed", world.task("last"), world.task("fails"))
        order = [launch.key.split("/")[1].split("#")[0] for launch in world.host.launches]
        assert order.index("last") > order.index("second") > max(order.index("2"), order.index("01"))
        assert world.task("blocked").state == "active"

    in_world(tmp_path, work)


def test_exit_conditions_can_satisfy_dependents_and_end_the_job(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        job = await world.make_job(usesTaskDependencies=True, onTaskFailure="performexitoptionsjobaction")
        conditions: dict[str, Any] = {
            "exitCodes": [{"code": 3, "exitOptions": {"dependencyAction": "Satisfy", "jobAction": "none"}}],
            "default": {"jobAction": "terminate"},
        }
        await world.add("exit 3", exitConditions=conditions)
        (dependent,) = await world.add("true", dependsOn={"taskIds": ["t0"]})
        await world.reaches("completed", dependent)
        assert job.state == "active"
        await world.add("exit 4", exitConditions=conditions)
        await world.job_reaches("completed", job)
        assert job.terminate_reason == "TaskFailed"

    in_world(tmp_path, work)
