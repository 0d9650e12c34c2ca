"""A run as a file: what it may say, what counts before it, and what it is told where it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import called
from tests.cli.texts import write_texts
from tui.commands.options import TypedRun
from tui.commands.plan_file import LARGEST_BYTES, read_plan_file, typed_over

PLAN = """
workload = "top-words"
inputs = ["texts/*.txt", "texts/odd [1].log"]
sandbox = true
nodes = 2
slots = 4
words = 5
delay = 0.5
timeout = "45m"
output = "counts"
delete = ["job", "pool"]
"""


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    write_texts(tmp_path / "texts", ["b.txt", "a.txt", "odd [1].log", "left.out"])
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def planned(path: Path, *arguments: str, folder: Path) -> dict[str, Any]:
    told = called("run", str(path), "--plan-only", "--json", *arguments, folder=folder)
    assert told.code == 0, told.stderr
    plan = json.loads(told.stdout)["plan"]
    assert isinstance(plan, dict)
    return plan


def test_the_file_says_all_of_it_from_its_own_folder(plan_file: Path, own_home: Path) -> None:
    plan = planned(plan_file, folder=own_home)
    assert [blob for blob, _, _ in plan["inputs"]] == ["a.txt", "b.txt", "odd [1].log"]
    assert (plan["pool"]["dedicated"], plan["pool"]["slots_per_node"]) == (2, 4)
    assert (plan["timeout_s"], plan["parameters"]) == (2_700, {"words": 5, "delay": 0.5})
    assert plan["destination"] == str(plan_file.parent / "counts")
    assert (plan["account"], plan["delete_after"]) == ("sandbox", ["job", "pool"])


def test_what_is_typed_takes_the_place_of_what_it_contradicts(plan_file: Path, own_home: Path) -> None:
    texts = str(plan_file.parent / "texts" / "a.txt")
    plan = planned(plan_file, texts, "--pool", "mine", "--keep", "--words", "9", "--output", "here", folder=own_home)
    assert [blob for blob, _, _ in plan["inputs"]] == ["a.txt"]
    assert (plan["pool"], plan["delete_after"]) == ({"kind": "existing", "id": "mine"}, [])
    assert plan["parameters"] == {"words": 9, "delay": 0.5}
    assert plan["destination"] == str(own_home / "here")


def test_each_half_of_a_pool_s_shape_stays_where_the_other_is_typed() -> None:
    plan = TypedRun("top-words", ("a",), nodes=2, vm_size="Standard_D4s_v3")
    assert typed_over(TypedRun("p.toml", (), spot=3), plan) == TypedRun(
        "top-words", ("a",), nodes=2, spot=3, vm_size="Standard_D4s_v3"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PLAN + "nodse = 3", ["'nodse' is no key of a plan", "nodes, spot"]),
        (PLAN.replace("nodes = 2", 'nodes = "2"'), ["nodes must be a whole number"]),
        (PLAN.replace("nodes = 2", "nodes = true"), ["nodes must be a whole number"]),
        (PLAN.replace("nodes = 2", f"nodes = {2**400:#x}"), ["nodes must be a whole number"]),
        (PLAN.replace("words = 5", "words = 1979-05-27"), ["words must be a number"]),
        (PLAN.replace("delay = 0.5", "delay = nan"), ["'nan'"]),
        (PLAN.replace("sandbox = true", "sandbox = 1"), ["sandbox must be true or false"]),
        (PLAN.replace('"45m"', "45"), ["timeout must be a text"]),
        (PLAN.replace('["job", "pool"]', '["jobs"]'), ["'jobs' is no part of a run"]),
        (PLAN.replace('["texts/*.txt", "texts/odd [1].log"]', '"texts/a.txt"'), ["inputs must be a list of texts"]),
        (PLAN.replace('"top-words"', '"top-hats"'), ["Unknown workload"]),
        (PLAN.replace('workload = "top-words"', ""), ["workload is missing"]),
        (PLAN.replace("texts/*.txt", "none/*.txt"), ["none/*.txt' does not exist"]),
        (PLAN + "json = true", ["'json'", "--json, --yes, --plan-only"]),
        (PLAN + "nodes = 3", ["it is no TOML"]),
        (PLAN + 'account = "work"', ["contradict"]),
        ("", ["workload is missing"]),
        (f"n = {'9' * 5_000}", ["it is no TOML"]),
        (f"n = {'[' * 100_000}", ["nested too deeply"]),
        (f"# {'x' * LARGEST_BYTES}", ["larger than"]),
    ],
)
def test_what_is_wrong_with_it_is_said(plan_file: Path, text: str, words: list[str]) -> None:
    plan_file.write_text(text)
    refused = called("run", str(plan_file), "--plan-only")
    assert (refused.code, refused.stdout) == (2, "")
    assert [word for word in words if word not in refused.stderr] == []
    assert not refused.has_traceback


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_bytes(b"workload = '\xff'")
    (tmp_path / "folder.toml").mkdir()
    for name, words in (
        ("plan.toml", "not UTF-8"),
        ("folder.toml", "not a regular file"),
        ("gone.toml", "no such file"),
    ):
        refused = called("run", name, folder=tmp_path)
        assert (refused.code, words in refused.stderr) == (2, True), refused.stderr


def test_words_read_from_a_file_are_as_typed(plan_file: Path) -> None:
    read = read_plan_file(str(plan_file))
    assert (read.delete, read.parameters) == ("job,pool", (("words", "5"), ("delay", "0.5")))
