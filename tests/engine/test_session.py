"""The session: events in batches, and an exit that waits for nobody."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.engine.world import World, make_world
from tui.core.errors import InputError
from tui.core.events import Notice, RunEnded, RunEvent, RunSummary
from tui.core.ports import Publish, StopSignal
from tui.engine.poller import PollControl, Poller
from tui.engine.run import RunEngine
from tui.engine.session import Mailbox, RunSession
from tui.engine.summaries import interrupted

_LONG_S = 30.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def _engine(world: World) -> RunEngine:
    return RunEngine(world.batch, world.storage, world.clock, world.journals(), lambda _: world.script)


def _all_events(session: RunSession) -> list[RunEvent]:
    events: list[RunEvent] = []
    while not session.done:
        events += session.take(_LONG_S)
    return events + session.take(0.0)


def test_a_run_on_its_own_thread(world: World) -> None:
    session = RunSession.running(_engine(world), world.plan)
    session.start()
    events = _all_events(session)
    assert session.summary is not None
    assert session.summary.exit_code == 0
    assert events[-1] == RunEnded(session.summary)
    assert world.downloaded() == world.expected()


def test_a_batch_holds_everything_in_order() -> None:
    box = Mailbox()
    notices = [Notice(str(number)) for number in range(10)]
    for notice in notices:
        box.put(notice)
    assert box.take(_LONG_S) == notices
    assert box.take(0.0) == []


def test_a_reader_wakes_for_an_event_and_for_the_end() -> None:
    box = Mailbox()
    woken: list[list[RunEvent]] = []
    reader = threading.Thread(target=lambda: woken.extend([box.take(_LONG_S), box.take(_LONG_S)]))
    reader.start()
    box.put(Notice("first"))
    box.close()
    reader.join(_LONG_S)
    assert woken == [[Notice("first")], []]


def test_what_keeps_a_run_from_beginning_is_kept(world: World) -> None:
    world.destination.write_text("in the way")
    session = RunSession.running(_engine(world), world.plan)
    session.start()
    assert session.wait(_LONG_S)
    assert isinstance(session.error, InputError)
    assert session.summary is None


def test_a_defect_is_kept_and_ends_the_session() -> None:
    def broken(_stop: StopSignal, _publish: Publish) -> RunSummary:
        raise ZeroDivisionError

    session = RunSession(broken, "broken")
    session.start()
    assert session.wait(_LONG_S)
    assert isinstance(session.error, ZeroDivisionError)


def test_leaving_waits_for_no_call_that_hangs(world: World) -> None:
    hanging, release = threading.Event(), threading.Event()

    def hang(operation: str) -> None:
        if operation == "create_pool":
            hanging.set()
            release.wait(_LONG_S)

    world.faults.before_call = hang
    session = RunSession.running(_engine(world), world.plan)
    session.start()
    assert hanging.wait(_LONG_S)
    session.stop()
    assert session.is_stopping
    assert not session.done
    summary = interrupted(world.journals().read(world.plan.run_id), world.clock.now_s())
    assert summary.exit_code == 130
    pool = next(item for item in summary.leftovers if item.kind == "pool")
    assert "may exist" in pool.note
    release.set()
    assert session.wait(_LONG_S)
    assert session.summary is not None
    assert session.summary.exit_code == 130


def test_a_job_can_be_watched_without_a_run(world: World) -> None:
    world.execute()
    session = RunSession.watching(Poller(world.batch, world.clock, world.plan.job_id, world.plan.pool.id))
    session.start()
    assert session.take(_LONG_S)
    session.stop()
    assert session.wait(_LONG_S)
    assert (session.summary, session.error) == (None, None)


def test_pausing_and_refreshing_reach_the_control() -> None:
    control = PollControl()
    session = RunSession(lambda _stop, _publish: None, "controlled", control)
    session.pause()
    session.refresh_now()
    assert (control.is_paused, control.takes_refresh()) == (True, True)
    session.resume()
    assert not control.is_paused
