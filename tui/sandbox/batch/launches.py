"""From a task as the service keeps it to the launch a node's agent carries out: directories, files, environment.

The environment is complete: an agent adds PATH and its like and nothing that is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.sandbox.batch.ports import NodeHost
from tui.sandbox.batch.records import Job, Node, Task, Wire
from tui.sandbox.batch.times import duration_s, parse_duration
from tui.sandbox.batch.wire_task import task_root
from tui.sandbox.nodes.records import OutputFile, ResourceFile, TaskLaunch

_RESERVED_DISK_BYTES = "1000000000"


@dataclass(frozen=True, slots=True)
class Account:
    """The Batch account as its tasks see it."""

    name: str
    url: str


class Launches:
    """Builds launches for the nodes of one host."""

    def __init__(self, host: NodeHost, account: Account) -> None:
        self._host = host
        self._account = account

    def root(self, node: Node) -> Path:
        return self._host.root(node.pool_id, node.id)

    def task(self, job: Job, task: Task, node: Node, key: str, *, keep_working_directory: bool) -> TaskLaunch:
        wire = task.spec.wire
        directory = self.root(node) / task_root(task)
        return TaskLaunch(
            key=key,
            directory=directory,
            command_line=wire["commandLine"],
            environment={
                **_settings(job.spec.wire.get("commonEnvironmentSettings")),
                **_settings(wire.get("environmentSettings")),
                **self._node_environment(node, directory),
                **self._job_environment(job, node, task.id),
            },
            resource_files=tuple(_resource_files(wire.get("resourceFiles"))),
            output_files=tuple(_output_files(wire.get("outputFiles"))),
            max_wall_clock_s=duration_s(task.spec.max_wall_clock),
            keep_working_directory=keep_working_directory,
        )

    def start_task(self, node: Node, spec: Wire, attempt: int) -> TaskLaunch:
        directory = self.root(node) / "startup"
        return TaskLaunch(
            key=f"startup#{attempt}",
            directory=directory,
            command_line=spec["commandLine"],
            environment={
                **_settings(spec.get("environmentSettings")),
                **self._node_environment(node, directory),
            },
            resource_files=tuple(_resource_files(spec.get("resourceFiles"))),
            keep_working_directory=attempt > 1,
            may_leave_services=True,
        )

    def job_task(self, job: Job, spec: Wire, node: Node, attempt: int) -> TaskLaunch:
        """A preparation or a release task."""
        directory = self.job_directory(job, node) / spec["id"]
        limit = spec["maxWallClockTime"] if "maxWallClockTime" in spec else spec["constraints"]["maxWallClockTime"]
        return TaskLaunch(
            key=self.job_task_key(job, spec, attempt),
            directory=directory,
            command_line=spec["commandLine"],
            environment={
                **_settings(job.spec.wire.get("commonEnvironmentSettings")),
                **_settings(spec.get("environmentSettings")),
                **self._node_environment(node, directory),
                **self._job_environment(job, node, spec["id"]),
            },
            resource_files=tuple(_resource_files(spec.get("resourceFiles"))),
            max_wall_clock_s=duration_s(parse_duration(limit) or 0),
            keep_working_directory=attempt > 1,
            may_leave_services=spec == job.spec.preparation,
        )

    @staticmethod
    def job_task_key(job: Job, spec: Wire, attempt: int) -> str:
        return f"{job.id}/{spec['id']}#{attempt}"

    def job_directory(self, job: Job, node: Node) -> Path:
        return self.root(node) / "workitems" / job.id / "job-1"

    def _node_environment(self, node: Node, directory: Path) -> dict[str, str]:
        root, here = str(self.root(node)), str(directory)
        return {
            "AZ_BATCH_ACCOUNT_NAME": self._account.name,
            "AZ_BATCH_ACCOUNT_URL": self._account.url,
            "AZ_BATCH_CERTIFICATES_DIR": f"{here}/certs",
            "AZ_BATCH_NODE_ID": node.id,
            "AZ_BATCH_NODE_IS_DEDICATED": "true" if node.is_dedicated else "false",
            "AZ_BATCH_NODE_MOUNTS_DIR": f"{root}/fsmounts",
            "AZ_BATCH_NODE_ROOT_DIR": root,
            "AZ_BATCH_NODE_SHARED_DIR": f"{root}/shared",
            "AZ_BATCH_NODE_STARTUP_DIR": f"{root}/startup",
            "AZ_BATCH_NODE_STARTUP_WORKING_DIR": f"{root}/startup/wd",
            "AZ_BATCH_POOL_ID": node.pool_id,
            "AZ_BATCH_RESERVED_DISK_SPACE_BYTES": _RESERVED_DISK_BYTES,
            "AZ_BATCH_TASK_DIR": here,
            "AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES": _RESERVED_DISK_BYTES,
            "AZ_BATCH_TASK_WORKING_DIR": f"{here}/wd",
        }

    def _job_environment(self, job: Job, node: Node, task_id: str) -> dict[str, str]:
        environment = {"AZ_BATCH_JOB_ID": job.id, "AZ_BATCH_TASK_ID": task_id}
        preparation = job.spec.preparation
        if preparation is not None:
            directory = self.job_directory(job, node) / preparation["id"]
            environment["AZ_BATCH_JOB_PREP_DIR"] = str(directory)
            environment["AZ_BATCH_JOB_PREP_WORKING_DIR"] = str(directory / "wd")
        return environment


def _settings(settings: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {setting["name"]: setting.get("value", "") for setting in settings or ()}


def _resource_files(files: Iterable[Mapping[str, Any]] | None) -> Iterable[ResourceFile]:
    for entry in files or ():
        yield ResourceFile(
            file_path=entry.get("filePath", ""),
            http_url=entry.get("httpUrl"),
            container_url=entry.get("storageContainerUrl"),
            blob_prefix=entry.get("blobPrefix", ""),
            file_mode=entry.get("fileMode"),
        )


def _output_files(files: Iterable[Mapping[str, Any]] | None) -> Iterable[OutputFile]:
    for entry in files or ():
        container = entry["destination"]["container"]
        yield OutputFile(
            file_pattern=entry["filePattern"],
            container_url=container["containerUrl"],
            path=container.get("path", ""),
            condition=entry["uploadOptions"]["uploadCondition"].lower(),
        )
