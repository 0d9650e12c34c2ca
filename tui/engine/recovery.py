"""Finds a run on its account, for a machine that has no journal of it: the plan is read, the journal begun.

A run can be found once its uploads are complete, which its manifest says. What its resources prove to be done is
journaled as done, so that nothing of it is made a second time; all else is left to the steps, which look before they
act. Nothing on the account is changed here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tui.core.errors import InputError, NotFound, RunFailed, ServiceFault
from tui.core.events import Step, StepState
from tui.core.ids import RUN_METADATA_KEY, is_run_id
from tui.core.plan import RunPlan
from tui.core.ports import StopSignal
from tui.core.records import ContainerRecord, JobRecord
from tui.core.run_description import (
    DESCRIPTION_KEY,
    MANIFEST_BLOB,
    described_plan,
    manifest_container,
    with_listed_inputs,
)
from tui.core.units import count_text
from tui.engine.journal import Journal
from tui.engine.run_record import ResourceState
from tui.engine.run_tools import RunTools, tell_nobody

FOUND = "found on the account"


@dataclass(frozen=True, slots=True)
class FoundRun:
    """What the account has of a run."""

    plan: RunPlan
    job: JobRecord | None
    has_pool: bool
    """Whether the pool that the run made is there."""


def recover_run(tools: RunTools, run_id: str, destination: str, account: str, stop: StopSignal) -> RunPlan:
    """The plan of `run_id`, whose journal on this machine is begun where it has none.

    Raises InputError where the account has no such run or its uploads are not complete, RunFailed where what is left of
    it is not enough to go on.
    """
    retry = tools.retrier(stop, tell_nobody)
    found = retry(f"looking for {run_id}", lambda: find_run(tools, run_id, destination, account))
    with tools.journals.open(found.plan) as journal:
        if not journal.record.steps:
            _begin(journal, found)
    return found.plan


def find_run(tools: RunTools, run_id: str, destination: str, account: str) -> FoundRun:
    """What the account says of the run; raises as `recover_run`, and ServiceError."""
    if not is_run_id(run_id):
        raise InputError("Not a run id", repr(run_id), "lower-case letters, digits and single hyphens, at most 40")
    containers = {item.name: item for item in tools.storage.list_containers(f"{run_id}-") if _is_of(item, run_id)}
    described = [item for item in containers.values() if DESCRIPTION_KEY in item.metadata]
    if not described:
        raise InputError(
            "No such run",
            f"neither this machine nor the account {account} has a run called {run_id}",
            "check the name and the account",
        )
    plan = described_plan(run_id, described[0].metadata[DESCRIPTION_KEY], destination, account)
    there = {name for name, item in containers.items() if plan.made(item.metadata)}
    gone = [name for name in plan.containers if name not in there]
    if plan.containers[0] not in gone:
        plan = with_listed_inputs(plan, _manifest(tools, plan))
    if gone:  # they are made in their order: without the first, or with its list of inputs, there were others
        raise RunFailed("The run is not whole any more", f"container {gone[0]} is gone", "start a new run")
    return FoundRun(plan, _job(tools, plan), _has_pool(tools, plan))


def _is_of(container: ContainerRecord, run_id: str) -> bool:
    return container.metadata.get(RUN_METADATA_KEY) == run_id


def _manifest(tools: RunTools, plan: RunPlan) -> bytes:
    container = manifest_container(plan)
    blob = tools.storage.get_blob(container, MANIFEST_BLOB)
    if blob is None:
        if tools.storage.get_container(container) is None:
            raise RunFailed("The run is not whole any more", f"container {container} is gone", "start a new run")
        raise InputError(
            "The run's uploads are not complete",
            f"{container} does not list its inputs yet",
            "resume it on the machine that has the inputs",
        )
    try:
        content = tools.storage.read_blob(container, MANIFEST_BLOB, 0, blob.size_bytes, blob.etag)
    except NotFound as problem:
        raise RunFailed("The run is not whole any more", f"container {container} is gone") from problem
    if blob.content_md5 and hashlib.md5(content, usedforsecurity=False).digest() != blob.content_md5:
        raise ServiceFault("The run's list of inputs arrived damaged", f"{MANIFEST_BLOB} of {container}")
    return content


def _job(tools: RunTools, plan: RunPlan) -> JobRecord | None:
    job = tools.batch.get_job(plan.job_id)
    if job is None and next(iter(tools.storage.list_blobs(plan.output_container)), None) is not None:
        # Going on would make pool and job once more and run every task again.
        raise RunFailed(
            "The run is over and its job is gone",
            f"its outputs are in container {plan.output_container}",
            "take them from there, or start a new run",
        )
    if job is not None and not plan.made(job.metadata):
        raise RunFailed("The job exists already", f"job {job.id} was not made by this run", "nothing of it was touched")
    return job


def _has_pool(tools: RunTools, plan: RunPlan) -> bool:
    pool = tools.batch.get_pool(plan.pool.id) if plan.makes_pool else None
    return pool is not None and plan.made(pool.metadata)


def _begin(journal: Journal, found: FoundRun) -> None:
    """Journals what is proved: the resources that are there, and the steps that made them."""
    plan, job = found.plan, found.job
    for container in plan.containers:
        journal.resource("container", container, ResourceState.MADE)
    done = [Step.CONTAINERS, Step.UPLOAD]
    if found.has_pool:
        journal.resource("pool", plan.pool.id, ResourceState.MADE)
    if job is not None:
        journal.resource("job", job.id, ResourceState.MADE)
        done += [Step.POOL, Step.JOB]
        if job.terminates_when_done or job.is_over:
            # It is told to end with its tasks only once the last of them was added.
            done.append(Step.TASKS)
    for step in done:
        what = count_text(len(plan.inputs), "task") if step is Step.TASKS else FOUND
        journal.step(step, StepState.DONE, what)
    journal.note(f"{FOUND}; the journal begins here")
