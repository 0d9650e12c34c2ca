"""Over HTTP: keys are changed in the midst of a download and of a deletion, entered there, and the rest is done."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Static

from tests.faults.bench import Bench, QuickClock, bench_at, opened
from tests.support.changed_keys import Which, change_key, desk_with, enter_key, services_of
from tests.support.pilot import wait_for
from tui import wiring
from tui.bundled import node_script
from tui.commands.open_accounts import OpenAccounts
from tui.commands.shown_runs import ShownRuns
from tui.core.accounts import Account, AccountKind, account_of_environment
from tui.core.plan import RunPlan
from tui.core.ports import BatchPort, StoragePort
from tui.engine.patience import Patience
from tui.engine.run import RunEngine
from tui.engine.run_record import ResourceState
from tui.engine.run_tools import RunTools
from tui.engine.transfers import TRANSFER_WORKERS
from tui.sandbox import control
from tui.ui.app import BatchTui
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.delete import DeleteDialog
from tui.ui.screens.download import DownloadDialog
from tui.ui.screens.open_run import OpenRunScreen

CLOCK = QuickClock()
MORE = 150
"""Files beside the outputs: many more than are under way at a time."""


@dataclass
class Owner:
    """Changes a key of the account as one particular call is about to be made; every other call waits meanwhile."""

    state_dir: Path
    is_time: Callable[[Counter[str]], bool] = lambda _: False
    which: Which = "batch_key"
    new_keys: dict[Which, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    read: list[str] = field(default_factory=list)
    """The blobs that were asked for."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, operation: str, arguments: tuple[Any, ...]) -> None:
        with self._lock:
            self.calls[operation] += 1
            if operation == "read_blob":
                self.read.append(arguments[1])
            if self.which not in self.new_keys and self.is_time(self.calls):
                self.new_keys[self.which] = change_key(self.state_dir, self.which)

    def changes(self, which: Which, is_time: Callable[[Counter[str]], bool]) -> None:
        self.which, self.is_time, self.calls = which, is_time, Counter()


class Watched:
    """A gateway whose calls an owner looks at before they are made."""

    def __init__(self, gateway: object, owner: Owner) -> None:
        self._gateway, self._owner = gateway, owner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._owner.look(name, arguments)
            return found(*arguments, **named)

        return call if callable(found) else found


def watched(tools: RunTools, owner: Owner) -> RunTools:
    batch, storage = Watched(tools.batch, owner), Watched(tools.storage, owner)
    return replace(tools, batch=cast(BatchPort, batch), storage=cast(StoragePort, storage))


def ended_run(bench: Bench) -> RunPlan:
    """A run that kept all it made, with many more files in its output container."""
    plan = replace(bench.new_trial().plan, account="work", delete_after=frozenset())
    engine = RunEngine(bench.batch, bench.storage, CLOCK, wiring.journals(CLOCK), node_script, Patience())
    assert engine.execute(plan, threading.Event(), lambda _: None).exit_code == 0
    for number in range(MORE):
        content = b"%d" % number
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        bench.storage.put_blob(plan.output_container, f"more/{number}.txt", content, digest)
    return plan


def fetched(plan: RunPlan) -> dict[str, bytes]:
    folder = Path(plan.destination) / "more"
    return {f"more/{path.name}": path.read_bytes() for path in folder.glob("*")}


def said(pilot: Pilot[int]) -> str:
    return " ".join(str(static.render()) for static in pilot.app.screen.query(Static))


async def download(pilot: Pilot[int], owner: Owner, plan: RunPlan) -> None:
    """Refused after some files; the key is entered, and the others come."""
    app = pilot.app
    owner.changes("storage_key", lambda calls: calls["read_blob"] > 8)
    await pilot.press("d")
    await wait_for(pilot, lambda: isinstance(app.screen, DownloadDialog) and app.screen.focused, "the dialog is there")
    dialog = app.screen
    await pilot.press("enter")
    await wait_for(pilot, lambda: isinstance(app.screen, AccessDialog), "it is refused, and asks")
    there = fetched(plan)
    assert 0 < len(there) < MORE
    under_way_twice = 8 + 2 * TRANSFER_WORKERS  # what the owner's change cut off is tried once more
    assert owner.calls["read_blob"] <= under_way_twice, "a refused account is not asked for file after file"
    assert f"{MORE - len(there)} are not here yet" in said(pilot)
    owner.read.clear()
    await enter_key(pilot, owner.new_keys["storage_key"], "storage_key")
    await wait_for(pilot, lambda: app.screen is dialog and "verified" in said(pilot), "all of it is there")
    assert Counter(owner.read) == Counter({f"more/{number}.txt" for number in range(MORE)} - there.keys())
    assert fetched(plan) == {f"more/{number}.txt": b"%d" % number for number in range(MORE)}
    await pilot.press("escape")


async def delete(pilot: Pilot[int], owner: Owner, plan: RunPlan) -> None:
    """Refused once the job is on its way; the key is entered, and the rest goes."""
    app = pilot.app
    owner.changes("batch_key", lambda calls: calls["delete_job"] > 0 and calls["get_pool"] > 1)
    await pilot.press("x")
    await wait_for(pilot, lambda: isinstance(app.screen, DeleteDialog), "the dialog is there")
    dialog = app.screen
    button = dialog.query_one("#delete", Button)
    await wait_for(pilot, lambda: "not here as well" in said(pilot), "nothing is lost, so nothing is typed")
    looks = owner.calls["get_container"]
    button.press()
    await wait_for(pilot, lambda: isinstance(app.screen, AccessDialog), "it is refused, and asks")
    states = wiring.journals(CLOCK).read(plan.run_id).resources
    containers = dict.fromkeys((("container", name) for name in plan.containers), ResourceState.MADE)
    assert {key: state for key, state in states.items() if key[0] != "job"} == {
        ("pool", plan.pool.id): ResourceState.MADE,
        **containers,
    }, "what was refused is not journaled as gone or going"
    assert (owner.calls["get_container"], owner.calls["delete_container"]) == (looks, 0), "nothing further was begun"
    assert "only the rest is deleted: pool, 3 containers." in said(pilot)
    await enter_key(pilot, owner.new_keys["batch_key"])
    await wait_for(pilot, lambda: app.screen is dialog and not button.display, "all of it goes")
    assert (owner.calls["delete_job"], owner.calls["delete_pool"], owner.calls["delete_container"]) == (1, 1, 3)


def account_of(bench: Bench) -> Account:
    found = account_of_environment(bench.sandbox.environment)
    assert found is not None
    return replace(found, name="work", kind=AccountKind.SHARED_KEY)


@pytest.mark.slow
async def test_keys_that_are_changed_in_the_midst_of_a_dialog_are_entered_again_there(tmp_path: Path) -> None:
    with bench_at(tmp_path, allow_faults=False) as bench:
        account, plan, owner = account_of(bench), ended_run(bench), Owner(bench.sandbox.state_dir)
        desk = desk_with(account, tmp_path / "person")
        with OpenAccounts(desk.account, CLOCK) as accounts:

            def tools(name: str) -> RunTools:
                return watched(accounts.tools(name), owner)

            runs = ShownRuns(wiring.journals(CLOCK), tools, tools, node_script)
            services = services_of(account, desk, accounts, runs)
            screen = OpenRunScreen(services, runs, plan, runs.revisit(plan), is_only_shown=True)
            async with BatchTui(lambda: screen).run_test(size=(120, 40)) as pilot:
                await wait_for(pilot, lambda: screen.view.summary is not None, "the run is shown")
                await download(pilot, owner, plan)
                await wait_for(pilot, lambda: screen.is_current, "back on the run")
                await delete(pilot, owner, plan)
        now = replace(bench.sandbox, environment=control.endpoint_environment(bench.sandbox.state_dir))
        with opened(now, tmp_path) as after:
            assert after.left_over() == []
    journal = (wiring.paths().runs / f"{plan.run_id}.jsonl").read_text("utf-8")
    for key in (account.batch_key.reveal(), account.storage_key.reveal(), *owner.new_keys.values()):
        assert key not in journal
