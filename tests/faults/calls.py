"""A fault at every call: each request of a run fails once, in each way, and the run must end as if it had not.

Only a refusal may end it, with exit code 3 and resumable. What a node asks for with a SAS is no call of the program's:
a refusal there fails the task that needed it, which the run must say.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tests.faults.bench import Bench, Trial
from tests.faults.matrix import Campaign, Verdict
from tests.support.faults import FaultKind, FaultPlan, RequestKey, with_fault
from tui.core.events import RunSummary

_CLIENT_GIVES_UP_S = 10.0
"""A time-out withholds the answer for longer than the program waits for one."""
_NODE_WAITS_S = 2.0
"""Nodes wait longer than a trial may take; for them an answer is late rather than lost."""

Case = tuple[RequestKey, FaultKind]


def calls_of_a_run(bench: Bench) -> tuple[RequestKey, ...]:
    """The key of every request that a run makes while nothing fails, in the order they come."""
    plan, trial = FaultPlan(bench.sandbox), bench.new_trial()
    plan.put(names=_names(trial))
    summary = bench.execute(trial)
    keys = tuple(seen.key for seen in plan.log())
    assert bench.problems(trial, summary) == []
    return keys


def _names(trial: Trial) -> dict[str, str]:
    return {trial.plan.run_id: "{run}"}


def full_matrix(bench: Bench) -> Sequence[Case]:
    """Every key and kind; in no order, so that what has run so far says something of the whole."""
    cases = [(key, kind) for kind in FaultKind for key in calls_of_a_run(bench) if _says_something(key, kind)]
    random.Random(0).shuffle(cases)
    return cases


def _says_something(key: RequestKey, kind: FaultKind) -> bool:
    """Half a file that looks whole is a node's to notice, not the program's."""
    return kind is not FaultKind.CUT_TO_FIT or key.signed_by == "key"


def try_call(bench: Bench, case: Case) -> Verdict:
    """One run in which a request fails once."""
    key, kind = case
    trial = bench.new_trial()
    delay_s = _CLIENT_GIVES_UP_S if key.signed_by == "key" else _NODE_WAITS_S
    with with_fault(bench.sandbox, key, kind, _names(trial), delay_s=delay_s, retry_after_s=1.0) as fault:
        summary = bench.execute(trial)
        was_met = fault.was_met()
    if kind is FaultKind.FORBIDDEN and was_met:
        problems = list(_not_said(key, trial, summary))
        if key.signed_by == "key":
            problems += bench.problems(trial, bench.execute(trial))
        else:
            bench.sweep()
    else:
        problems = bench.problems(trial, summary)
    bench.close(trial, problems)
    return Verdict(kind.value, str(key), was_met, tuple(problems))


def _not_said(key: RequestKey, trial: Trial, summary: RunSummary) -> Iterator[str]:
    """What a run that met a refusal does not say as it should."""
    if key.signed_by == "key":
        if summary.exit_code != 3:
            yield f"a refusal ended with {summary.exit_code}: {summary.outcome}"
        if f"runs resume {trial.plan.run_id}" not in summary.hint:
            yield f"nobody is told how to resume: {summary.hint!r}"
    elif summary.exit_code == 0 and "-logs/" not in key.target:
        yield "a node was refused and nothing was said"


CAMPAIGN = Campaign("a fault at every call", full_matrix, try_call)
