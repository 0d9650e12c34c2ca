"""Reads what a run still has from the service: bounded, and without changing anything.

What the journal knows decides which files are on this machine already; what exists is the service's to say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from tui.core.deletion import FileTally, Remains, RunResource
from tui.core.download_choice import log_owner
from tui.core.errors import NotFound
from tui.core.plan import LOG_PREFIX, RunPlan
from tui.core.ports import StopSignal
from tui.core.presence import Presence
from tui.core.records import BlobRecord, ContainerRecord, JobRecord, PoolRecord, TaskCounts
from tui.core.run_description import MANIFEST_BLOB
from tui.engine.run_record import RunRecord
from tui.engine.run_tools import RunTools, tell_nobody

BLOBS_COUNTED = 50_000
"""So many blobs of a run are looked at; beyond this the figures are said to be the least there is."""

_IDLE_JOB_STATES = ("completed", "deleting", "terminating")


def read_remains(tools: RunTools, record: RunRecord, stop: StopSignal, *, counts_files: bool = True) -> Remains:
    """What `record`'s run has now; without `counts_files` only what exists and what the tasks do.

    Raises ServiceError where the service cannot tell within the tools' patience, Interrupted once `stop` is set.
    """
    retry = tools.retrier(stop, tell_nobody)
    return retry(f"looking for what {record.plan.run_id} has", lambda: _Look(tools, record, stop).read(counts_files))


class _Look:
    def __init__(self, tools: RunTools, record: RunRecord, stop: StopSignal) -> None:
        self._batch, self._storage, self._clock = tools.batch, tools.storage, tools.clock
        self._record = record
        self._plan = record.plan
        self._stop = stop
        self._looked_at = 0

    def read(self, counts_files: bool) -> Remains:
        plan, storage = self._plan, self._storage
        job = self._batch.get_job(plan.job_id)
        pool = self._batch.get_pool(plan.pool.id) if plan.makes_pool else None
        containers = {name: storage.get_container(name) for name in plan.containers}
        own_job = job if _presence(plan, job) is not Presence.FOREIGN else None
        own_pool = pool if _presence(plan, pool) is not Presence.FOREIGN else None
        counts = TaskCounts() if own_job is None else self._counts()
        resources = [RunResource("job", plan.job_id, _presence(plan, job))]
        if plan.makes_pool:
            resources.append(RunResource("pool", plan.pool.id, _presence(plan, pool)))
        resources += [RunResource("container", name, _presence(plan, found)) for name, found in containers.items()]
        remains = Remains(
            run_id=plan.run_id,
            read_s=self._clock.now_s(),
            resources=tuple(resources),
            counts=counts,
            job=own_job,
            pool=own_pool,
            counts_files=counts_files,
            is_billed=plan.is_billed,
        )
        if not counts_files:
            return remains
        own = [item.name for item in resources if item.kind == "container" and item.presence is Presence.PRESENT]
        return self._with_files(remains, own)

    def _counts(self) -> TaskCounts:
        try:
            return self._batch.count_tasks(self._plan.job_id)
        except NotFound:  # it went in between
            return TaskCounts()

    def _with_files(self, remains: Remains, containers: list[str]) -> Remains:
        stored = lost = FileTally()
        logged: set[str] = set()
        for container in containers:
            for blob in self._blobs(container):
                stored = FileTally(stored.files + 1, stored.size_bytes + blob.size_bytes)
                if container != self._plan.output_container:
                    continue
                if blob.name.startswith(LOG_PREFIX):
                    logged.add(log_owner(blob.name))
                elif blob.name != MANIFEST_BLOB and not self._is_here(blob):
                    lost = FileTally(lost.files + 1, lost.size_bytes + blob.size_bytes)
        is_whole = self._looked_at <= BLOBS_COUNTED
        begun = remains.counts.running + remains.counts.completed
        has_nodes = remains.pool is not None and remains.pool.current_nodes > 0
        may_be_on_nodes = is_whole and (has_nodes or not self._plan.makes_pool)
        return Remains(
            run_id=remains.run_id,
            read_s=remains.read_s,
            resources=remains.resources,
            counts=remains.counts,
            job=remains.job,
            pool=remains.pool,
            stored=stored,
            not_downloaded=lost,
            stored_logs=len(logged),
            logs_on_nodes=max(0, begun - len(logged)) if may_be_on_nodes else 0,
            other_jobs=self._other_jobs() if remains.pool is not None else (),
            is_whole=is_whole,
            is_billed=remains.is_billed,
        )

    def _blobs(self, container: str) -> Iterator[BlobRecord]:
        try:
            for blob in self._storage.list_blobs(container):
                self._looked_at += 1
                if self._looked_at > BLOBS_COUNTED or self._stop.is_set():
                    return
                yield blob
        except NotFound:
            return

    def _is_here(self, blob: BlobRecord) -> bool:
        """Whether the blob was downloaded as it is, and the file is still there."""
        moved = self._record.files_moved.get(("down", blob.name))
        if moved is None or moved.size_bytes != blob.size_bytes:
            return False
        if moved.md5 and blob.content_md5 and moved.md5 != blob.content_md5.hex():
            return False
        try:
            return os.stat(moved.path).st_size == blob.size_bytes
        except (OSError, ValueError):
            return False

    def _other_jobs(self) -> tuple[str, ...]:
        return tuple(
            job.id
            for job in self._batch.list_jobs()
            if job.pool_id == self._plan.pool.id and job.id != self._plan.job_id and job.state not in _IDLE_JOB_STATES
        )


def _presence(plan: RunPlan, found: ContainerRecord | PoolRecord | JobRecord | None) -> Presence:
    if found is None:
        return Presence.GONE
    if not plan.made(found.metadata):
        return Presence.FOREIGN
    is_going = not isinstance(found, ContainerRecord) and found.state == "deleting"
    return Presence.DELETING if is_going else Presence.PRESENT
