"""Over HTTP: the service's key is changed in mid-run, the new one entered on the run's screen, and all ends well."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.bench import Bench, QuickClock, bench_at, opened
from tests.support.changed_keys import change_key, desk_with, enter_key, services_of
from tests.support.pilot import wait_for
from tui import wiring
from tui.bundled import node_script
from tui.commands.open_accounts import OpenAccounts
from tui.commands.shown_runs import ShownRuns
from tui.core.accounts import AccountKind, account_of_environment
from tui.core.records import TaskCounts
from tui.sandbox import control
from tui.ui.app import BatchTui
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.open_run import OpenRunScreen

QUICK_CLOCK = QuickClock()
"""The run's: it looks at its tasks ten times as often, and a person's waits stay as they are."""
DELAY_S = 1.5
"""Of a task: longer than a look at it and the sandbox's end take, so that it is refused while its tasks are at work."""


def count_of(screen: OpenRunScreen) -> TaskCounts:
    return screen._tally.counts


async def run_to_its_end(bench: Bench, folder: Path) -> tuple[OpenRunScreen, str, str]:
    """Its screen, everything that stood on the terminal, and the new key."""
    found = account_of_environment(bench.sandbox.environment)
    assert found is not None
    account = replace(found, name="work", kind=AccountKind.SHARED_KEY)
    plan = replace(bench.new_trial().plan, account="work", parameters=(("words", 3.0), ("delay", DELAY_S)))
    desk = desk_with(account, folder)
    seen: list[str] = []
    with OpenAccounts(desk.account, QUICK_CLOCK) as accounts:
        runs = ShownRuns(wiring.journals(QUICK_CLOCK), accounts.tools, accounts.tools, node_script)
        services = services_of(account, desk, accounts, runs)
        screen = OpenRunScreen(services, runs, plan, runs.start(plan))
        async with BatchTui(lambda: screen).run_test(size=(120, 40)) as pilot:

            def look() -> None:
                seen.extend(strip.text for strip in pilot.app.screen._compositor.render_strips())

            await wait_for(pilot, lambda: screen.tasks.total == 2, "the tasks are submitted")
            await wait_for(pilot, lambda: count_of(screen).running, "a task runs")
            new_key = change_key(bench.sandbox.state_dir, "batch_key")
            await wait_for(pilot, lambda: isinstance(pilot.app.screen, AccessDialog), "it is refused, and asks")
            look()
            await enter_key(pilot, new_key)
            await wait_for(pilot, lambda: screen.is_current and screen.is_under_way, "the run goes on on its screen")
            await wait_for(pilot, lambda: count_of(screen).completed == 2, "its table is alive")
            await wait_for(pilot, lambda: screen.view.is_over, "the run is over")
            look()
    return screen, "\n".join(seen), new_key


@pytest.mark.slow
async def test_a_key_that_is_changed_in_mid_run_is_entered_again_and_the_run_ends_the_same(tmp_path: Path) -> None:
    with bench_at(tmp_path) as bench:
        bench.learn()
        screen, seen, new_key = await run_to_its_end(bench, tmp_path / "person")
        plan, summary = screen.view.plan, screen.view.summary
        assert summary is not None
        assert (summary.exit_code, summary.outcome) == (0, "all 2 tasks succeeded")
        outputs = replace(bench.new_trial(), plan=plan).outputs()
        now = replace(bench.sandbox, environment=control.endpoint_environment(bench.sandbox.state_dir))
        with opened(now, tmp_path) as after:
            after.expected = bench.expected
            assert after.differences(outputs) == []
    (journal,) = wiring.paths().runs.iterdir()
    text = journal.read_text("utf-8")
    kinds = [json.loads(line)["kind"] for line in text.splitlines()]
    assert (kinds.count("plan"), kinds.count("ended")) == (1, 2), "one journal has both halves of the run"
    for key in (bench.sandbox.batch_key, bench.sandbox.storage_key, new_key):
        assert key not in seen
        assert key not in text
