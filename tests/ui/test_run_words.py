"""How a run stands, in words, without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.runs import SUMMARY
from tui.core.records import TaskCounts
from tui.ui.run_words import looks_after


@pytest.mark.parametrize(
    ("counts", "keys"),
    [
        (TaskCounts(succeeded=4), []),
        (TaskCounts(succeeded=3, failed=1), ["run.failures"]),
        (TaskCounts(active=4), ["run.why"]),
        (TaskCounts(running=1, failed=1), ["run.failures", "run.why"]),
    ],
)
def test_what_did_not_succeed_leads_to_its_reasons(counts: TaskCounts, keys: list[str]) -> None:
    assert looks_after(replace(SUMMARY, counts=counts)) == keys
