"""What was typed after `run`, judged and put into the form of a run; everything wrong with it is an InputError."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tui.commands.inputs import choose_files
from tui.core import units
from tui.core.errors import InputError, LocalError
from tui.core.plan import DELETE_PARTS, DeletePart
from tui.core.planning import RunOptions
from tui.core.workloads import Workload, workload_named

_BEYOND_EVERY_LIMIT_S = 1e9
"""A longer time is refused as surely, and cannot always be put into words."""


@dataclass(frozen=True, slots=True)
class TypedRun:
    """The words of one `run` command as they were typed; None where an option was not given."""

    workload: str
    inputs: tuple[str, ...]
    account: str | None = None
    sandbox: bool = False
    pool: str | None = None
    nodes: int | None = None
    spot: int | None = None
    vm_size: str | None = None
    slots: int | None = None
    output: str | None = None
    timeout: str | None = None
    delete: str | None = None
    keep: bool = False
    parameters: tuple[tuple[str, str | None], ...] = ()
    """Options that are parameters of a workload, such as `words`."""


def run_options(typed: TypedRun, run_id: str) -> RunOptions:
    """The form of the run; touches the local files only to see that they can be read."""
    workload = workload_named(typed.workload)
    parameters = _parameters(typed, workload)
    delete_after = _delete_after(typed)
    _refuse_shape_of_existing_pool(typed)
    timeout_s = None if typed.timeout is None else _timeout_s(typed.timeout)
    destination = output_folder(typed.output or run_id)
    defaults = RunOptions(workload=workload.name, files=())
    return RunOptions(
        workload=workload.name,
        files=choose_files(typed.inputs, workload),
        pool_id=typed.pool,
        dedicated=typed.nodes,
        spot=typed.spot,
        vm_size=typed.vm_size or defaults.vm_size,
        slots_per_node=defaults.slots_per_node if typed.slots is None else typed.slots,
        timeout_s=timeout_s,
        parameters=parameters,
        destination=destination,
        delete_after=delete_after,
    )


def _parameters(typed: TypedRun, workload: Workload) -> dict[str, float]:
    known = {parameter.name: parameter for parameter in workload.parameters}
    given = {name: text for name, text in typed.parameters if text is not None}
    unknown = [f"--{name}" for name in given if name not in known]
    if unknown:
        options = ", ".join(f"--{name}" for name in known)
        raise InputError(
            f"{workload.name} has no {' and no '.join(unknown)}",
            hint=f"of such options it has {options}" if options else "leave it out",
        )
    return {name: known[name].parse(text) for name, text in given.items()}


def _delete_after(typed: TypedRun) -> frozenset[DeletePart]:
    if typed.delete is None:
        return frozenset()
    if typed.keep:
        raise InputError("--delete and --keep contradict each other", hint="give one of them")
    wanted = [part.strip() for part in typed.delete.split(",") if part.strip()]
    parts = frozenset(part for part in DELETE_PARTS if part in wanted)
    unknown = [part for part in wanted if part not in DELETE_PARTS]
    if unknown or not parts:
        what = f"{unknown[0]!r} is no part of a run" if unknown else "it names nothing"
        raise InputError("--delete cannot be used", what, f"name some of {','.join(DELETE_PARTS)}")
    if "pool" in parts and typed.pool is not None:
        raise InputError(
            "--delete pool cannot be used with --pool",
            "a run deletes only the pool that it made",
            "leave pool out of --delete",
        )
    return parts


def _refuse_shape_of_existing_pool(typed: TypedRun) -> None:
    shape: Mapping[str, object | None] = {
        "--nodes": typed.nodes,
        "--spot": typed.spot,
        "--vm-size": typed.vm_size,
        "--slots": typed.slots,
    }
    given = [option for option, value in shape.items() if value is not None]
    if typed.pool is not None and given:
        raise InputError(
            f"{given[0]} cannot be used with --pool",
            "it shapes a new pool; a pool that exists stays as it is",
            "give one or the other",
        )


def _timeout_s(text: str) -> float:
    try:
        seconds = units.parse_typed_duration(text)
    except ValueError as problem:
        raise InputError("--timeout cannot be used", str(problem)) from problem
    return min(seconds, _BEYOND_EVERY_LIMIT_S)


def output_folder(output: str) -> str:
    """The absolute folder; an InputError now rather than after hours, where it can never be one."""
    if "\0" in output:
        raise InputError("The output folder cannot be used", "no path holds a NUL", "choose another --output")
    try:
        path = os.path.abspath(output)
    except FileNotFoundError:
        raise LocalError("The working folder is gone", "it was deleted", "change to another folder") from None
    existing = path
    while not os.path.lexists(existing):
        existing = os.path.dirname(existing)
    if not os.path.isdir(existing):
        raise InputError("The output folder cannot be used", f"{existing} is not a folder", "choose another --output")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError("The output folder cannot be used", f"{existing} is not writable", "choose another --output")
    return path
