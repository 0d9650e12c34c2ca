"""What of an account's resources a run still needs, and what is only left of it."""

from __future__ import annotations

import pytest

from tui.core.ids import RUN_METADATA_KEY
from tui.core.leftovers import GRACE_S, Holdings, LeftRun, LocalRun, holdings, judge
from tui.core.records import ContainerRecord, JobRecord, PoolRecord

RUN = "top-words-20261120-abc"
OURS = {RUN_METADATA_KEY: RUN}
MADE_S = 1_795_000_000.0
LONG_AFTER_S = MADE_S + 2 * GRACE_S
DONE_HERE = LocalRun(is_driven=False, has_downloaded=True, saw_the_end=True)
GIVEN_UP_HERE = LocalRun(is_driven=False, has_downloaded=False, saw_the_end=True)
INTERRUPTED_HERE = LocalRun(is_driven=False, has_downloaded=False, saw_the_end=False)
OUTPUT = f"{RUN}-output"


def job(state: str = "completed", *, ends: bool = True, mark: dict[str, str] = OURS) -> JobRecord:
    return JobRecord(RUN, state, RUN, 0, MADE_S, terminates_when_done=ends, metadata=mark)


def pool(nodes: int = 2, state: str = "active", mark: dict[str, str] = OURS) -> PoolRecord:
    return PoolRecord(RUN, state, "steady", "standard_d2s_v3", nodes, 0, nodes, 0, 1, MADE_S, metadata=mark)


def container(name: str = OUTPUT, mark: dict[str, str] = OURS) -> ContainerRecord:
    return ContainerRecord(name, MADE_S, mark)


def left(
    found: Holdings, local: LocalRun | None = None, *, unfinished: int = 0, now_s: float = LONG_AFTER_S
) -> LeftRun:
    return judge(found, local, unfinished, {OUTPUT}, now_s)


def names(run: LeftRun) -> list[tuple[str, bool, bool]]:
    return [(item.kind, item.costs, bool(item.loss)) for item in run.resources]


def test_only_what_bears_a_runs_mark_is_seen() -> None:
    strange = {"owner": "someone else"}
    forged = {RUN_METADATA_KEY: "../../Not A Run"}
    found = holdings(
        [job(), job(mark=strange)], [pool(mark=strange), pool(mark=forged)], [container(), container("theirs", strange)]
    )
    assert found == (Holdings(RUN, job(), (), (container(),)),)


def test_a_job_that_only_bears_the_mark_is_not_the_runs_own() -> None:
    copied = JobRecord("another", "completed", RUN, 0, MADE_S, metadata=OURS)
    assert holdings([copied], [], []) == ()


def test_nothing_costs_where_nobody_bills() -> None:
    found = Holdings(RUN, job(), (pool(),), ())
    (_, kept) = judge(found, DONE_HERE, 0, (), LONG_AFTER_S, is_billed=False).resources
    assert (kept.kind, kept.costs, kept.note) == ("pool", False, "2 nodes of standard_d2s_v3")


def test_a_run_that_is_over_leaves_everything_in_the_order_of_deletion() -> None:
    run = left(Holdings(RUN, job(), (pool(),), (container(f"{RUN}-input"), container())), DONE_HERE)
    assert run.needed_for == ""
    assert names(run) == [
        ("job", False, False),
        ("pool", True, False),
        ("container", False, False),
        ("container", False, False),
    ]
    assert run.resources[1].note == "2 nodes of standard_d2s_v3, by the hour"


@pytest.mark.parametrize("local", [None, GIVEN_UP_HERE], ids=["never seen here", "given up here"])
def test_outputs_that_were_not_downloaded_here_are_a_loss(local: LocalRun | None) -> None:
    assert names(left(Holdings(RUN, job(), (), (container(),)), local)) == [
        ("job", False, False),
        ("container", False, True),
    ]


def test_a_pool_without_nodes_costs_nothing_and_what_is_going_is_not_left() -> None:
    run = left(Holdings(RUN, job("deleting"), (pool(0),), ()), DONE_HERE)
    assert names(run) == [("pool", False, False)]
    assert names(left(Holdings(RUN, None, (pool(state="deleting"),), ()))) == []


@pytest.mark.parametrize("local", [None, DONE_HERE, GIVEN_UP_HERE])
def test_tasks_that_go_on_keep_all_of_it(local: LocalRun | None) -> None:
    run = left(Holdings(RUN, job("active"), (pool(),), (container(),)), local, unfinished=3)
    assert (run.needed_for, run.resources) == ("3 tasks not finished", ())


def test_what_a_process_drives_is_needed_whatever_exists() -> None:
    run = left(Holdings(RUN, job(), (pool(),), ()), LocalRun(is_driven=True, has_downloaded=True, saw_the_end=True))
    assert "drives it" in run.needed_for


def test_outputs_without_a_job_are_of_a_run_that_is_over() -> None:
    run = left(Holdings(RUN, None, (), (container(),)), now_s=MADE_S)
    assert names(run) == [("container", False, True)]


@pytest.mark.parametrize(
    "found", [Holdings(RUN, None, (), (container(f"{RUN}-input"),)), Holdings(RUN, job("active", ends=False))]
)
def test_what_another_machine_may_be_making_has_a_day(found: Holdings) -> None:
    assert "within a day" in left(found, now_s=MADE_S + GRACE_S - 1).needed_for
    assert left(found, now_s=MADE_S + GRACE_S).needed_for == ""
    assert left(found, GIVEN_UP_HERE, now_s=MADE_S).needed_for == ""


@pytest.mark.parametrize("state", ["active", "completed"])
def test_what_was_interrupted_here_can_be_gone_on_with_for_a_day(state: str) -> None:
    found = Holdings(RUN, job(state), (pool(),), (container(),))
    needed = left(found, INTERRUPTED_HERE, now_s=MADE_S + GRACE_S - 1).needed_for
    assert needed.startswith("interrupted here")
    assert f"runs resume {RUN}" in needed
    assert len(left(found, INTERRUPTED_HERE, now_s=MADE_S + GRACE_S).resources) == 3


def test_a_job_without_tasks_that_ends_by_itself_is_left_at_once() -> None:
    assert left(Holdings(RUN, job("active", ends=True)), now_s=MADE_S).needed_for == ""
