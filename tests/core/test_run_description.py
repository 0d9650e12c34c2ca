"""A run described by its own resources, and what is made of descriptions that are none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tui.core.errors import InputError
from tui.core.plan import ExistingPool, NewPool, PlannedInput, RunPlan
from tui.core.run_description import (
    DESCRIPTION_KEY,
    described_plan,
    listed_inputs,
    manifest,
    run_metadata,
    with_listed_inputs,
)

PLAN = RunPlan(
    run_id="top-words-20261120-abc",
    workload_name="top-words",
    inputs=(
        PlannedInput("größe $(id).txt", 12, "/home/user/größe $(id).txt"),
        PlannedInput("b.txt", 0, "/home/user/b.txt"),
    ),
    pool=NewPool("top-words-20261120-abc", dedicated=2, spot=1, slots_per_node=4),
    timeout_s=1_200.0,
    destination="/home/user/results",
    account="jo's account",
    created_s=1_795_000_000.5,
    parameters=(("delay", 1.5), ("words", 3.0)),
    delete_after=frozenset({"job", "pool"}),
)


def _read_back(plan: RunPlan) -> RunPlan:
    described = described_plan(plan.run_id, run_metadata(plan)[DESCRIPTION_KEY], "/elsewhere", "other")
    return with_listed_inputs(described, manifest(plan))


@pytest.mark.parametrize(
    "plan",
    [PLAN, replace(PLAN, pool=ExistingPool("theirs"), delete_after=frozenset(), existing_input_container="photos")],
    ids=["own", "existing"],
)
def test_a_described_run_is_the_run_but_for_the_machine(plan: RunPlan) -> None:
    here = tuple(replace(item, local_path=None) for item in plan.inputs)
    assert _read_back(plan) == replace(plan, inputs=here, destination="/elsewhere", account="other")


def test_the_description_fits_a_header_and_names_no_path_of_the_machine() -> None:
    metadata = run_metadata(replace(PLAN, run_id="r" * 40, parameters=tuple((f"p{n}", 1e300) for n in range(20))))
    assert all(value.isascii() and value.isprintable() for value in metadata.values())
    assert sum(len(name) + len(value) for name, value in metadata.items()) < 4_000
    assert "/home" not in metadata[DESCRIPTION_KEY]
    assert "jo's account" not in metadata[DESCRIPTION_KEY]
    assert b"/home" not in manifest(PLAN)


@pytest.mark.parametrize(
    "change",
    [
        {"run_id": "another-run"},
        {"version": 2},
        {"workload": "unknown"},
        {"timeout_s": "soon"},
        {"timeout_s": 0},
        {"timeout_s": True},
        {"pool": {"kind": "existing", "id": "../jobs"}},
        {"pool": {"kind": "existing", "id": 7}},
        {"existing_input_container": "UP/../.."},
        {"existing_input_container": 5},
    ],
    ids=str,
)
def test_a_description_of_something_else_is_refused(change: dict[str, object]) -> None:
    data = json.loads(run_metadata(PLAN)[DESCRIPTION_KEY])
    with pytest.raises(InputError):
        described_plan(PLAN.run_id, json.dumps({**data, **change}), "/out", "account")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '"x"', "[" * 100_000])
def test_no_text_is_more_than_refused(text: str) -> None:
    with pytest.raises(InputError):
        described_plan(PLAN.run_id, text, "/out", "account")
    with pytest.raises(InputError):
        listed_inputs(text.encode())


@pytest.mark.parametrize(
    "inputs", [[], None, [["a"]], [[1, 2]], [["a", "1"]], [["a", 1, "/etc/passwd"]], {"a": 1}], ids=str
)
def test_a_manifest_lists_names_and_sizes(inputs: object) -> None:
    with pytest.raises(InputError):
        listed_inputs(json.dumps({"version": 1, "inputs": inputs}).encode())
