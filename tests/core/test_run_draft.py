"""What is typed becomes options, or a problem at its field; nothing typed is lost on the way."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from tui.core import ids, units
from tui.core.errors import InputError
from tui.core.images import ImageChoice
from tui.core.plan import ExistingPool, NewPool
from tui.core.planning import FileChoice
from tui.core.run_draft import LastChoices, RunDraft, new_draft, typed_duration, with_workload
from tui.core.workloads import WORKLOADS

FILES = (FileChoice(10, "/in/a.txt"), FileChoice(20, "/in/b.txt"))


def make_draft(**changes: object) -> RunDraft:
    draft = new_draft(date(2026, 11, 20), random.Random(1), "/jobs")
    return replace(draft, **{"files": FILES, **changes})  # type: ignore[arg-type]  # fields by name


def options_of_problems(draft: RunDraft) -> list[str]:
    return [problem.option for problem in draft.problems]


def test_an_untouched_draft_needs_inputs_alone() -> None:
    assert options_of_problems(make_draft(files=())) == ["inputs"]


def test_the_defaults_become_a_plan() -> None:
    draft = make_draft()
    plan = draft.plan(5.0, "contoso")
    assert plan.run_id == draft.run_id
    assert ids.is_run_id(plan.run_id)
    assert plan.pool == NewPool(draft.run_id, dedicated=3, spot=0)
    assert (plan.timeout_s, plan.destination, plan.account) == (1_200.0, f"/jobs/{draft.run_id}", "contoso")
    assert dict(plan.parameters) == {"words": 3.0, "delay": 0.0}


@pytest.mark.parametrize(
    ("field", "text", "option"),
    [
        ("typed_run_id", "Not A Name", "name"),
        ("typed_run_id", "", "name"),
        ("typed_new_pool_id", "a pool", "pool"),
        ("vm_size", "Standard D2", "vm-size"),
        ("vm_size", "", "vm-size"),
        ("typed_dedicated", "three", "nodes"),
        ("typed_dedicated", "", "nodes"),
        ("typed_dedicated", "2501", "nodes"),
        ("typed_dedicated", "-1", "nodes"),
        ("typed_dedicated", "0", "nodes"),
        ("typed_spot", "1.5", "spot"),
        ("slots", "0", "slots"),
        ("slots", "many", "slots"),
        ("typed_timeout", "soon", "timeout"),
        ("typed_timeout", "30s", "timeout"),
        ("typed_timeout", "8d", "timeout"),
        ("priority", "1001", "priority"),
        ("priority", "high", "priority"),
        ("retries", "101", "retries"),
        ("typed_destination", "  ", "destination"),
    ],
)
def test_a_wrong_text_is_one_problem_at_its_field(field: str, text: str, option: str) -> None:
    draft = make_draft(**{field: text})
    assert options_of_problems(draft) == [option]
    assert draft.problems[0].what
    with pytest.raises(InputError):
        draft.plan(0.0, "contoso")


def test_a_parameter_is_judged_by_its_own_limits() -> None:
    draft = make_draft(parameters={"words": "0", "delay": "x"})
    assert options_of_problems(draft) == ["words", "delay"]
    assert "from 1 to 10000" in draft.problems[0].hint


def test_what_shapes_a_new_pool_does_not_matter_on_an_existing_one() -> None:
    draft = make_draft(uses_existing_pool=True, pool_id="farm", typed_dedicated="x", slots="y", typed_new_pool_id="?")
    assert draft.problems == ()
    assert draft.plan(0.0, "contoso").pool == ExistingPool("farm")


def test_an_existing_pool_has_to_be_picked() -> None:
    assert options_of_problems(make_draft(uses_existing_pool=True)) == ["pool"]


def test_a_pool_that_exists_is_never_deleted_by_a_tick_of_before() -> None:
    draft = make_draft(delete_after=frozenset({"pool", "job"}), uses_existing_pool=True, pool_id="farm")
    assert draft.plan(0.0, "contoso").delete_after == {"job"}
    assert draft.delete_after == {"pool", "job"}


def test_what_nobody_touched_follows_the_name_of_the_run() -> None:
    draft = make_draft(typed_run_id="mine")
    assert (draft.new_pool_id, draft.destination) == ("mine", "/jobs/mine")
    own = make_draft(typed_run_id="mine", typed_new_pool_id="pool-7", typed_destination="out")
    assert own.plan(0.0, "").pool.id == "pool-7"
    assert own.options.destination == "/jobs/out"


def test_a_destination_may_climb_and_be_absolute() -> None:
    assert make_draft(typed_destination="../x").options.destination == "/x"
    assert make_draft(typed_destination="/y/./z").options.destination == "/y/z"


def test_another_workload_brings_its_own_nodes_and_keeps_the_rest() -> None:
    draft = make_draft(typed_dedicated="7", typed_timeout="2h", parameters={"words": "9"})
    other = with_workload(draft, "ffmpeg-mp3")
    assert (other.dedicated, other.spot, other.timeout) == ("0", "5", "2h")
    assert other.run_id.startswith("ffmpeg-mp3-20261120-")
    back = with_workload(other, "top-words")
    assert back.parameters == {"words": "9"}
    assert back.run_id == draft.run_id
    assert with_workload(draft, "top-words") is draft


def test_parameters_of_another_workload_are_no_problem() -> None:
    draft = with_workload(make_draft(parameters={"words": "x"}, files=(FileChoice(1, "/in/a.mp4"),)), "ffmpeg-mp3")
    assert draft.problems == ()


def test_the_next_run_begins_with_what_the_last_one_chose() -> None:
    image = ImageChoice("debian", "debian-12", "12")
    first = make_draft(
        parameters={"words": "5"},
        vm_size="Standard_F2s_v2",
        image=image,
        typed_spot="4",
        typed_timeout="1h",
        slots="2",
        typed_run_id="mine",
        typed_destination="/elsewhere",
        priority="9",
    )
    second = new_draft(date(2026, 11, 21), random.Random(2), "/jobs", first.choices())
    assert (second.parameter("words"), second.vm_size, second.image) == ("5", "Standard_F2s_v2", image)
    assert (second.dedicated, second.spot, second.timeout, second.slots) == ("3", "4", "1h", "2")
    assert second.run_id != "mine"
    assert second.destination == f"/jobs/{second.run_id}"
    assert (second.files, second.priority) == ((), "0")


def test_the_pool_of_the_last_run_is_offered_again_only_if_it_was_not_its_own() -> None:
    own = make_draft(pool_id="farm").choices()
    assert own.pool_id == ""
    theirs = make_draft(pool_id="farm", uses_existing_pool=True).choices()
    again = new_draft(date(2026, 11, 21), random.Random(2), "/jobs", theirs)
    assert (again.uses_existing_pool, again.pool_id) == (True, "farm")


def test_choices_of_a_workload_that_is_gone_are_forgotten() -> None:
    draft = new_draft(date(2026, 11, 21), random.Random(2), "/jobs", LastChoices(workload="no-such", slots="8"))
    assert (draft.workload_name, draft.slots) == ("top-words", "1")


@pytest.mark.parametrize("seconds", [1, 59, 60, 90, 1_200, 5_400, 7_265, 7 * 86_400])
def test_a_typed_duration_reads_back(seconds: int) -> None:
    assert units.parse_typed_duration(typed_duration(seconds)) == seconds


def test_every_workload_has_a_name_of_its_own_for_the_run() -> None:
    draft = make_draft()
    assert set(draft.suggested_ids) == set(WORKLOADS)
    assert all(ids.is_run_id(name) for name in draft.suggested_ids.values())
