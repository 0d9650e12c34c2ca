"""What a person waits for and the account is refused: asked about there, and looked up again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.accounts import WORK, FakeAccounts
from tests.support.jobs import JOB, FakeJobDesk
from tests.support.new_runs import Account, draft_with_files
from tests.support.new_runs import shown as new_run_shown
from tests.support.past_runs import ENDED, FakeRuns, detail, reading
from tests.support.refused_runs import REFUSED
from tests.support.runs import NOW_S, FakeSession, failed, new_services, running, running_events, succeeded
from tests.support.terminal import Terminal
from tui.core.events import TasksChanged
from tui.core.input_listing import ListedFile, Listing, ListingBatch, PublishBatch
from tui.core.plan import RunPlan
from tui.core.preflight import Item, judge_error
from tui.core.records import ContainerRecord, JobRecord
from tui.core.rerun import RetryGround
from tui.core.task_reading import TaskAction
from tui.core.waiting import Situation
from tui.ui.account_services import AccessServices
from tui.ui.app import BatchTui
from tui.ui.input_services import InputServices
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.new_run.screen import INPUTS, POOL_JOB, REVIEW
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.screens.task import TaskScreen
from tui.ui.screens.watch import WatchScreen
from tui.ui.services import AccountLabel, AppServices, NewRunServices

CHANGES: dict[str, object] = {
    "account": AccountLabel("work", "https://b.example"),
    "access": AccessServices(FakeAccounts(WORK, current="work"), lambda _: None),
}


def services(**changes: object) -> AppServices:
    return replace(new_services(), **{**CHANGES, **changes})  # type: ignore[arg-type]  # fields by name


def notes(terminal: Terminal) -> list[str]:
    return [note.message for note in terminal.pilot.app._notifications]


async def asked(terminal: Terminal) -> None:
    def is_there() -> bool:
        screen = terminal.pilot.app.screen
        return isinstance(screen, AccessDialog) and screen.focused is not None

    await terminal.until_so(is_there, "it asks")


async def try_again(terminal: Terminal) -> None:
    await terminal.press("down", "enter")


async def test_pools_and_images_are_listed_once_access_is_back(tmp_path: Path) -> None:
    account = Account(error=REFUSED)
    async with new_run_shown(draft_with_files(tmp_path), account, step=POOL_JOB, changes=CHANGES) as run:
        await run.press("right")
        await asked(run)
        account.error = None
        await try_again(run)
        await run.until("4 pools", "render-farm")
        assert account.calls == ["pools", "pools"]
        account.error = REFUSED
        run.screen.pane._on_pick()  # type: ignore[attr-defined]
        await asked(run)
        account.error = None
        await try_again(run)
        await run.until("ubuntu-24_04-lts")


async def test_whoever_leaves_it_has_the_list_say_why_and_ask_again(tmp_path: Path) -> None:
    account = Account(error=REFUSED)
    async with new_run_shown(draft_with_files(tmp_path), account, step=POOL_JOB, changes=CHANGES) as run:
        await run.press("right")
        await asked(run)
        await run.press("escape")
        await run.until("✗ Batch does not accept the account key", "r asks again")
        await run.press("tab", "r")
        await asked(run)


@dataclass
class Contained(Account):
    """An account with one container, on a machine without inputs."""

    def services(self) -> NewRunServices:
        inputs = InputServices(
            start_scan=lambda _request, _publish: lambda: None,
            list_containers=self.list_containers,
            start_blob_listing=self.start_blob_listing,
            last_folder="/",
        )
        return replace(super().services(), inputs=inputs)

    def list_containers(self) -> tuple[ContainerRecord, ...]:
        self._called("containers")
        return (ContainerRecord("photos", NOW_S, {}),)

    def start_blob_listing(self, container: str, prefix: str, publish: PublishBatch) -> Callable[[], None]:  # noqa: ARG002
        self.calls.append(f"blobs of {container}")
        found = Listing("", files=(ListedFile("sunset.txt", 7),))
        publish(ListingBatch(is_over=True, error=self.error) if self.error else ListingBatch((found,), is_over=True))
        return lambda: None


async def test_containers_and_their_blobs_are_listed_once_access_is_back(tmp_path: Path) -> None:
    account = Contained(error=REFUSED)
    async with new_run_shown(draft_with_files(tmp_path), account, step=INPUTS, changes=CHANGES) as run:
        run.screen.pane.action_switch()  # type: ignore[attr-defined]
        await asked(run)
        account.error = None
        await try_again(run)
        await run.until("photos")
        account.error = REFUSED
        await run.press("enter")
        await asked(run)
        account.error = None
        await try_again(run)
        await run.until("sunset.txt")
    assert account.calls == ["containers", "containers", "blobs of photos", "blobs of photos"]


async def test_the_pre_flight_asks_once_and_checks_anew(tmp_path: Path) -> None:
    account = Account()
    refused = judge_error(Item.BATCH, REFUSED)
    account.preflight.findings = {Item.BATCH: refused, Item.STORAGE: replace(refused, item=Item.STORAGE)}
    async with new_run_shown(draft_with_files(tmp_path), account, step=REVIEW, changes=CHANGES) as run:
        await asked(run)
        await run.press("escape")
        await run.until("✗ 2 obstacles", "Check the account's name, key and endpoint.")
        await run.press("r")
        await asked(run)
        account.preflight.findings = {}
        await try_again(run)
        await run.until("✓ 7 of 7")
    assert len(account.preflight.plans) == 3


@dataclass
class Acting(FakeRuns):
    """Runs whose tasks cannot be changed while the account is refused."""

    is_refused: bool = True

    def act_on_task(self, plan: RunPlan, task_id: str, action: TaskAction) -> None:
        super().act_on_task(plan, task_id, action)
        if self.is_refused:
            raise REFUSED


async def test_a_task_is_changed_once_access_is_back() -> None:
    runs = Acting(reading=reading(detail(row=running(0))))
    screen = TaskScreen(services(), runs, ENDED.plan, "topword-00000")
    async with BatchTui(lambda: screen).run_test(size=(120, 32)) as pilot:
        task = Terminal(pilot)
        await task.until("added")
        await task.press("t")
        await task.until("terminate topword-00000?")
        await task.press("right", "enter")
        await asked(task)
        runs.is_refused = False
        await try_again(task)
        await task.until_so(lambda: "topword-00000: it is being ended" in notes(task), "it is done")
    assert [what[0] for what in runs.asked if what[0] == "terminate"] == ["terminate", "terminate"]


@dataclass
class Looking(FakeJobDesk):
    """A job that cannot be looked at while the account is refused."""

    is_refused: bool = True

    def look(self) -> Situation:
        self._check()
        return super().look()

    def read_job(self) -> JobRecord | None:
        self._check()
        self.is_refused = True  # also what is asked next, until somebody regains access
        return super().read_job()

    def read_ground(self) -> RetryGround:
        self._check()
        return super().read_ground()

    def _check(self) -> None:
        if self.is_refused:
            raise REFUSED


async def test_why_nothing_runs_is_told_once_access_is_back() -> None:
    desk = Looking()
    screen = WatchScreen(services(job_desk=lambda _: desk), ENDED.plan, FakeSession(running_events()))
    async with BatchTui(lambda: screen).run_test(size=(120, 32)) as pilot:
        run = Terminal(pilot)
        await run.until("topword-00000")
        await run.press("w")
        await asked(run)
        desk.is_refused = False
        await try_again(run)
        await run.until("why is nothing running?", "job active")


async def test_failed_tasks_are_run_again_once_access_is_back() -> None:
    desk = Looking(job=replace(JOB, state="completed"))
    screen = OpenRunScreen(
        services(job_desk=lambda _: desk),
        FakeRuns(),
        ENDED.plan,
        FakeSession([*running_events(), TasksChanged((failed(0), succeeded(1)), True, NOW_S, NOW_S)]),
        start_run=lambda _: None,
        is_only_shown=True,
    )
    async with BatchTui(lambda: screen).run_test(size=(120, 32)) as pilot:
        run = Terminal(pilot)
        await run.until("topword-00000", "✗ failed")
        await run.press("g")
        await run.until("failures · 1 group")
        await run.press("R")
        for _ in ("the job", "what a new run would rest on"):
            await asked(run)
            question = pilot.app.screen
            desk.is_refused = False
            await try_again(run)
            await run.until_so(lambda question=question: pilot.app.screen is not question, "it is tried again")  # type: ignore[misc]
        await run.until("run 1 task again as a new run?")
