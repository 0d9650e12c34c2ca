"""Jobs through their states: by themselves, by request, by the clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.batch.fakes import until
from tests.sandbox.batch.world import World, in_world


def test_a_job_ends_itself_once_all_its_tasks_are_done(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        job = await world.make_job()
        tasks = await world.add("true", "exit 1")
        await world.reaches("completed", *tasks)
        assert job.state == "active"
        await world.send("PATCH", "/jobs/job", {"onAllTasksComplete": "TerminateJob"})
        await world.job_reaches("completed", job)
        wire = await world.get("/jobs/job")
        assert wire["executionInfo"]["terminateReason"] == "AllTasksCompleted"
        assert wire["previousState"] == "terminating"
        assert (await world.send("POST", "/jobs/job/tasks", {"id": "x", "commandLine": "true"})).code == "JobCompleted"
        assert (await world.send("POST", "/jobs/job/terminate")).code == "JobCompleted"

    in_world(tmp_path, work)


def test_a_job_asked_to_end_when_done_ends_with_its_last_task(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        job = await world.make_job()
        first, last = await world.add("true", "wait")
        await world.send("PATCH", "/jobs/job", {"onAllTasksComplete": "terminatejob"})
        await world.reaches("completed", first)
        assert job.state == "active"
        await world.send("DELETE", f"/jobs/job/tasks/{last.id}")
        await world.job_reaches("completed", job)

    in_world(tmp_path, work)


def test_a_job_without_tasks_that_is_to_end_when_done_ends_at_once(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        job = await world.make_job(onAllTasksComplete="terminatejob")
        await world.job_reaches("completed", job)

    in_world(tmp_path, work)


def test_terminating_a_job_ends_running_tasks_and_leaves_waiting_ones(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        job = await world.make_job()
        running, waiting = await world.add("wait", "wait")
        await world.reaches("running", running)
        answer = await world.send("POST", "/jobs/job/terminate")
        assert (answer.status, answer.headers["dataserviceid"]) == (202, "http://127.0.0.1:1234/jobs/job/terminate")
        await world.job_reaches("completed", job)
        assert (running.state, waiting.state) == ("completed", "active")
        assert running.failure is not None
        assert running.failure.code == "TaskEnded"
        assert job.terminate_reason == "UserTerminate"
        assert world.nodes()[0].used_slots == 0

    in_world(tmp_path, work)


def test_a_jobs_wall_clock_terminates_it(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        job = await world.make_job(constraints={"maxWallClockTime": "P2DT5M"})
        (task,) = await world.add("wait")
        await until(lambda: job.state == "completed", "the time is over", timeout_s=200_000, step_s=600)
        assert job.terminate_reason == "MaxWallClockTimeExpiry"
        assert task.state == "completed"
        assert job.end_time is not None
        assert (job.end_time - job.created) / 1e7 == pytest.approx(2 * 86_400 + 300, abs=5)

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    ("option", "state", "requeues"), [("requeue", "active", 1), ("terminate", "completed", 0), ("wait", "completed", 0)]
)
def test_a_disabled_job_treats_running_tasks_as_told_and_starts_none(
    tmp_path: Path, option: str, state: str, requeues: int
) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        job = await world.make_job()
        running, waiting = await world.add("wait", "true")
        await world.reaches("running", running)
        await world.post("/jobs/job/disable", {"disableTasks": option})
        if option == "wait":
            assert job.state == "disabling"
            await until(lambda: bool(world.host.launches), "the preparation runs")
            world.host.agents[world.nodes()[0].id].let_go("job/t0#1")
        await world.job_reaches("disabled", job)
        assert (running.state, running.requeue_count) == (state, requeues)
        assert waiting.state == "active"
        await world.post("/jobs/job/enable")
        assert job.state == "active"
        await until(lambda: waiting.state == "completed" or running.state == "running", "work goes on")

    in_world(tmp_path, work)


def test_a_task_that_succeeded_before_it_could_be_queued_again_is_not_run_twice(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        job = await world.make_job()
        (task,) = await world.add("wait")
        await world.reaches("running", task)
        agent = world.host.agents[world.nodes()[0].id]
        agent.let_go(agent.launches[0].key)
        await world.post("/jobs/job/disable", {"disableTasks": "requeue"})
        await until(lambda: job.state == "disabled", "disabled")
        assert (task.state, task.succeeded, task.requeue_count) == ("completed", True, 0)

    in_world(tmp_path, work)


def test_deleting_a_job_ends_its_tasks_and_removes_its_files(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job()
        done, running = await world.add("true", "wait")
        await world.reaches("running", running)
        folder = world.host.root("pool", world.nodes()[0].id) / "workitems" / "job"
        assert (folder / "job-1" / done.id).is_dir()
        assert (await world.send("DELETE", "/jobs/job")).status == 202
        await until(lambda: not world.service.state.jobs, "the job is gone")
        assert (await world.send("GET", "/jobs/job")).code == "JobNotFound"
        assert not folder.exists()
        await world.make_job()
        assert (await world.get("/jobs/job/tasks"))["value"] == []

    in_world(tmp_path, work)


def test_a_job_being_deleted_refuses_everything(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job(jobPreparationTask={"commandLine": "true"}, jobReleaseTask={"commandLine": "wait"})
        (task,) = await world.add("true")
        await world.reaches("completed", task)
        await world.send("DELETE", "/jobs/job")
        assert (await world.get("/jobs/job"))["state"] == "deleting"
        for method, path in (("DELETE", ""), ("POST", "/terminate"), ("POST", "/tasks"), ("PATCH", "")):
            answer = await world.send(method, f"/jobs/job{path}", {"id": "x", "commandLine": "true"})
            assert (answer.status, answer.code) == (409, "JobBeingDeleted")

    in_world(tmp_path, work)


@pytest.mark.parametrize("is_launched", [True, False])
@pytest.mark.parametrize("ending", ["terminate the task", "terminate the job", "delete the job"])
def test_nothing_waits_for_a_preparation_that_never_ends(tmp_path: Path, ending: str, is_launched: bool) -> None:
    async def work(world: World) -> None:
        await world.make_pool(taskSlotsPerNode=2)
        constraints = {"maxTaskRetryCount": -1}
        job = await world.make_job(jobPreparationTask={"commandLine": "wait", "constraints": constraints})
        first, second = await world.add("true", "true")
        await world.reaches("preparing", first, second)
        if is_launched:
            await until(lambda: bool(world.host.launches), "the preparation runs")
        if ending == "terminate the task":
            await world.post("/jobs/job/tasks/t0/terminate")
            await world.reaches("completed", first)
            assert first.start_time is None
            await until(lambda: bool(world.host.launches), "the preparation runs")
            world.host.agents[world.nodes()[0].id].let_go("job/jobpreparation#1")
            await world.reaches("completed", second)
        elif ending == "terminate the job":
            await world.post("/jobs/job/terminate")
            await world.job_reaches("completed", job)
            assert (first.state, second.state) == ("completed", "completed")
            for done in job.node_tasks.values():
                assert done.preparation is not None
                assert done.preparation.retry_count == 0
        else:
            await world.send("DELETE", "/jobs/job")
            await until(lambda: not world.service.state.jobs, "the job is gone")
        assert world.nodes()[0].used_slots == 0
        assert not world.host.agents[world.nodes()[0].id].running

    in_world(tmp_path, work)
