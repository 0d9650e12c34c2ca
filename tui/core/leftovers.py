"""What exists on an account that runs of ours made, judged: which of it a run still needs, and which only costs.

A run needs what it has while its tasks go on, while a process here drives it, and while another machine may be about
to: until a day has passed, a run without a job, or with one that is still being filled, is given the benefit of the
doubt, and so is one that was interrupted here. Nothing that bears no run's mark is ever looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from tui.core.deletion import ResourceKind
from tui.core.errors import InputError
from tui.core.ids import RUN_METADATA_KEY, is_run_id
from tui.core.records import ContainerRecord, JobRecord, PoolRecord
from tui.core.run_description import DESCRIPTION_KEY, described_plan
from tui.core.units import count_text

GRACE_S = 86_400.0
"""Nothing that another machine may have begun within this is taken for left over."""

_OUTPUT_SUFFIX = "-output"

MarkedT = TypeVar("MarkedT", JobRecord, PoolRecord, ContainerRecord)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What of one run exists on the account."""

    run_id: str
    job: JobRecord | None = None
    pools: tuple[PoolRecord, ...] = ()
    containers: tuple[ContainerRecord, ...] = ()

    @property
    def output_container(self) -> str | None:
        name = self.run_id + _OUTPUT_SUFFIX
        return name if any(item.name == name for item in self.containers) else None

    @property
    def newest_s(self) -> float:
        """When the youngest of it was made, in Unix seconds."""
        times = [item.last_modified_s for item in self.containers] + [pool.creation_time_s for pool in self.pools]
        return max([*times, self.job.creation_time_s] if self.job is not None else times)


@dataclass(frozen=True, slots=True)
class LocalRun:
    """What this machine's journal says of a run."""

    is_driven: bool
    has_downloaded: bool
    """Whether every output was downloaded here."""
    saw_the_end: bool
    """Whether its tasks were seen to have ended; where not, resuming it here goes on with what it has."""


@dataclass(frozen=True, slots=True)
class LeftResource:
    """One thing that no run needs any more."""

    kind: ResourceKind
    name: str
    costs: bool
    """By the hour."""
    note: str = ""
    loss: str = ""
    """What deleting it would lose; empty where nothing."""


@dataclass(frozen=True, slots=True)
class LeftRun:
    """The judgement of one run: why it is still needed, or what of it is left over."""

    run_id: str
    needed_for: str = ""
    resources: tuple[LeftResource, ...] = field(default=())
    """In the order of deletion; none where the run is needed."""
    newest_s: float = 0.0


def holdings(
    jobs: Iterable[JobRecord], pools: Iterable[PoolRecord], containers: Iterable[ContainerRecord]
) -> tuple[Holdings, ...]:
    """By run, in the order of their ids."""
    own_jobs = {run_id: job for run_id, found in _by_run(jobs).items() for job in found if job.id == run_id}
    own_pools, own_containers = _by_run(pools), _by_run(containers)
    return tuple(
        Holdings(run_id, own_jobs.get(run_id), tuple(own_pools[run_id]), tuple(own_containers[run_id]))
        for run_id in sorted({*own_jobs, *own_pools, *own_containers})
    )


def _by_run(items: Iterable[MarkedT]) -> defaultdict[str, list[MarkedT]]:
    """Without what bears no mark, or one that cannot be of a run of ours."""
    found: defaultdict[str, list[MarkedT]] = defaultdict(list)
    for item in items:
        run_id = item.metadata.get(RUN_METADATA_KEY, "")
        if is_run_id(run_id):
            found[run_id].append(item)
    return found


def judge(
    found: Holdings,
    local: LocalRun | None,
    unfinished_tasks: int,
    outputs: Collection[str],
    now_s: float,
    *,
    is_billed: bool = True,
) -> LeftRun:
    """`outputs` are the output containers that hold something; `unfinished_tasks` those of the run's own job."""
    needed_for = _needed_for(found, local, unfinished_tasks, outputs, now_s)
    resources = () if needed_for else tuple(_left(found, local, outputs, is_billed))
    return LeftRun(found.run_id, needed_for, resources, found.newest_s)


def _needed_for(
    found: Holdings, local: LocalRun | None, unfinished_tasks: int, outputs: Collection[str], now_s: float
) -> str:
    job = found.job
    if local is not None and local.is_driven:
        return "a process of this machine drives it"
    if job is not None and not job.is_over and unfinished_tasks:
        return f"{count_text(unfinished_tasks, 'task')} not finished"
    if local is not None and not local.saw_the_end and now_s - found.newest_s < GRACE_S:
        return f"interrupted here within a day; `batch-tui runs resume {found.run_id}` goes on with it"
    if job is not None and job.is_over:
        return ""
    # Outputs without a job: it ran, and somebody has deleted it.
    is_settled = job.terminates_when_done if job is not None else found.output_container in outputs
    if not is_settled and local is None and now_s - found.newest_s < GRACE_S:
        return "made within a day, perhaps by a machine that still works on it"
    return ""


def kept_for_others(
    judged: Iterable[LeftRun], found: Iterable[Holdings], jobs: Iterable[JobRecord]
) -> tuple[LeftRun, ...]:
    """`judged`, but a run on whose pool or inputs others still work is needed for them.

    Others are the runs that are needed themselves, such as one of the failed inputs of an earlier run, and whatever
    job is not over.
    """
    runs = tuple(judged)
    over = {run.run_id for run in runs if not run.needed_for}
    users = {("pool", job.pool_id): f"job {job.id}" for job in jobs if not job.is_over and job.id not in over}
    for holding in found:
        if holding.run_id not in over:
            users |= dict.fromkeys(_rests_on(holding), f"run {holding.run_id}")
    return tuple(_kept(run, users) for run in runs)


def _rests_on(found: Holdings) -> Iterable[tuple[str, str]]:
    """Pool and input container, as the run's own resources describe it; nothing where they do not."""
    for item in (*found.containers, *found.pools, *((found.job,) if found.job is not None else ())):
        if DESCRIPTION_KEY in item.metadata:
            with suppress(InputError):
                plan = described_plan(found.run_id, item.metadata[DESCRIPTION_KEY], "", "")
                return ("pool", plan.pool.id), ("container", plan.input_container)
    return ()


def _kept(run: LeftRun, users: Mapping[tuple[str, str], str]) -> LeftRun:
    for item in run.resources:
        user = users.get((item.kind, item.name))
        if user is not None:
            return LeftRun(run.run_id, f"{user} works with {item.kind} {item.name}", (), run.newest_s)
    return run


def _left(found: Holdings, local: LocalRun | None, outputs: Collection[str], is_billed: bool) -> Iterable[LeftResource]:
    if found.job is not None and found.job.state != "deleting":
        yield LeftResource("job", found.job.id, costs=False)
    for pool in found.pools:
        nodes = max(pool.current_nodes, pool.target_nodes)
        if pool.state != "deleting":
            hourly = ", by the hour" if is_billed else ""
            note = f"{count_text(nodes, 'node')} of {pool.vm_size}{hourly}" if nodes else ""
            yield LeftResource("pool", pool.id, costs=is_billed and nodes > 0, note=note)
    for container in found.containers:
        is_lost = container.name in outputs and not (local is not None and local.has_downloaded)
        loss = "outputs that this machine did not download" if is_lost else ""
        yield LeftResource("container", container.name, costs=False, loss=loss)
