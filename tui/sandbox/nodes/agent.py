"""A node's agent: the one parent of every process its tasks start.

It reads launches and terminations as JSON lines on its standard input and answers each launch with one line. Its input
closing means that the sandbox is gone or done with the node: the agent then ends all that descends from it and leaves,
so no task outlives the service that would run it again. One thread owns all state and all processes; worker threads
move files only and hand their results back through a queue.

Standard library only, started with `-I -S`: a node is ready in the time Python needs to start.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tui.sandbox import folders
from tui.sandbox.nodes import failures
from tui.sandbox.nodes.command import CommandRunner, LaunchRefused
from tui.sandbox.nodes.layout import NodeLayout
from tui.sandbox.nodes.orphans import Orphans, RunningTask, end_descendants
from tui.sandbox.nodes.records import Failure, OutputFile, TaskLaunch, TaskOutcome
from tui.sandbox.nodes.sweep import end_processes_below
from tui.sandbox.nodes.wire import decode_command, encode_outcome

TERMINATION_GRACE_S = 2.0
"""Between SIGTERM and SIGKILL when a task is terminated or its time is up."""

CLOSING_GRACE_S = 0.5
"""The same when the whole node goes."""


class Attempt:
    """One launch under way: files coming in, then a process, then files going out."""

    __slots__ = ("deadline", "ended_by", "kill_at", "launch", "moving_files", "process", "stop")

    def __init__(self, launch: TaskLaunch) -> None:
        self.launch = launch
        self.process: subprocess.Popen[bytes] | None = None
        self.stop = threading.Event()
        """Tells a worker that moves this attempt's files to give up."""
        self.moving_files = False
        self.ended_by: Failure | None = None
        """Why the attempt was ended from outside."""
        self.kill_at: float | None = None
        self.deadline: float | None = None
        if launch.max_wall_clock_s is not None:
            self.deadline = time.monotonic() + launch.max_wall_clock_s

    def signal_group(self, signal_number: int) -> None:
        """Only while the process is not reaped: until then its id, and its group's, is its own."""
        if self.process is not None:
            # macOS refuses to signal a group of which only a zombie is left.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal_number)


class Agent:
    """The tasks of one node."""

    def __init__(self, layout: NodeLayout, commands: int, outcomes: int) -> None:
        self._layout = layout
        self._runner = CommandRunner(layout)
        self._orphans = Orphans()
        self._commands = commands
        self._outcomes = outcomes
        self._unread = b""
        self._attempts: dict[str, Attempt] = {}
        self._handed_back: deque[Callable[[], None]] = deque()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._closing = False

    def serve(self) -> None:
        """Run until the commands end, then end everything that runs."""
        for end in (self._wake_reader, self._wake_writer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._close())
        with selectors.DefaultSelector() as selector:
            selector.register(self._commands, selectors.EVENT_READ, self._read_commands)
            selector.register(self._wake_reader, selectors.EVENT_READ, self._drain_wake)
            while not self._closing:
                for key, _ in selector.select(self._seconds_to_next_look()):
                    key.data()
                self._advance()
            selector.unregister(self._commands)
            give_up_at = time.monotonic() + 4 * CLOSING_GRACE_S
            while self._attempts and time.monotonic() < give_up_at:
                for key, _ in selector.select(CLOSING_GRACE_S / 4):
                    key.data()
                self._advance()
        end_descendants()
        end_processes_below(self._layout.base)

    def _read_commands(self) -> None:
        data = os.read(self._commands, 1 << 18)
        if not data:
            self._close()
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            command = decode_command(line)
            if isinstance(command, TaskLaunch):
                self._begin(command)
            elif (attempt := self._attempts.get(command)) is not None:
                self._end(attempt, failures.ended_by_user(), TERMINATION_GRACE_S)

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_reader.recv(4096):
                pass

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: there is a wake-up on its way already
            self._wake_writer.send(b"\0")

    def _advance(self) -> None:
        """Take in what ended meanwhile: workers, processes, deadlines."""
        while self._handed_back:
            self._handed_back.popleft()()
        now = time.monotonic()
        for attempt in list(self._attempts.values()):
            if attempt.process is not None and not attempt.moving_files and _has_ended(attempt.process):
                self._after_process(attempt, attempt.process)
            elif attempt.kill_at is not None and attempt.kill_at <= now:
                attempt.signal_group(signal.SIGKILL)
                attempt.kill_at = None
            elif attempt.deadline is not None and attempt.deadline <= now:
                attempt.deadline = None
                self._end(attempt, failures.wall_clock_expired(), TERMINATION_GRACE_S)
        self._orphans.look(self._running())

    def _running(self) -> list[RunningTask]:
        return [
            RunningTask(attempt.process.pid, str(attempt.launch.directory), attempt.launch.may_leave_services)
            for attempt in self._attempts.values()
            if attempt.process is not None and attempt.process.returncode is None
        ]

    def _seconds_to_next_look(self) -> float | None:
        now = time.monotonic()
        pauses = [
            max(0.0, moment - now)
            for attempt in self._attempts.values()
            for moment in (attempt.deadline, attempt.kill_at)
            if moment is not None
        ]
        if (pause := self._orphans.look_again_s) is not None:
            pauses.append(pause)
        return min(pauses, default=None)

    def _begin(self, launch: TaskLaunch) -> None:
        attempt = self._attempts[launch.key] = Attempt(launch)
        is_new = _make_task_directory(launch.directory)
        if is_new is None:
            self._conclude(attempt, None, failures.failure("ResourceDirectoryCreateFailed"))
        elif launch.resource_files or not is_new:
            self._in_worker(attempt, lambda: self._prepare(attempt), self._launch)
        else:
            self._launch(attempt, None)

    def _prepare(self, attempt: Attempt) -> Failure | None:
        """In a worker: empty the working directory an earlier attempt left, fetch the resource files."""
        launch = attempt.launch
        working_directory = launch.directory / "wd"
        try:
            if not launch.keep_working_directory:
                folders.remove(working_directory)
            folders.make(working_directory)
        except OSError:
            return failures.failure("ResourceDirectoryCreateFailed")
        if not launch.resource_files:
            return None
        # Costs 40 ms of imports (HTTP, TLS) that tasks without files do without.
        from tui.sandbox.nodes.resources import fetch_resource_files

        return fetch_resource_files(launch.resource_files, working_directory, attempt.stop)

    def _launch(self, attempt: Attempt, failure: Failure | None) -> None:
        if failure is not None:
            self._conclude(attempt, None, failure)
            return
        launch = attempt.launch
        self._orphans.look(self._running())  # none that is there by now is of this task
        try:
            attempt.process = self._runner.start(launch.command_line, launch.environment, launch.directory)
        except LaunchRefused as refusal:
            self._conclude(attempt, None, refusal.failure)

    def _end(self, attempt: Attempt, reason: Failure, grace_s: float) -> None:
        """End the process, whose outcome follows when it is gone; a transfer is given up at once."""
        attempt.ended_by = attempt.ended_by or reason
        attempt.stop.set()
        if attempt.process is None or attempt.moving_files:
            exit_code = attempt.process.returncode if attempt.process is not None else None
            self._conclude(attempt, exit_code, attempt.ended_by)
        else:
            self._orphans.remember_offspring(attempt.process.pid)
            attempt.signal_group(signal.SIGTERM)
            attempt.kill_at = time.monotonic() + grace_s

    def _after_process(self, attempt: Attempt, process: subprocess.Popen[bytes]) -> None:
        """What the task left running ends with it, as it would with the node's own supervision."""
        attempt.signal_group(signal.SIGKILL)
        self._orphans.look(self._running())  # those of this task, while it can still be told that they are
        exit_code = process.wait()
        self._orphans.look(self._running())
        attempt.deadline = attempt.kill_at = None
        failure = attempt.ended_by or (failures.exit_code_failure() if exit_code else None)
        wanted = tuple([f for f in attempt.launch.output_files if _wants(f, succeeded=failure is None)])
        if not wanted or self._closing:
            self._conclude(attempt, exit_code, failure)
            return
        attempt.stop = threading.Event()
        self._in_worker(
            attempt,
            lambda: self._upload(attempt, wanted),
            lambda attempt, upload_failure: self._conclude(attempt, exit_code, failure or upload_failure),
        )

    def _upload(self, attempt: Attempt, wanted: tuple[OutputFile, ...]) -> Failure | None:
        from tui.sandbox.nodes.outputs import upload_output_files  # as in _prepare: 40 ms of imports

        launch = replace(attempt.launch, output_files=wanted)
        return upload_output_files(launch, self._layout.root, attempt.stop)

    def _in_worker(
        self,
        attempt: Attempt,
        work: Callable[[], Failure | None],
        then: Callable[[Attempt, Failure | None], None],
    ) -> None:
        """Do `work` in a thread of its own and go on with `then` here, unless the attempt has ended meanwhile."""
        attempt.moving_files = True

        def hand_back(failure: Failure | None) -> None:
            if self._attempts.get(attempt.launch.key) is attempt:
                attempt.moving_files = False
                then(attempt, failure)

        def run() -> None:
            failure: Failure | None = failures.failure("Unknown")
            try:
                failure = work()
            finally:
                self._handed_back.append(lambda: hand_back(failure))
                self._wake()

        threading.Thread(target=run, daemon=True).start()

    def _conclude(self, attempt: Attempt, exit_code: int | None, failure: Failure | None) -> None:
        del self._attempts[attempt.launch.key]
        if self._closing:  # ended by the node's end, which is no outcome of the task's own
            return
        line = encode_outcome(attempt.launch.key, TaskOutcome(exit_code, failure))
        try:
            while line:
                line = line[os.write(self._outcomes, line) :]
        except BrokenPipeError:  # the service is gone
            self._close()

    def _close(self) -> None:
        if not self._closing:
            self._closing = True
            for attempt in list(self._attempts.values()):
                self._end(attempt, failures.ended_by_user(), CLOSING_GRACE_S)


def _make_task_directory(directory: Path) -> bool | None:
    """Whether the task's directory is new; nothing when it cannot be made."""
    try:
        is_new = folders.make(directory)
        folders.make(directory / "wd")
        return is_new
    except OSError:
        return None


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process is over, leaving it unreaped so that its group can still be named."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None


def _wants(output_file: OutputFile, *, succeeded: bool) -> bool:
    return output_file.condition in ("taskcompletion", "tasksuccess" if succeeded else "taskfailure")


def main() -> None:
    """Serve the node whose directory is the first argument."""
    # The task inherits neither pipe: both are moved off the standard streams, which become empty.
    commands, outcomes = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    Agent(NodeLayout(Path(sys.argv[1])), commands, outcomes).serve()
    # Workers stuck in a transfer hold no state worth waiting for.
    os._exit(0)


if __name__ == "__main__":
    main()
