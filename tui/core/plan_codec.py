"""The plan as JSON values and back, for the journal and for `--plan-only`; a version guards what is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tui.core.errors import InputError
from tui.core.images import ImageChoice
from tui.core.plan import DELETE_PARTS, ExistingPool, NewPool, PlannedInput, RunPlan

PLAN_VERSION = 1

_PLAIN_FIELDS: Mapping[str, tuple[type, ...]] = {
    "run_id": (str,),
    "timeout_s": (int, float),
    "destination": (str,),
    "account": (str,),
    "created_s": (int, float),
    "priority": (int,),
    "max_task_retry_count": (int,),
    "existing_input_container": (str, type(None)),
}
_POOL_FIELDS: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "vm_size": (str,),
    "dedicated": (int,),
    "spot": (int,),
    "slots_per_node": (int,),
}
_LARGEST = 1e12
"""No field of a plan comes near; what is beyond could not even be shown."""
_SIZES = 1 << 63


def plan_to_json(plan: RunPlan) -> dict[str, Any]:
    """JSON values only; `plan_from_json` gives the equal plan back."""
    return {
        "version": PLAN_VERSION,
        "workload": plan.workload_name,
        **{name: getattr(plan, name) for name in _PLAIN_FIELDS},
        "inputs": [[item.blob_name, item.size_bytes, item.local_path] for item in plan.inputs],
        "pool": {"kind": "new" if plan.makes_pool else "existing", **asdict(plan.pool)},
        "parameters": dict(plan.parameters),
        "delete_after": sorted(plan.delete_after),
        **({"retry_of": plan.retry_of} if plan.retry_of else {}),
    }


def plan_from_json(data: Mapping[str, Any]) -> RunPlan:
    """InputError where `data` is no plan of a version this program knows."""
    try:
        if data["version"] != PLAN_VERSION:
            raise InputError(
                "A plan of another version", f"version {data['version']!r}", "run it with the newer program"
            )
        return RunPlan(
            workload_name=str(data["workload"]),
            inputs=_inputs(data["inputs"]),
            pool=_pool(data["pool"]),
            parameters=tuple((str(name), float(value)) for name, value in data["parameters"].items()),
            delete_after=frozenset(part for part in DELETE_PARTS if part in data["delete_after"]),
            retry_of=_plain({"retry_of": "", **data}, "retry_of", (str,)),
            **{name: _plain(data, name, kinds) for name, kinds in _PLAIN_FIELDS.items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise InputError("Not a plan", f"{type(problem).__name__}: {problem}") from problem


def _plain(data: Mapping[str, Any], name: str, kinds: tuple[type, ...]) -> Any:
    value = data[name]
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(f"{name} is {type(value).__name__}")
    if isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:
        raise ValueError(f"{name} is out of all bounds")
    return value


def _inputs(items: Sequence[Sequence[Any]]) -> tuple[PlannedInput, ...]:
    if any(not isinstance(path, str | None) for _, _, path in items):
        raise TypeError("the path of an input is no text")
    if any(isinstance(size, bool) or not isinstance(size, int) or not 0 <= size < _SIZES for _, size, _ in items):
        raise ValueError("the size of an input is none")
    return tuple(PlannedInput(str(name), size, path) for name, size, path in items)


def _pool(data: Mapping[str, Any]) -> NewPool | ExistingPool:
    fields = {name: value for name, value in data.items() if name != "kind"}
    for name in fields.keys() & _POOL_FIELDS.keys():
        _plain(fields, name, _POOL_FIELDS[name])
    if data["kind"] == "existing":
        return ExistingPool(**fields)
    return NewPool(**fields | {"image": ImageChoice(**fields["image"])})
