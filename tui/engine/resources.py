"""Pool, job and container by kind and name: found, and sent on their way out."""

from __future__ import annotations

from collections.abc import Mapping

from tui.core.deletion import ResourceKind
from tui.core.errors import Conflict, NotFound
from tui.core.ports import BatchPort, StoragePort
from tui.core.records import ContainerRecord, JobRecord, PoolRecord


def metadata_of(batch: BatchPort, storage: StoragePort, kind: ResourceKind, name: str) -> Mapping[str, str] | None:
    """The metadata of a resource, or None where there is none."""
    found: ContainerRecord | PoolRecord | JobRecord | None
    match kind:
        case "container":
            found = storage.get_container(name)
        case "pool":
            found = batch.get_pool(name)
        case "job":
            found = batch.get_job(name)
    return None if found is None else found.metadata


def start_deletion(batch: BatchPort, storage: StoragePort, kind: ResourceKind, name: str) -> bool:
    """Starts it, or finds it under way; True where there is nothing left to delete."""
    try:
        match kind:
            case "container":
                storage.delete_container(name)
            case "pool":
                batch.delete_pool(name)
            case "job":
                batch.delete_job(name)
    except NotFound:
        return True
    except Conflict as problem:
        if "BeingDeleted" not in problem.code:
            raise
    return False
