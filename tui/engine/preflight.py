"""The pre-flight of a plan, live: every item looked at as soon as nothing holds it up, and told when it is settled.

It only looks: nothing is created, changed or deleted, here or at the service. Items run on daemon threads, because a
call under way cannot be cancelled; findings are told from the caller's thread. No item is waited for longer than its
limit, and a set stop signal ends the wait at once.
"""

from __future__ import annotations

import os
import queue
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tui.core.errors import BatchTuiError, InputError, Interrupted
from tui.core.plan import ExistingPool, NewPool, PlannedInput, RunPlan
from tui.core.ports import ClockPort, StopSignal
from tui.core.preflight import (
    Finding,
    InputTrouble,
    Item,
    Preflight,
    Verdict,
    blocked,
    failed,
    judge_error,
    judge_image,
    judge_inputs,
    judge_names,
    judge_pool,
    judge_programs,
    not_finished,
    passed,
)
from tui.core.records import BlobRecord, ContainerRecord, ImageInfo, JobRecord, PoolRecord
from tui.engine.downloads import check_destination
from tui.engine.local_files import local_error

ITEM_LIMIT_S = 20.0

_STOP_CHECK_S = 0.1
"""How long the wait for a finding overlooks the stop signal and the limits."""


class BatchLook(Protocol):
    """What a pre-flight asks of Batch; `BatchPort` does it."""

    def list_images(self) -> tuple[ImageInfo, ...]: ...

    def get_pool(self, pool_id: str) -> PoolRecord | None: ...

    def get_job(self, job_id: str) -> JobRecord | None: ...


class StorageLook(Protocol):
    """What a pre-flight asks of Storage; `StoragePort` does it."""

    def get_container(self, container: str) -> ContainerRecord | None: ...

    def list_blobs(self, container: str, prefix: str = "") -> Iterator[BlobRecord]: ...


@dataclass(frozen=True, slots=True)
class PreflightTools:
    """What a pre-flight reaches."""

    batch: BatchLook
    storage: StorageLook
    clock: ClockPort
    knows_run: Callable[[str], bool]
    """Whether this machine has a journal of that run."""
    find_program: Callable[[str], str | None]
    """Where a program is on this machine; asked only where tasks run here."""
    on_sandbox: bool = False


def run_preflight(
    plan: RunPlan,
    tools: PreflightTools,
    stop: StopSignal,
    report: Callable[[Finding], object],
    limit_s: float = ITEM_LIMIT_S,
) -> Preflight:
    """Every item settled, each told to `report` when it begins and when it ends. Interrupted once `stop` is set."""
    return _Inspection(plan, tools, stop, report, limit_s).run()


@dataclass(frozen=True, slots=True)
class _Settled:
    """An item's last word; `defect` is what nobody foresaw."""

    item: Item
    finding: Finding | None = None
    defect: BaseException | None = None


class _Inspection:
    """One run of the list."""

    def __init__(
        self,
        plan: RunPlan,
        tools: PreflightTools,
        stop: StopSignal,
        report: Callable[[Finding], object],
        limit_s: float,
    ) -> None:
        self._abandoned = threading.Event()
        self._looks = _looks(plan, tools, self._abandoned)
        self._clock = tools.clock
        self._stop = stop
        self._report = report
        self._limit_s = limit_s
        self._list = Preflight.of(plan, on_sandbox=tools.on_sandbox)
        self._deadlines: dict[Item, float] = {}
        self._mailbox: queue.SimpleQueue[_Settled] = queue.SimpleQueue()

    def run(self) -> Preflight:
        try:
            self._begin_ready()
            while not self._list.is_over:
                if self._stop.is_set():
                    raise Interrupted("The pre-flight was stopped")
                self._wait_once()
                self._begin_ready()
        finally:
            self._abandoned.set()
        return self._list

    def _wait_once(self) -> None:
        try:
            settled = self._mailbox.get(timeout=_STOP_CHECK_S)
        except queue.Empty:
            self._give_up_late()
            return
        if settled.defect is not None:
            raise settled.defect
        # An item that was given up may still be answered; what was told stays.
        if settled.finding is not None and settled.item in self._deadlines:
            self._settle(settled.finding)

    def _begin_ready(self) -> None:
        while ready := self._list.ready:
            for item in ready:
                obstacle = self._list.obstacle(item)
                if obstacle is not None:
                    self._settle(blocked(item, obstacle))
                else:
                    self._begin(item)

    def _begin(self, item: Item) -> None:
        self._tell(Finding(item, Verdict.RUNNING))
        self._deadlines[item] = self._clock.monotonic_s() + self._limit_s
        threading.Thread(target=self._look, args=(item,), name=f"pre-flight {item}", daemon=True).start()

    def _look(self, item: Item) -> None:
        try:
            self._mailbox.put(_Settled(item, self._found(item)))
        except BaseException as defect:  # outermost of its thread: handed to the caller, which raises it
            self._mailbox.put(_Settled(item, defect=defect))

    def _found(self, item: Item) -> Finding:
        try:
            return self._looks[item]()
        except BatchTuiError as error:
            return judge_error(item, error)

    def _give_up_late(self) -> None:
        now_s = self._clock.monotonic_s()
        for item in [item for item, deadline_s in self._deadlines.items() if now_s >= deadline_s]:
            self._settle(not_finished(item, self._limit_s))

    def _settle(self, finding: Finding) -> None:
        self._deadlines.pop(finding.item, None)
        self._tell(finding)

    def _tell(self, finding: Finding) -> None:
        self._list = self._list.with_finding(finding)
        self._report(finding)


def _looks(plan: RunPlan, tools: PreflightTools, abandoned: StopSignal) -> dict[Item, Callable[[], Finding]]:
    """How each item is looked at."""

    def batch() -> Finding:
        tools.batch.get_job(plan.job_id)
        return passed(Item.BATCH, "the credentials are accepted")

    def storage() -> Finding:
        tools.storage.get_container(plan.output_container)
        return passed(Item.STORAGE, "the credentials are accepted")

    def inputs() -> Finding:
        return judge_inputs(plan, _input_trouble(plan, tools.storage, abandoned))

    def names() -> Finding:
        return judge_names(plan, _taken(plan, tools), is_known_run=tools.knows_run(plan.run_id))

    def pool() -> Finding:
        assert isinstance(plan.pool, ExistingPool)
        return judge_pool(plan.pool, tools.batch.get_pool(plan.pool.id))

    def image() -> Finding:
        assert isinstance(plan.pool, NewPool)
        return judge_image(plan.pool, tools.batch.list_images(), tools.clock.now_s())

    def programs() -> Finding:
        return judge_programs({name: tools.find_program(name) for name in plan.workload.needs_programs})

    def destination() -> Finding:
        return look_at_destination(Path(plan.destination))

    return {
        Item.BATCH: batch,
        Item.STORAGE: storage,
        Item.INPUTS: inputs,
        Item.NAMES: names,
        Item.POOL: pool,
        Item.IMAGE: image,
        Item.PROGRAMS: programs,
        Item.DESTINATION: destination,
    }


def _taken(plan: RunPlan, tools: PreflightTools) -> Iterator[str]:
    """What the run would make and exists already, in the order it is made."""
    for container in plan.containers:
        if tools.storage.get_container(container) is not None:
            yield f"container {container}"
    if isinstance(plan.pool, NewPool) and tools.batch.get_pool(plan.pool.id) is not None:
        yield f"pool {plan.pool.id}"
    if tools.batch.get_job(plan.job_id) is not None:
        yield f"job {plan.job_id}"


def _input_trouble(plan: RunPlan, storage: StorageLook, abandoned: StopSignal) -> InputTrouble:
    missing: list[str] = []
    unreadable: list[str] = []
    changed: list[str] = []
    blobs = _blob_sizes(plan, storage, abandoned)
    for item in plan.inputs:
        if abandoned.is_set():
            break
        try:
            size_bytes = blobs.get(item.blob_name) if item.local_path is None else _readable_size(item.local_path)
        except OSError:
            unreadable.append(_name(item))
            continue
        if size_bytes is None:
            missing.append(_name(item))
        elif size_bytes != item.size_bytes:
            changed.append(_name(item))
    return InputTrouble(tuple(missing), tuple(unreadable), tuple(changed))


def _name(item: PlannedInput) -> str:
    return item.blob_name if item.local_path is None else os.path.basename(item.local_path)


def _blob_sizes(plan: RunPlan, storage: StorageLook, abandoned: StopSignal) -> dict[str, int]:
    """Sizes of the blobs that are inputs; one list, since a request a blob would take as long as the run."""
    wanted = {item.blob_name for item in plan.inputs if item.local_path is None}
    sizes: dict[str, int] = {}
    if not wanted:
        return sizes
    for blob in storage.list_blobs(plan.input_container):
        if blob.name in wanted:
            sizes[blob.name] = blob.size_bytes
        if abandoned.is_set() or len(sizes) == len(wanted):
            break
    return sizes


def _readable_size(path: str) -> int | None:
    """Bytes of a regular file that opens; None where there is none, OSError where it cannot be read."""
    try:
        status = os.stat(path)
        # Opening anything else, a pipe for one, could wait for ever.
        if not stat.S_ISREG(status.st_mode):
            return None
        os.close(os.open(path, os.O_RDONLY))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size


def look_at_destination(folder: Path) -> Finding:
    """Whether `folder` can be made or written to; nothing is."""
    remedy = "choose another folder in Pool & job"
    try:
        check_destination(folder)
    except InputError as refusal:
        return failed(Item.DESTINATION, refusal.what, remedy)
    existing = next(above for above in (folder, *folder.parents) if above.is_dir())
    if not os.access(existing, os.W_OK | os.X_OK):
        return failed(Item.DESTINATION, f"{existing} is not writable", remedy)
    if existing != folder:
        return passed(Item.DESTINATION, f"{folder} will be made")
    with local_error(folder, "read"), os.scandir(folder) as entries:
        is_empty = next(entries, None) is None
    note = "" if is_empty else "; files there are kept, outputs of the same name are renamed"
    return passed(Item.DESTINATION, f"{folder}{note}")
