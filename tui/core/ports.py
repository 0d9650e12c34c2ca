"""What the engine needs of the world, as Protocols; the gateways implement them, tests implement them with fakes.

Every method blocks, raises only `tui.core.errors` and bounds its own waiting. A method that changes something retries
by itself only where a repetition cannot do harm; after an `Unreachable` or `ServiceFault` the caller reads back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from tui.core.events import RunEvent
from tui.core.records import (
    BlobRecord,
    ContainerRecord,
    ImageInfo,
    JobRecord,
    NodeFile,
    NodePreparation,
    NodeRecord,
    PoolRecord,
    TaskAddResult,
    TaskCounts,
    TaskDetail,
    TaskPage,
)
from tui.core.redaction import Secret
from tui.core.specs import JobSpec, Permissions, PoolSpec, Signer, StartTaskSpec, TaskSpec


class BatchPort(Protocol):
    """The Batch service of one account."""

    @property
    def request_count(self) -> int:
        """HTTP requests sent so far, for the rate on screen."""
        ...

    def list_images(self) -> tuple[ImageInfo, ...]: ...

    def list_pools(self) -> tuple[PoolRecord, ...]: ...

    def get_pool(self, pool_id: str) -> PoolRecord | None:
        """None where there is no such pool."""
        ...

    def create_pool(self, pool: PoolSpec, sign: Signer) -> None:
        """Raises AlreadyExists where the id is taken."""
        ...

    def resize_pool(self, pool_id: str, dedicated: int, spot: int) -> None: ...

    def renew_start_task(self, pool_id: str, start_task: StartTaskSpec, sign: Signer) -> None:
        """Replaces what nodes that come up from now on do first; with it, the SAS they do it with."""
        ...

    def delete_pool(self, pool_id: str) -> None:
        """Starts the deletion; fine where it is under way. Raises NotFound where there is none."""
        ...

    def list_nodes(self, pool_id: str) -> tuple[NodeRecord, ...]: ...

    def create_job(self, job: JobSpec, sign: Signer) -> None:
        """Raises AlreadyExists where the id is taken. The job does not end by itself yet."""
        ...

    def list_jobs(self) -> tuple[JobRecord, ...]: ...

    def get_job(self, job_id: str) -> JobRecord | None: ...

    def list_preparations(self, job_id: str) -> tuple[NodePreparation, ...]:
        """Of the nodes that a task of the job came to; none where the job prepares nothing."""
        ...

    def end_job_when_done(self, job_id: str) -> None:
        """From now on the job terminates once all its tasks are completed; only after all were added."""
        ...

    def terminate_job(self, job_id: str, reason: str) -> None: ...

    def delete_job(self, job_id: str) -> None: ...

    def add_tasks(self, job_id: str, tasks: Sequence[TaskSpec], sign: Signer) -> tuple[TaskAddResult, ...]:
        """One request of at most 100 tasks; results by task id. Raises TooLarge where the body must be split."""
        ...

    def list_tasks(self, job_id: str, changed_since: str | None = None) -> Iterator[TaskPage]:
        """All tasks, or those whose state changed at or after the service's time `changed_since`; no retry."""
        ...

    def count_tasks(self, job_id: str) -> TaskCounts:
        """The service's counts; no retry."""
        ...

    def get_task(self, job_id: str, task_id: str) -> TaskDetail | None: ...

    def terminate_task(self, job_id: str, task_id: str) -> bool:
        """False where it was over already. Raises NotFound where there is none."""
        ...

    def reactivate_task(self, job_id: str, task_id: str) -> None: ...

    def delete_task(self, job_id: str, task_id: str) -> None:
        """Raises NotFound where there is none."""
        ...

    def list_task_files(self, job_id: str, task_id: str) -> tuple[NodeFile, ...]: ...

    def find_task_file(self, job_id: str, task_id: str, path: str) -> NodeFile:
        """Its size and when it was last changed; raises NotFound while there is no such file."""
        ...

    def read_task_file(self, job_id: str, task_id: str, path: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty at the end."""
        ...

    def list_node_files(self, pool_id: str, node_id: str) -> tuple[NodeFile, ...]: ...

    def read_node_file(self, pool_id: str, node_id: str, path: str, offset: int, length: int) -> bytes: ...

    def close(self) -> None: ...


class StoragePort(Protocol):
    """The Blob service of one storage account."""

    @property
    def account_name(self) -> str: ...

    def list_containers(self, prefix: str = "") -> tuple[ContainerRecord, ...]: ...

    def get_container(self, container: str) -> ContainerRecord | None: ...

    def create_container(self, container: str, metadata: Mapping[str, str]) -> None:
        """Raises AlreadyExists where the name is taken."""
        ...

    def delete_container(self, container: str) -> None:
        """Raises NotFound where there is none."""
        ...

    def list_blobs(self, container: str, prefix: str = "") -> Iterator[BlobRecord]: ...

    def get_blob(self, container: str, blob: str) -> BlobRecord | None: ...

    def put_blob(self, container: str, blob: str, content: bytes, content_md5: bytes) -> None:
        """One request; the service verifies `content_md5` (16 bytes) and keeps it. Replaces what is there."""
        ...

    def put_block(self, container: str, blob: str, block_id: str, content: bytes) -> None:
        """Stages one block; ids of one blob have one length."""
        ...

    def list_staged_blocks(self, container: str, blob: str) -> Mapping[str, int]:
        """Size in bytes of each staged block by its id; empty where there is none."""
        ...

    def commit_blocks(self, container: str, blob: str, block_ids: Sequence[str], content_md5: bytes) -> None: ...

    def read_blob(self, container: str, blob: str, offset: int, length: int, etag: str = "") -> bytes:
        """One range; raises Conflict where the blob is no longer the one of `etag`."""
        ...

    def delete_blob(self, container: str, blob: str) -> None: ...

    def sign(self, container: str, permissions: Permissions, expires_s: float, blob: str | None = None) -> Secret:
        """The container's URL, or the blob's, with a SAS of the container that ends at `expires_s`."""
        ...

    def close(self) -> None: ...


class StopSignal(Protocol):
    """What `threading.Event` is to whoever waits on it."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class ClockPort(Protocol):
    """Time, as an argument: tests turn it by hand."""

    def now_s(self) -> float:
        """Unix seconds. The difference of two is the time that passed, also where the machine's clock was set."""
        ...

    def wall_s(self) -> float:
        """Unix seconds by the machine's clock as it is set now: what a service compares with its own."""
        ...

    def monotonic_s(self) -> float: ...

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        """Waits for `stop` at most so long; True once it is set."""
        ...


Publish = Callable[[RunEvent], None]
"""Where events go; called from engine threads, returns at once."""
