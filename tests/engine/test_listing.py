"""A long full list: how far it is is told in batches, and nothing is taken in before it is whole."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.desk import desk_of
from tests.engine.world import RUN_ID, World, make_world, running_world
from tests.support.fakes import START_S, FakeClock
from tui.core.errors import Unreachable
from tui.core.events import PollReport, RunEvent, TasksArriving, TasksChanged
from tui.core.records import TaskPage, TaskRow, TaskState
from tui.engine.listing import LONG_LIST_S, TOLD_EVERY_S, ListingLeft, told
from tui.engine.poller import Poller

PAGES = [
    TaskPage(
        tuple(
            TaskRow(f"t-{number}-{index}", TaskState.ACTIVE, "2026-11-20T10:00:00.0000000Z") for index in range(number)
        ),
        START_S,
        0,
    )
    for number in (3, 0, 2, 4, 1, 3, 2, 2)
]


def _slowly(clock: FakeClock, page_s: float) -> Iterator[TaskPage]:
    for page in PAGES:
        clock.advance(page_s)
        yield page


def _told(page_s: float, *, is_first: bool) -> list[TasksArriving]:
    clock, events = FakeClock(), list[RunEvent]()
    pages = told(_slowly(clock, page_s), clock, events.append, threading.Event(), is_first=is_first)
    assert list(pages) == PAGES
    return [event for event in events if isinstance(event, TasksArriving)]


def test_of_a_first_list_the_rows_are_told_in_batches_and_none_twice() -> None:
    events = _told(TOLD_EVERY_S / 1.9, is_first=True)
    assert [event.at_s - START_S for event in events] == pytest.approx([TOLD_EVERY_S / 1.9 * n for n in (2, 4, 6, 8)])
    assert [event.listed for event in events] == [3, 9, 13, 17]
    assert [row for event in events for row in event.rows] == [row for page in PAGES for row in page.rows]


def test_pages_that_come_fast_are_not_spoken_of() -> None:
    assert _told(TOLD_EVERY_S / (len(PAGES) + 1), is_first=True) == []


def test_where_the_tasks_are_known_only_the_length_is_told_and_only_of_a_long_list() -> None:
    page_s = LONG_LIST_S / 3.9
    events = _told(page_s, is_first=False)
    assert [event.at_s - START_S for event in events] == pytest.approx([page_s * n for n in (4, 5, 6, 7, 8)])
    assert [event.listed for event in events] == [9, 10, 13, 15, 17]
    assert {event.rows for event in events} == {()}


def test_a_list_nobody_waits_for_is_left() -> None:
    clock, stop, fetched = FakeClock(), threading.Event(), list[TaskPage]()
    pages = told(_slowly(clock, 1.0), clock, lambda _: stop.set(), stop, is_first=True)
    with pytest.raises(ListingLeft):
        fetched.extend(pages)
    assert clock.now_s() == START_S + 2.0, "the page that was under way was waited for, and none was asked for after it"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return running_world(tmp_path)


def _poller(world: World) -> Poller:
    return Poller(world.batch, world.clock, world.plan.job_id, world.plan.pool.id)


def _parts(world: World) -> list[TasksArriving]:
    return [event for event in world.events if isinstance(event, TasksArriving)]


def _changes(world: World) -> list[TasksChanged]:
    return [event for event in world.events if isinstance(event, TasksChanged)]


def _reports(world: World) -> list[PollReport]:
    return [event for event in world.events if isinstance(event, PollReport)]


def _page_by_page(world: World, page_s: float = 0.4) -> None:
    """Three tasks a page, and each page takes its time."""
    world.batch.behaviour.page_rows = 3

    def turn(operation: str) -> None:
        if operation == "list_tasks page":
            world.clock.advance(page_s)

    world.faults.before_call = turn


def test_a_long_first_list_is_told_as_it_comes_and_taken_in_when_it_is_whole(world: World) -> None:
    poller, known = _poller(world), []

    def publish(event: RunEvent) -> None:
        world.events.append(event)
        if isinstance(event, TasksArriving):
            known.append((len(poller.view.rows), poller.view.counts.total, poller.view.full_lists))

    _page_by_page(world)
    poller.poll(publish)
    parts = _parts(world)
    assert [(len(part.rows), part.listed) for part in parts] == [(6, 6), (4, 10)]
    assert known == [(0, 0, 0)] * 2
    (change,) = _changes(world)
    assert world.events.index(change) > world.events.index(parts[-1])
    assert change.is_full
    assert len(change.rows) == 10
    (report,) = _reports(world)
    assert (change.at_s, report.as_of_s, report.at_s) == (START_S, START_S, START_S + 1.6), "its first page is so old"
    assert report.next_in_s == 1.0, "what changed since then is due"
    assert report.requests_per_minute > 0


def test_a_first_list_that_breaks_off_is_begun_anew_and_what_it_told_changed_nothing(world: World) -> None:
    poller = _poller(world)
    _page_by_page(world)
    world.faults.fail("list_tasks page", Unreachable("cut off"), occurrence=4)
    poller.poll(world.events.append)
    assert [len(event.rows) for event in _parts(world)] == [6]
    assert (_changes(world), len(poller.view.rows), poller.view.full_lists) == ([], 0, 0)
    assert not _reports(world)[-1].succeeded
    world.events.clear()
    poller.poll(world.events.append)
    assert [len(event.rows) for event in _parts(world)] == [6, 4]
    assert [(change.is_full, len(change.rows)) for change in _changes(world)] == [(True, 10)]


def test_stopped_in_the_midst_of_a_list_it_asks_for_no_further_page(world: World) -> None:
    stop, poller = threading.Event(), _poller(world)

    def publish(event: RunEvent) -> None:
        world.events.append(event)
        if isinstance(event, TasksArriving):
            stop.set()

    _page_by_page(world)
    poller.run(stop, publish)
    assert world.faults.calls["list_tasks page"] == 3
    assert (_changes(world), _reports(world)) == ([], [])


@pytest.mark.parametrize("seed", range(20))
def test_whoever_follows_the_parts_ends_with_what_the_service_has(world: World, seed: int) -> None:
    """Lists break off at random while tasks run and are deleted; parts are merged, whole lists replace."""
    chooser, shown, poller = random.Random(seed), dict[str, TaskRow](), _poller(world)

    def publish(event: RunEvent) -> None:
        if isinstance(event, TasksChanged) and event.is_full:
            shown.clear()
        if isinstance(event, TasksChanged | TasksArriving):
            shown.update((row.id, row) for row in event.rows)

    _page_by_page(world)
    tasks = world.batch.jobs[RUN_ID].tasks
    for occurrence in chooser.sample(range(1, 40), 12):
        world.faults.fail("list_tasks page", Unreachable("cut off"), occurrence=occurrence)
    for turn in range(30):
        if turn == chooser.randrange(30):
            world.batch.delete_task(RUN_ID, chooser.choice(list(tasks)))
        poller.poll(publish)
        world.clock.advance(chooser.random() * 2)
    world.faults.heal()
    poller.want_full_list()
    poller.poll(publish)
    assert shown == {task_id: task.row for task_id, task in tasks.items()} == dict(poller.view.rows)


@pytest.mark.parametrize("is_left", [False, True])
def test_an_ended_run_that_is_looked_at_again_tells_its_long_list_too(tmp_path: Path, is_left: bool) -> None:
    world, stop = make_world(tmp_path, files=10), threading.Event()
    world.execute()
    world.events.clear()
    _page_by_page(world)

    def publish(event: RunEvent) -> None:
        world.events.append(event)
        if is_left and isinstance(event, TasksArriving):
            stop.set()

    desk_of(world).revisiting(world.plan)(stop, publish)
    assert [part.listed for part in _parts(world)] == ([6] if is_left else [6, 10])
    assert [(change.is_full, len(change.rows)) for change in _changes(world)] == ([] if is_left else [(True, 10)])
