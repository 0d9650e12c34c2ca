"""A fixed sample of the campaigns of `python -m tests.faults`: what that tries one by one, here a few in each run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.bench import Bench, bench_at
from tests.faults.kills import kill_sandbox
from tests.faults.long_life import live
from tests.support.faults import Fault, FaultKind, FaultPlan

pytestmark = pytest.mark.slow

K = FaultKind
SAMPLE = {
    "made, and nobody is told": [
        (K.RESET_AFTER, "PUT container"),
        (K.RESET_AFTER, "PUT blob"),
        (K.RESET_AFTER, "POST /pools"),
        (K.RESET_AFTER, "POST /jobs"),
        (K.RESET_AFTER, "POST /jobs/{job_id}/addtaskcollection"),
        (K.RESET_AFTER, "PATCH /jobs/{job_id}"),
        (K.RESET_AFTER, "DELETE /jobs/{job_id}"),
        (K.RESET_AFTER, "DELETE container"),
    ],
    "nothing done": [
        (K.RESET_BEFORE, "POST /pools"),
        (K.THROTTLED, "POST /jobs"),
        (K.UNAVAILABLE, "POST /jobs/{job_id}/addtaskcollection"),
        (K.INTERNAL_ERROR, "PUT container"),
        (K.INTERNAL_ERROR, "DELETE /pools/{pool_id}"),
        (K.RESET_BEFORE, "GET container list"),
    ],
    "half an answer, then a reset": [
        (K.CUT_BY_RESET, "GET /pools/{pool_id}"),
        (K.CUT_BY_RESET, "GET /jobs/{job_id}"),
        (K.CUT_BY_RESET, "GET container"),
        (K.CUT_BY_RESET, "GET /jobs/{job_id}/tasks"),
        (K.CUT_BY_RESET, "POST /jobs/{job_id}/addtaskcollection"),
        (K.CUT_BY_RESET, "GET blob"),
    ],
    "half an answer that looks whole": [
        (K.CUT_TO_FIT, "GET /pools/{pool_id}"),
        (K.CUT_TO_FIT, "GET /jobs/{job_id}"),
        (K.CUT_TO_FIT, "GET container"),
        (K.CUT_TO_FIT, "GET /jobs/{job_id}/tasks"),
        (K.CUT_TO_FIT, "POST /jobs/{job_id}/addtaskcollection"),
        (K.CUT_TO_FIT, "GET container list"),
        (K.CUT_TO_FIT, "GET blob"),
    ],
    "half an answer": [
        (K.TRUNCATED, "GET /pools/{pool_id}"),
        (K.TRUNCATED, "GET /jobs/{job_id}"),
        (K.TRUNCATED, "POST /jobs/{job_id}/addtaskcollection"),
        (K.TRUNCATED, "GET /jobs/{job_id}/tasks"),
        (K.TRUNCATED, "GET blob"),
        (K.TIME_OUT, "GET /jobs/{job_id}/taskcounts"),
    ],
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench_at(tmp_path_factory.mktemp("faults")) as made:
        made.learn()
        yield made


@pytest.mark.parametrize("name", SAMPLE)
def test_faults_at_calls_change_nothing(bench: Bench, name: str) -> None:
    plan, trial = FaultPlan(bench.sandbox), bench.new_trial()
    faults = [Fault(kind, signed_by="key", operation=operation, times=1) for kind, operation in SAMPLE[name]]
    plan.put(*faults)
    summary = bench.execute(trial)
    met = [(seen.fault, seen.key.operation) for seen in plan.log() if seen.fault is not None]
    plan.clear()
    assert bench.problems(trial, summary) == [], trial.notices
    assert sorted(met) == sorted(SAMPLE[name])


def test_a_refusal_can_be_resumed(bench: Bench) -> None:
    plan, trial = FaultPlan(bench.sandbox), bench.new_trial()
    plan.put(Fault(K.FORBIDDEN, operation="POST /jobs/{job_id}/addtaskcollection", times=1))
    refused = bench.execute(trial)
    plan.clear()
    assert refused.exit_code == 3
    assert f"runs resume {trial.plan.run_id}" in refused.hint
    assert bench.problems(trial, bench.execute(trial)) == []


def test_a_sandbox_killed_in_the_middle_changes_nothing(bench: Bench) -> None:
    verdict = kill_sandbox(bench, (29, "after"))
    assert verdict.was_met
    assert verdict.survived, verdict


def test_polls_with_faults_lose_no_update(bench: Bench) -> None:
    life = live(bench, polls=60, fault_share=0.1)
    assert life.lost == 0
    assert life.failed_polls > 0
