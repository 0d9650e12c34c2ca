"""Submitting 10,000 tasks over a network, against the SDK's own `create_tasks` at its best concurrency."""

from __future__ import annotations

import time
from collections.abc import Iterable

from azure.batch import models

from tests.perf.bench import NETWORK_MS, Bench, bench
from tests.perf.figures import Figure, Line, seconds_of
from tui.core.plan import ExistingPool, PlannedInput, RunPlan
from tui.core.specs import EnvironmentSpec, JobSpec, Signer, TaskSpec
from tui.engine.steps import tasks

TASKS = 10_000
_CONCURRENCIES = (4, 8, 16)
_ROUNDS = 2
_CONTAINER = "perf-input"


def figures() -> Iterable[Line]:
    """From inputs to tasks that are there. Ours is the step of a run, with its look for tasks that are there already
    and the job's end armed; theirs makes its models and calls the SDK. In turns, the best of each.
    """
    with bench(NETWORK_MS) as on:
        for container in (_CONTAINER, "perf-0-output", "perf-1-output"):
            on.storage.create_container(container, {})
        ours, theirs = float("inf"), dict.fromkeys(_CONCURRENCIES, float("inf"))
        for number in range(_ROUNDS):
            for count in _CONCURRENCIES:
                theirs[count] = min(theirs[count], _sdk(on, count))
            ours = min(ours, _ours(on, number))
    best = min(theirs, key=lambda count: theirs[count])
    note = f"{ours:.1f} s against {theirs[best]:.1f} s with max_concurrency={best}"
    yield Figure(f"submit {TASKS:,} tasks at 20 ms", theirs[best] / ours, 1.2, at_least=True, note=note)


def _plan(number: int) -> RunPlan:
    inputs = tuple(PlannedInput(f"input-{index:05}.txt", 4_096, None) for index in range(TASKS))
    return RunPlan(
        f"perf-{number}", "top-words", inputs, ExistingPool("none"), 3_600, "/outputs",
        parameters=(("delay", 0.0), ("words", 3.0)), existing_input_container=_CONTAINER,
    )  # fmt: skip


def _ours(on: Bench, number: int) -> float:
    plan = _plan(number)
    with on.context(plan) as context:
        on.batch.create_job(JobSpec(plan.job_id, "none", 0, None, 0, None), context.sign)
        seconds = seconds_of(lambda: tasks.run(context))
        assert sum(len(page.rows) for page in on.batch.list_tasks(plan.job_id)) == TASKS
        on.batch.delete_job(plan.job_id)
    return seconds


def _sdk(on: Bench, concurrency: int) -> float:
    """The same tasks as the SDK's models."""
    plan, job_id = _plan(0), f"sdk-{concurrency}"
    with on.context(plan) as context, on.sdk_batch() as client:
        on.batch.create_job(JobSpec(job_id, "none", 0, None, 0, None), context.sign)
        started = time.perf_counter()
        models_of_tasks = [_model(plan.task(index), context.sign) for index in range(TASKS)]
        client.create_tasks(job_id, models_of_tasks, max_concurrency=concurrency)
        seconds = time.perf_counter() - started
        assert sum(len(page.rows) for page in on.batch.list_tasks(job_id)) == TASKS
        on.batch.delete_job(job_id)
    return seconds


def _model(task: TaskSpec, sign: Signer) -> models.BatchTaskCreateOptions:
    return models.BatchTaskCreateOptions(
        id=task.id,
        command_line=task.command_line,
        resource_files=[
            models.ResourceFile(http_url=sign(file.source).reveal(), file_path=file.file_path)
            for file in task.resource_files
        ],
        output_files=[
            models.OutputFile(
                file_pattern=file.file_pattern,
                destination=models.OutputFileDestination(
                    container=models.OutputFileBlobContainerDestination(
                        container_url=sign(file.container).reveal(), path=file.path
                    )
                ),
                upload_options=models.OutputFileUploadConfiguration(upload_condition=file.condition),
            )
            for file in task.output_files
        ],
        environment_settings=[
            models.EnvironmentSetting(name=setting.name, value=_value(setting, sign)) for setting in task.environment
        ],
    )


def _value(setting: EnvironmentSpec, sign: Signer) -> str:
    return setting.value if isinstance(setting.value, str) else sign(setting.value).reveal()
