"""Names of runs and what they make keep the service's rules."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core import ids
from tui.core.workloads import WORKLOADS


@given(st.sampled_from(sorted(WORKLOADS)), st.integers())
def test_a_run_id_prefixes_every_container(workload: str, seed: int) -> None:
    run_id = ids.new_run_id(workload, date(2026, 11, 20), random.Random(seed))
    assert run_id.startswith(f"{workload}-20261120-")
    assert ids.is_run_id(run_id)
    assert ids.is_batch_id(run_id)
    assert all(ids.is_container_name(f"{run_id}-{part}") for part in ("application", "input", "output"))


@pytest.mark.parametrize("text", ["", "Upper", "a--b", "-a", "a-", "a_b", "x" * 41, "a\n"])
def test_what_cannot_be_a_run_id(text: str) -> None:
    assert not ids.is_run_id(text)


@pytest.mark.parametrize(
    ("text", "valid"),
    [("abc", True), ("a-1", True), ("ab", False), ("a--b", False), ("Abc", False), ("-ab", False), ("x" * 63, True),
     ("x" * 64, False), ("abc\n", False)],
)  # fmt: skip
def test_container_names(text: str, valid: bool) -> None:
    assert ids.is_container_name(text) is valid


def test_task_ids_sort_in_input_order() -> None:
    names = [ids.task_id("topword", index) for index in (0, 9, 10, 99_999)]
    assert names == sorted(names)
    assert names[0] == "topword-00000"
