"""Specs as the JSON that Batch takes; the only place where a signed URL enters a body.

https://learn.microsoft.com/rest/api/batchservice/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.core.specs import (
    EnvironmentSpec,
    JobSpec,
    OutputFileSpec,
    PoolSpec,
    ResourceFileSpec,
    Signer,
    StartTaskSpec,
    TaskSpec,
)
from tui.core.units import iso_duration

Body = dict[str, Any]


def pool_body(pool: PoolSpec, sign: Signer) -> Body:
    reference = pool.image.reference
    body: Body = {
        "id": pool.id,
        "vmSize": pool.vm_size,
        "virtualMachineConfiguration": {
            "imageReference": {
                "publisher": reference.publisher,
                "offer": reference.offer,
                "sku": reference.sku,
                "version": reference.version,
            },
            "nodeAgentSKUId": pool.image.node_agent_sku_id,
        },
        "targetDedicatedNodes": pool.dedicated,
        "targetLowPriorityNodes": pool.spot,
        "taskSlotsPerNode": pool.slots_per_node,
        "metadata": _metadata(pool.metadata),
    }
    if pool.start_task is not None:
        body["startTask"] = start_task_body(pool.start_task, sign)
    return body


def start_task_body(task: StartTaskSpec, sign: Signer) -> Body:
    return {**_set_up(task, sign), "maxTaskRetryCount": task.max_retry_count}


def job_body(job: JobSpec, sign: Signer) -> Body:
    """A job without tasks is a job whose tasks are all complete, so it must not end by itself from the start."""
    constraints: Body = {"maxTaskRetryCount": job.max_task_retry_count}
    if job.max_wall_clock_s is not None:
        constraints["maxWallClockTime"] = iso_duration(job.max_wall_clock_s)
    body: Body = {
        "id": job.id,
        "priority": job.priority,
        "constraints": constraints,
        "poolInfo": {"poolId": job.pool_id},
        "onAllTasksComplete": "noaction",
        "metadata": _metadata(job.metadata),
    }
    if job.preparation_task is not None:
        body["jobPreparationTask"] = {
            **_set_up(job.preparation_task, sign),
            "constraints": {"maxTaskRetryCount": job.preparation_task.max_retry_count},
        }
        if job.release_command_line:
            body["jobReleaseTask"] = {
                "commandLine": job.release_command_line,
                "userIdentity": _user(job.preparation_task),
            }
    return body


def task_body(task: TaskSpec, sign: Signer) -> Body:
    body: Body = {"id": task.id, "commandLine": task.command_line}
    if task.resource_files:
        body["resourceFiles"] = [_resource_file(file, sign) for file in task.resource_files]
    if task.output_files:
        body["outputFiles"] = [_output_file(file, sign) for file in task.output_files]
    if task.environment:
        body["environmentSettings"] = [_environment(setting, sign) for setting in task.environment]
    return body


def _set_up(task: StartTaskSpec, sign: Signer) -> Body:
    """What a start task and a job preparation task have in common; the nodes wait for either."""
    return {
        "commandLine": task.command_line,
        "resourceFiles": [_resource_file(file, sign) for file in task.resource_files],
        "userIdentity": _user(task),
        "waitForSuccess": True,
    }


def _user(task: StartTaskSpec) -> Body:
    return {"autoUser": {"scope": "pool", "elevationLevel": "admin" if task.is_elevated else "nonadmin"}}


def _resource_file(file: ResourceFileSpec, sign: Signer) -> Body:
    return {"httpUrl": sign(file.source).reveal(), "filePath": file.file_path}


def _output_file(file: OutputFileSpec, sign: Signer) -> Body:
    return {
        "filePattern": file.file_pattern,
        "destination": {"container": {"containerUrl": sign(file.container).reveal(), "path": file.path}},
        "uploadOptions": {"uploadCondition": file.condition},
    }


def _environment(setting: EnvironmentSpec, sign: Signer) -> Body:
    value = setting.value if isinstance(setting.value, str) else sign(setting.value).reveal()
    return {"name": setting.name, "value": value}


def _metadata(metadata: Mapping[str, str]) -> list[Body]:
    return [{"name": name, "value": value} for name, value in metadata.items()]
