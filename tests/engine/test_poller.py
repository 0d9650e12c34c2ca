"""The poller: only what changed is told, nothing is lost, trouble is said and survived."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.world import RUN_ID, World, running_world
from tests.support.fakes import START_S, FakeClock
from tui.core.errors import AccessRefused, NotFound, ServiceError, ServiceFault, Throttled, Unreachable
from tui.core.events import CountsChanged, PollReport, PoolChanged, TasksChanged
from tui.core.ports import StopSignal
from tui.core.records import TaskPage, TaskRow, TaskState
from tui.core.run_view import count_rows
from tui.engine.cadence import Cadence, RequestRate
from tui.engine.poller import PollControl, Poller, PollView
from tui.engine.task_book import OVERLAP_TICKS, TaskBook, newest_time, ticks, time_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    return running_world(tmp_path)


def _poller(world: World) -> Poller:
    return Poller(world.batch, world.clock, world.plan.job_id, world.plan.pool.id)


def _trouble(poller: Poller) -> ServiceError | None:
    return poller.view.trouble


def _state(poller: Poller, task_id: str) -> TaskState:
    return poller.view.rows[task_id].state


def _changes(world: World) -> list[TasksChanged]:
    return [event for event in world.events if isinstance(event, TasksChanged)]


def _reports(world: World) -> list[PollReport]:
    return [event for event in world.events if isinstance(event, PollReport)]


def test_the_first_poll_tells_everything(world: World) -> None:
    _poller(world).poll(world.events.append)
    (change,) = _changes(world)
    assert change.is_full
    assert [row.id for row in change.rows] == [world.plan.task_id(index) for index in range(10)]
    assert any(isinstance(event, PoolChanged) and len(event.nodes) == 2 for event in world.events)
    assert any(isinstance(event, CountsChanged) for event in world.events)


def test_a_later_poll_tells_only_what_changed(world: World) -> None:
    poller = _poller(world)
    poller.poll(world.events.append)
    world.clock.advance(4.0)
    poller.poll(world.events.append)
    first, second = _changes(world)
    assert not second.is_full
    assert [row.id for row in second.rows] == ["topword-00000", "topword-00001"]
    assert second.server_time_s == world.clock.now_s() != first.server_time_s
    poller.poll(world.events.append)
    assert len(_changes(world)) == 2


def test_every_poll_is_reported(world: World) -> None:
    poller = _poller(world)
    for _ in range(3):
        poller.poll(world.events.append)
    assert [report.succeeded for report in _reports(world)] == [True] * 3


def test_it_runs_until_told_that_it_is_over(world: World) -> None:
    polls: list[int] = []

    def is_over(view: PollView) -> bool:
        polls.append(view.full_lists)
        return len(view.rows) == 10 and all(row.state is TaskState.COMPLETED for row in view.rows.values())

    _poller(world).run(threading.Event(), world.events.append, is_over)
    assert len(polls) > 5
    assert polls[-1] == 1
    assert {row.id for change in _changes(world) for row in change.rows if row.state is TaskState.COMPLETED} == set(
        world.batch.jobs[RUN_ID].tasks
    )


@pytest.mark.parametrize(
    "error", [Unreachable("away"), ServiceFault("broken"), AccessRefused("no"), NotFound("gone"), Throttled("slow")]
)
@pytest.mark.parametrize("operation", ["list_tasks", "count_tasks", "get_pool", "list_nodes", "get_job"])
def test_trouble_is_told_and_polling_goes_on(world: World, operation: str, error: Unreachable) -> None:
    poller = _poller(world)
    world.faults.fail(operation, error)
    poller.poll(world.events.append)
    assert (_reports(world)[0].succeeded, _reports(world)[0].trouble) == (False, error.title)
    assert _trouble(poller) is error
    poller.poll(world.events.append)
    assert _reports(world)[1].succeeded
    assert _trouble(poller) is None
    assert len(poller.view.rows) == 10


def test_refused_access_is_told_once_and_ends_the_watching(world: World) -> None:
    refusal = AccessRefused("The key is not accepted", status=403)
    world.faults.fail("get_pool", refusal, occurrence=0)
    with pytest.raises(AccessRefused) as raised:
        _poller(world).run(threading.Event(), world.events.append)
    assert raised.value is refusal
    assert [report.trouble for report in _reports(world)] == [str(refusal)]


def test_it_waits_as_long_as_a_throttling_service_asks(world: World) -> None:
    busy = Throttled("Too many requests")
    busy.retry_after_s = 42.0
    world.faults.fail("list_tasks", busy)
    assert _poller(world).poll(world.events.append) == 42.0
    assert _reports(world)[0].throttled_until_s == world.clock.now_s() + 42.0


def test_a_failed_list_loses_nothing(world: World) -> None:
    """A list that breaks off between its pages is as if it had not been asked for."""
    world.batch.behaviour.page_rows = 3
    poller = _poller(world)
    poller.poll(world.events.append)
    world.clock.advance(60.0)
    world.faults.fail("list_tasks page", Unreachable("cut off"), occurrence=world.faults.calls["list_tasks page"] + 2)
    poller.poll(world.events.append)
    assert poller.view.trouble is not None
    poller.poll(world.events.append)
    assert {row.id: row for row in poller.view.rows.values()} == {
        task_id: task.row for task_id, task in world.batch.jobs[RUN_ID].tasks.items()
    }


def test_a_full_list_heals_what_changes_missed(world: World) -> None:
    poller = _poller(world)
    poller.poll(world.events.append)
    task = world.batch.jobs[RUN_ID].tasks["topword-00009"]
    task.row = replace(
        task.row, state=TaskState.PREPARING, state_transition_time=time_of(ticks("2020-01-01T00:00:00Z"))
    )
    poller.poll(world.events.append)
    assert _state(poller, "topword-00009") is TaskState.ACTIVE
    poller.want_full_list()
    poller.poll(world.events.append)
    assert _state(poller, "topword-00009") is TaskState.PREPARING


def test_a_full_list_drops_what_was_deleted(world: World) -> None:
    poller = _poller(world)
    poller.poll(world.events.append)
    world.batch.delete_task(RUN_ID, "topword-00003")
    poller.want_full_list()
    poller.poll(world.events.append)
    change = _changes(world)[-1]
    assert change.is_full
    assert "topword-00003" not in {row.id for row in change.rows}


class _ClockWithEvents(FakeClock):
    """Does something at the nth wait."""

    def __init__(self, deeds: dict[int, Callable[[], None]]) -> None:
        super().__init__()
        self._deeds = deeds

    def wait(self, stop: StopSignal, seconds: float) -> bool:
        self._deeds.get(len(self.waits), lambda: None)()
        return super().wait(stop, seconds)


def test_paused_it_polls_only_when_asked(world: World) -> None:
    stop, control, polls_when_paused = threading.Event(), PollControl(), []

    def refresh() -> None:
        polls_when_paused.append(len(_reports(world)))
        control.refresh_now()

    def resume() -> None:
        polls_when_paused.append(len(_reports(world)))
        control.resume()

    clock = _ClockWithEvents({100: refresh, 200: resume, 300: stop.set})
    control.pause()
    Poller(world.batch, clock, world.plan.job_id, world.plan.pool.id, control).run(stop, world.events.append)
    assert polls_when_paused == [1, 2]
    assert len(_reports(world)) > 5


def test_settled_surroundings_are_read_more_rarely(world: World) -> None:
    world.clock.advance(10.0)
    poller = _poller(world)
    for _ in range(10):
        poller.poll(world.events.append)
        world.clock.advance(1.0)
    assert world.faults.calls["list_tasks"] == 10
    assert world.faults.calls["list_nodes"] == 2


def test_a_refresh_asked_for_while_nobody_was_found_to_ask_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    control = PollControl()
    is_set = threading.Event.is_set

    def looked_at_just_before(event: threading.Event) -> bool:
        found = is_set(event)
        event.set()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(threading.Event, "is_set", looked_at_just_before)
        assert not control.takes_refresh()
    assert control.takes_refresh()
    assert not control.takes_refresh()


def test_cadence_slows_when_quiet_and_quickens_when_things_change() -> None:
    cadence = Cadence()
    quiet = [cadence.after_success(changed=False, took_s=0.1) for _ in range(10)]
    assert quiet == sorted(quiet)
    assert (quiet[0], quiet[-1]) == (1.5, 10.0)
    assert cadence.after_success(changed=True, took_s=0.1) == 1.0
    assert cadence.after_success(changed=True, took_s=7.0) == 7.0
    assert cadence.after_success(changed=True, took_s=60.0) == 10.0
    troubled = [cadence.after_trouble(0.0) for _ in range(7)]
    assert troubled == [1, 2, 4, 8, 16, 30, 30]
    assert [cadence.after_trouble(asked_s) for asked_s in (60.0, 86_400.0, float("inf"))] == [60, 120, 120]


def test_the_rate_is_of_the_last_minute() -> None:
    rate = RequestRate()
    assert rate.sample(0.0, 100) == 0
    assert rate.sample(30.0, 130) == 60.0
    for second in range(60, 600, 30):
        latest = rate.sample(float(second), 130)
    assert latest == 0


def test_times_of_the_service_are_exact() -> None:
    for text in ("2026-11-20T10:02:11.1234567Z", "2026-11-20T10:02:11.0000000Z", "1999-12-31T23:59:59.9999999Z"):
        assert time_of(ticks(text)) == text
    assert ticks("2026-11-20T10:02:11.5Z") - ticks("2026-11-20T10:02:11Z") == 5_000_000
    with pytest.raises(ValueError, match="not a time"):
        ticks("yesterday")


@pytest.mark.parametrize("seed", range(20))
def test_the_newest_of_times_written_in_different_lengths(seed: int) -> None:
    chooser = random.Random(seed)
    texts = [
        f"2026-11-20T10:02:{second:02}{fraction}{zone}"
        for second in (9, 10)
        for fraction in ("", ".5", ".49", ".4999999", ".5000000")
        for zone in ("Z", "+00:00")
    ]
    rows = [TaskRow(text, TaskState.ACTIVE, text) for text in chooser.sample(texts, 3)]
    assert newest_time(rows) == max(ticks(row.state_transition_time) for row in rows)


class _Service:
    """Tasks that change at random; a change may show up late in lists, but by less than the overlap."""

    def __init__(self, chooser: random.Random, tasks: int) -> None:
        self.now = int(START_S * 10_000_000)
        self.chooser = chooser
        self.rows: dict[str, TaskRow] = {}
        self.late: list[tuple[int, TaskRow]] = []
        self.is_quiet = False
        for index in range(tasks):
            self.rows[f"t-{index:03}"] = TaskRow(f"t-{index:03}", TaskState.ACTIVE, time_of(self.now))

    def change(self) -> None:
        self.now += self.chooser.randrange(1, 3_000_000)
        task_id = self.chooser.choice(list(self.rows))
        row = TaskRow(task_id, self.chooser.choice(list(TaskState)), time_of(self.now), self.chooser.randrange(9))
        self.late = [(due, late) for due, late in self.late if late.id != task_id]
        self.late.append((self.now + self.chooser.randrange(0, OVERLAP_TICKS * 9 // 10), row))
        self.settle()

    def settle(self) -> None:
        for due, row in list(self.late):
            if self.is_quiet or due <= self.now:
                self.rows[row.id] = row
                self.late.remove((due, row))

    def pages(self, since: str | None, rows_a_page: int) -> Iterator[TaskPage]:
        """Not a snapshot: tasks change between the pages."""
        names = sorted(self.rows)
        for start in range(0, len(names), rows_a_page):
            rows = tuple(self.rows[name] for name in names[start : start + rows_a_page])
            if since is not None:
                rows = tuple(row for row in rows if ticks(row.state_transition_time) >= ticks(since))
            yield TaskPage(rows, float(self.now // 10_000_000), 0)
            for _ in range(0 if self.is_quiet else self.chooser.randrange(3)):
                self.change()


@pytest.mark.parametrize("seed", range(40))
def test_no_update_is_lost_whatever_the_order(seed: int) -> None:
    chooser = random.Random(seed)
    service, book = _Service(chooser, 60), TaskBook()
    book.replace(service.pages(None, 7))
    for _ in range(60):
        for _ in range(chooser.randrange(6)):
            service.change()
        before = dict(book.rows)
        change = book.merge(service.pages(book.changed_since, chooser.choice([5, 60])))
        assert all(before.get(row.id) != row for row in change.rows)
        assert book.counts == count_rows(book.rows.values())
    service.is_quiet = True
    service.settle()
    book.merge(service.pages(book.changed_since, 60))
    assert dict(book.rows) == service.rows
