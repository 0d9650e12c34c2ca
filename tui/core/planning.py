"""From what a person chose to a plan, or to every reason why not, each at its field.

Validation judges as the service would, before anything is asked of it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tui.core import ids, units
from tui.core.errors import InputError
from tui.core.images import UBUNTU_LTS, ImageChoice
from tui.core.inputs import blob_names
from tui.core.plan import LOG_PREFIX, SAS_MARGIN_S, DeletePart, ExistingPool, NewPool, PlannedInput, RunPlan
from tui.core.workloads import Workload, workload_named

MAXIMUM_SLOTS_PER_NODE = 256
MAXIMUM_NODES = 2_500
MINIMUM_TIMEOUT_S = 60.0
MAXIMUM_TIMEOUT_S = 7 * 86_400.0 - 2 * SAS_MARGIN_S
"""A SAS signed by a user delegation key lives seven days at most, and a run's SAS outlive its limit by the margin; the
second one is for clocks that differ."""


@dataclass(frozen=True, slots=True)
class FileChoice:
    """One input a person chose; `local_path` is absolute and normalised, or absent for a blob that exists."""

    size_bytes: int
    local_path: str | None = None
    blob_name: str = ""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The form of a run; None means the workload's own default."""

    workload: str
    files: tuple[FileChoice, ...]
    existing_input_container: str | None = None
    pool_id: str | None = None
    """An existing pool; otherwise the run makes one named after itself."""
    new_pool_id: str | None = None
    dedicated: int | None = None
    spot: int | None = None
    vm_size: str = "Standard_D2s_v3"
    slots_per_node: int = 1
    image: ImageChoice = UBUNTU_LTS
    timeout_s: float | None = None
    priority: int = 0
    max_task_retry_count: int = 0
    parameters: dict[str, float] = field(default_factory=dict)
    destination: str = ""
    delete_after: frozenset[DeletePart] = frozenset()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a plan cannot be made: the option it concerns, what is wrong, what would be right."""

    option: str
    what: str
    hint: str = ""


def problems(options: RunOptions) -> tuple[Problem, ...]:
    """Everything that is wrong with `options`, in the order of the form."""
    workload = workload_named(options.workload)
    return (
        *_input_problems(options, workload),
        *_pool_problems(options, workload),
        *_job_problems(options, workload),
    )


def _input_problems(options: RunOptions, workload: Workload) -> Iterable[Problem]:
    if not options.files:
        yield Problem("inputs", "no input was chosen", f"{workload.title} makes one task for each input file")
    for choice in options.files:
        name = choice.local_path or choice.blob_name
        if workload.input_extensions and not name.lower().endswith(workload.input_extensions):
            yield Problem("inputs", f"{name} is not {_either(workload.input_extensions)}", "leave it out")
        if choice.blob_name.startswith(LOG_PREFIX):
            yield _in_place_of_logs(name)
    yield from _output_problems(options.files, workload)


def _output_problems(files: Sequence[FileChoice], workload: Workload) -> Iterable[Problem]:
    """Outputs that would take the place of each other, or that of the logs; looked for without naming every blob."""
    extension = workload.output.extension
    if extension is not None:
        first: dict[str, str] = {}
        for choice in files:
            name = choice.local_path or choice.blob_name
            stem = posixpath.splitext(name)[0]
            other = first.setdefault(stem, name)
            if other != name:
                yield Problem("inputs", f"{other} and {name} would both become {stem}{extension}", "rename one of them")
    local = [choice.local_path for choice in files if choice.local_path is not None]
    if any(f"/{LOG_PREFIX}" in path for path in local):
        for path, blob_name in zip(local, blob_names(local), strict=True):
            if blob_name.startswith(LOG_PREFIX):
                yield _in_place_of_logs(path)


def _in_place_of_logs(name: str) -> Problem:
    return Problem("inputs", f"{name} lies where the logs of the tasks will be", f"rename {LOG_PREFIX!r}")


def _either(extensions: Sequence[str]) -> str:
    return " or ".join(extensions)


def _pool_problems(options: RunOptions, workload: Workload) -> Iterable[Problem]:
    dedicated, spot = node_targets(options, workload)
    if options.pool_id is not None:
        if not ids.is_batch_id(options.pool_id):
            yield Problem("pool", f"{options.pool_id!r} cannot be the id of a pool", _BATCH_ID_RULE)
        return
    if options.new_pool_id is not None and not ids.is_batch_id(options.new_pool_id):
        yield Problem("pool", f"{options.new_pool_id!r} cannot be the id of a pool", _BATCH_ID_RULE)
    for name, count in (("nodes", dedicated), ("spot", spot)):
        if not 0 <= count <= MAXIMUM_NODES:
            yield Problem(name, f"{count} nodes cannot be asked for", f"from 0 to {MAXIMUM_NODES:,}")
    if dedicated + spot == 0:
        yield Problem("nodes", "a pool without nodes runs nothing", "ask for a dedicated or a Spot node")
    if not 1 <= options.slots_per_node <= MAXIMUM_SLOTS_PER_NODE:
        yield Problem("slots", f"{options.slots_per_node} task slots per node", f"from 1 to {MAXIMUM_SLOTS_PER_NODE}")
    if not options.vm_size.replace("_", "").isalnum() or not options.vm_size.isascii():
        yield Problem("vm-size", f"{options.vm_size!r} is not a VM size", "such as Standard_D2s_v3")


_BATCH_ID_RULE = "1 to 64 letters, digits, hyphens and underscores"


def _job_problems(options: RunOptions, workload: Workload) -> Iterable[Problem]:
    timeout_s = workload.default_timeout_s if options.timeout_s is None else options.timeout_s
    if not MINIMUM_TIMEOUT_S <= timeout_s <= MAXIMUM_TIMEOUT_S:
        longest = units.duration_text(MAXIMUM_TIMEOUT_S)
        yield Problem("timeout", f"a limit of {units.duration_text(timeout_s)}", f"from one minute to {longest}")
    if not -1000 <= options.priority <= 1000:
        yield Problem("priority", f"a priority of {options.priority}", "from -1000 to 1000")
    if not -1 <= options.max_task_retry_count <= 100:
        yield Problem("retries", f"{options.max_task_retry_count} retries", "from 0 to 100, or -1 for no limit")
    known = {parameter.name: parameter for parameter in workload.parameters}
    for name, value in options.parameters.items():
        if name not in known:
            yield Problem(name, f"{workload.name} has no option {name!r}")
            continue
        try:
            known[name].parse(f"{value:g}")
        except InputError as refusal:
            yield Problem(name, refusal.title, refusal.hint)


def node_targets(options: RunOptions, workload: Workload) -> tuple[int, int]:
    """Dedicated and Spot nodes: the workload's own unless either was given."""
    if options.dedicated is None and options.spot is None:
        return workload.default_dedicated, workload.default_spot
    return options.dedicated or 0, options.spot or 0


def build_plan(options: RunOptions, run_id: str, created_s: float, account: str) -> RunPlan:
    """The plan, or an InputError that names every problem."""
    if not ids.is_run_id(run_id):
        raise InputError("Not a run id", repr(run_id), "lower-case letters, digits and single hyphens, at most 40")
    found = problems(options)
    if found:
        first = found[0]
        more = "".join(f"; {problem.option}: {problem.what}" for problem in found[1:4])
        raise InputError("This run cannot be planned", f"{first.option}: {first.what}{more}", first.hint)
    workload = workload_named(options.workload)
    return RunPlan(
        run_id=run_id,
        workload_name=workload.name,
        inputs=_planned_inputs(options.files),
        pool=_pool(options, workload, run_id),
        timeout_s=workload.default_timeout_s if options.timeout_s is None else options.timeout_s,
        destination=options.destination,
        account=account,
        created_s=created_s,
        parameters=tuple(sorted((workload.parameter_defaults() | options.parameters).items())),
        priority=options.priority,
        max_task_retry_count=options.max_task_retry_count,
        delete_after=options.delete_after,
        existing_input_container=options.existing_input_container,
    )


def _pool(options: RunOptions, workload: Workload, run_id: str) -> NewPool | ExistingPool:
    if options.pool_id is not None:
        return ExistingPool(options.pool_id)
    dedicated, spot = node_targets(options, workload)
    return NewPool(
        options.new_pool_id or run_id, options.vm_size, dedicated, spot, options.slots_per_node, options.image
    )


def _planned_inputs(files: Sequence[FileChoice]) -> tuple[PlannedInput, ...]:
    local = [choice.local_path for choice in files if choice.local_path is not None]
    names = iter(blob_names(local) if local else ())
    return tuple(
        PlannedInput(
            blob_name=choice.blob_name if choice.local_path is None else next(names),
            size_bytes=choice.size_bytes,
            local_path=choice.local_path,
        )
        for choice in files
    )
