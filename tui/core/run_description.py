"""A run as its own resources describe it, so that a machine which never saw it can go on with it.

The metadata of pool, job and containers hold the plan without its inputs, small enough for a header; a manifest blob,
written once every upload is there, holds the inputs. Neither holds a secret or a path of the machine that planned it.
What is read back is judged like any text from outside.
"""

from __future__ import annotations

import json
from typing import Any

from tui.core import ids
from tui.core.errors import InputError
from tui.core.plan import RunPlan
from tui.core.plan_codec import plan_from_json, plan_to_json

DESCRIPTION_KEY = "batchtui_plan"
"""Metadata name beside the run's mark; its value is ASCII, far below the 8 KB that a container's metadata may have."""

MANIFEST_BLOB = "batch-tui-run.json"
_MANIFEST_VERSION = 1
_OF_ONE_MACHINE = ("inputs", "destination", "account")


def run_metadata(plan: RunPlan) -> dict[str, str]:
    """What pool, job and containers of the run bear: whose they are, and what the run is."""
    described = {name: value for name, value in plan_to_json(plan).items() if name not in _OF_ONE_MACHINE}
    return {**plan.mark, DESCRIPTION_KEY: json.dumps(described, separators=(",", ":"))}


def manifest_container(plan: RunPlan) -> str:
    """Where the manifest is: the first container that the run makes."""
    return plan.containers[0]


def manifest(plan: RunPlan) -> bytes:
    """The inputs in their order, which is that of the tasks."""
    inputs = [[item.blob_name, item.size_bytes] for item in plan.inputs]
    return json.dumps({"version": _MANIFEST_VERSION, "inputs": inputs}, separators=(",", ":")).encode("ascii")


def described_plan(run_id: str, description: str, destination: str, account: str) -> RunPlan:
    """The plan of `run_id` without its inputs; InputError where `description` is not of that run."""
    data = _object(description, "the description of the run")
    try:
        plan = plan_from_json({**data, "inputs": [], "destination": destination, "account": account})
    except InputError as refusal:
        raise _unreadable("the description of the run", refusal.what) from refusal
    _check(plan, run_id)
    return plan


def listed_inputs(content: bytes) -> list[list[Any]]:
    """The inputs that a manifest lists, as `plan_from_json` takes them; InputError where it is none."""
    data = _object(content, MANIFEST_BLOB)
    inputs = data.get("inputs")
    if data.get("version") != _MANIFEST_VERSION or not isinstance(inputs, list) or not inputs:
        raise _unreadable(MANIFEST_BLOB, "it lists no inputs that this version knows")
    for item in inputs:
        match item:
            case [str(), int()]:
                continue
            case _:
                raise _unreadable(MANIFEST_BLOB, "an input is not a name and a size")
    return [[name, size, None] for name, size in inputs]


def with_listed_inputs(plan: RunPlan, content: bytes) -> RunPlan:
    """The whole plan: the inputs are those of the manifest, all of them blobs that are there."""
    return plan_from_json({**plan_to_json(plan), "inputs": listed_inputs(content)})


def _check(plan: RunPlan, run_id: str) -> None:
    """The codec takes any JSON value for a field; what comes from outside may be anything."""
    _ = plan.workload  # InputError where this version has no such workload
    fields: dict[str, Any] = plan_to_json(plan)
    container, pool_id = fields["existing_input_container"], fields["pool"]["id"]
    numbers = [fields[name] for name in ("timeout_s", "created_s", "priority", "max_task_retry_count")]
    is_sound = (
        fields["run_id"] == run_id
        and isinstance(pool_id, str)
        and ids.is_batch_id(pool_id)
        and (container is None or (isinstance(container, str) and ids.is_container_name(container)))
        and all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
        and plan.timeout_s > 0
    )
    if not is_sound:
        raise _unreadable("the description of the run", f"it is not one of {run_id}")


def _object(text: str | bytes, name: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise _unreadable(name, type(problem).__name__) from problem
    if not isinstance(data, dict):
        raise _unreadable(name, "it is no object")
    return data


def _unreadable(name: str, why: str) -> InputError:
    return InputError("The run cannot be read from the account", f"{name}: {why}", "resume it where it was started")
