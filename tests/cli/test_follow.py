"""The engine on its thread, the console on the main one, and signals in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.cli.canned import EVENTS, START_S, summary
from tests.cli.process import signalled_until_it_ends
from tui.console.follow import STOPPING, follow
from tui.console.interruption import Interruption
from tui.console.reporter import Reporter
from tui.console.safe_text import OutputClosed
from tui.core.errors import AccessRefused
from tui.core.events import RunEvent, RunStarted, RunSummary
from tui.core.ports import Publish, StopSignal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """A process that obeyed a signal keeps hearing it until it ends; the tests' process goes on."""
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


class Recorder(Reporter):
    """Keeps what it is shown; closed by `closes_at`, as a pipe is."""

    def __init__(self, closes_at: int | None = None) -> None:
        self.events: list[RunEvent] = []
        self.said: list[str] = []
        self.is_closed = False
        self._closes_at = closes_at

    def show(self, event: RunEvent) -> None:
        self.events.append(event)
        if len(self.events) == self._closes_at:
            raise OutputClosed

    def say(self, text: str) -> None:
        self.said.append(text)

    def tick(self) -> None:
        return

    def close(self) -> None:
        self.is_closed = True


def whole_run(_stop: StopSignal, publish: Publish) -> RunSummary:
    for event in EVENTS:
        publish(event)
    return summary()


def test_every_event_is_shown_in_order_and_the_summary_comes_back() -> None:
    reporter = Recorder()
    with Interruption() as interruption:
        assert follow(whole_run, reporter, interruption) == summary()
    assert reporter.events == list(EVENTS)
    assert reporter.is_closed


def test_what_the_run_raises_is_raised_after_its_events() -> None:
    def refused(_stop: StopSignal, publish: Publish) -> RunSummary:
        publish(EVENTS[0])
        raise AccessRefused("The key is wrong")

    reporter = Recorder()
    with Interruption() as interruption, pytest.raises(AccessRefused, match="The key is wrong"):
        follow(refused, reporter, interruption)
    assert reporter.events == [EVENTS[0]]
    assert reporter.is_closed


@pytest.mark.parametrize("number", _SIGNALS)
def test_one_signal_asks_the_run_to_stop_and_says_so(number: signal.Signals) -> None:
    def until_stopped(stop: StopSignal, publish: Publish) -> RunSummary:
        publish(RunStarted("r", START_S))
        os.kill(os.getpid(), number)
        assert stop.wait(10)
        return summary(exit_code=130)

    reporter = Recorder()
    with Interruption() as interruption:
        assert follow(until_stopped, reporter, interruption).exit_code == 130
    assert reporter.said == [STOPPING]
    assert interruption.signal_name == number.name


def test_signals_mean_what_they_meant_after_a_run_that_none_interrupted() -> None:
    before = [signal.getsignal(number) for number in _SIGNALS]
    with Interruption() as interruption:
        follow(whole_run, Recorder(), interruption)
    assert [signal.getsignal(number) for number in _SIGNALS] == before


def test_a_closed_output_stops_the_run_and_waits_for_it() -> None:
    ended = threading.Event()

    def until_stopped(stop: StopSignal, publish: Publish) -> RunSummary:
        publish(RunStarted("r", START_S))
        assert stop.wait(10)
        ended.set()
        return summary(exit_code=130)

    with Interruption() as interruption, pytest.raises(OutputClosed):
        follow(until_stopped, Recorder(closes_at=1), interruption)
    assert ended.is_set()


_DEAF_RUN = """
import sys, threading
from tests.cli.canned import StoppedClock, plan
from tui.console.follow import follow
from tui.console.interruption import Interruption
from tui.console.safe_text import Output
from tui.console.transcript import Transcript

def deaf(stop, publish):
    print("under way", flush=True)
    threading.Event().wait()

with Interruption() as interruption:
    follow(deaf, Transcript(plan(), Output(sys.stdout), StoppedClock()), interruption)
"""


def test_a_second_ctrl_c_leaves_even_while_a_call_hangs() -> None:
    with subprocess.Popen([sys.executable, "-c", _DEAF_RUN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "under way\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == f"{STOPPING}\n"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


_INTERRUPTED_RUN = """
import os, signal, sys, threading
from tui.console.interruption import Interruption

class SignalledLate:
    def __init__(self, number):
        self.kill, self.number = os.kill, number
    def __del__(self):  # as the modules are cleared: Python has given up its own handlers by then
        self.kill(os.getpid(), self.number)

def hang():
    threading.main_thread().join()
    print("the command has ended", flush=True)
    threading.Event().wait()

with Interruption() as interruption:
    signal.raise_signal(signal.SIGINT)
"""


@pytest.mark.parametrize("number", _SIGNALS)
def test_a_signal_in_the_last_moment_of_an_interrupted_run_does_not_kill_it(number: signal.Signals) -> None:
    script = f"{_INTERRUPTED_RUN}late = SignalledLate({int(number)})\nsys.exit(130)"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (finished.returncode, finished.stderr) == (130, "")


@pytest.mark.parametrize("number", _SIGNALS)
def test_an_interrupted_run_that_hangs_as_it_ends_is_left_at_the_next_signal(number: signal.Signals) -> None:
    script = f"{_INTERRUPTED_RUN}threading.Thread(target=hang).start()\nsys.exit(0)"
    finished = signalled_until_it_ends(script, number)
    assert (finished.code, finished.stderr) == (130, "")
