"""Processes that outlive their parent: on Linux they become children of the node's agent, and end with their task.

The agent is the reaper of all that descends from it, so that neither a session nor a group nor an emptied environment
takes a process out of its reach. Whose an orphan is, it shows itself, by its environment, its directory or its output;
one that shows nothing may be of any task that ran when it was first seen, and is ended once the last of these is over.
So no task loses a process before its own end. What a task left that may leave services ends with the node.

Elsewhere there are no such children; what keeps its environment is found there when the node goes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_PR_SET_CHILD_SUBREAPER = 36
_NODE = 0
"""Owns what ends with the node; no process has this id."""
_MARK = b"AZ_BATCH_TASK_DIR="
_ROUNDS = 200
_PAUSE_BETWEEN_LOOKS_S = 0.25
_PAUSE_S = 0.005
"""A killed process takes a moment to go, and may have forked between being listed and being killed."""


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A task's own process, which is not reaped yet."""

    pid: int
    directory: str
    may_leave_services: bool


class Orphans:
    """Those of one agent, which makes itself their reaper."""

    def __init__(self) -> None:
        self._are_seen = _become_reaper()
        self._owners: dict[int, frozenset[int]] = {}
        """Of each orphan, the processes of the tasks that may have started it."""
        self._unsure: set[int] = set()
        """Orphans that have shown nothing so far, and may be of several."""
        self._offspring: dict[int, int] = {}
        """Of tasks that are being ended, with the task's process: what was theirs while they could be asked."""
        self._service_directories: set[str] = set()
        """Of tasks, running or over, that may leave services."""

    def remember_offspring(self, pid: int) -> None:
        """Of a task that is about to be ended from outside, with the parents that tell whose they are."""
        if self._are_seen:
            self._offspring.update(dict.fromkeys(_descendants(pid), pid))

    def look(self, running: Collection[RunningTask]) -> None:
        """Reap the orphans that ended, and end those of which no task that may have started them still runs."""
        if not self._are_seen:
            return
        self._service_directories.update(task.directory for task in running if task.may_leave_services)
        alive = {_NODE, *(task.pid for task in running)}
        orphans = {pid for pid in _children("self") if pid not in alive and not _reaped(pid)}
        self._owners = {pid: self._owners_of(pid, running) for pid in orphans}
        self._unsure &= orphans
        self._offspring = {pid: owner for pid, owner in self._offspring.items() if owner in alive}
        for pid, owners in self._owners.items():
            if owners.isdisjoint(alive):
                _kill_tree(pid)

    @property
    def look_again_s(self) -> float | None:
        """When the next look ought to be, whatever else happens: a process that is just about to become another
        program shows nothing for a moment."""
        return _PAUSE_BETWEEN_LOOKS_S if self._unsure else None

    def _owners_of(self, pid: int, running: Collection[RunningTask]) -> frozenset[int]:
        known = self._owners.get(pid)
        if known is not None and pid not in self._unsure:
            return known
        shown = self._shown_owners(pid, running)
        if shown is not None:
            self._unsure.discard(pid)
            return shown
        if known is not None:
            return known
        owners = {_NODE if task.may_leave_services else task.pid for task in running}
        if any(_NODE in others for others in self._owners.values()):
            owners.add(_NODE)
        if len(owners) > 1:
            self._unsure.add(pid)
        return frozenset(owners)

    def _shown_owners(self, pid: int, running: Collection[RunningTask]) -> frozenset[int] | None:
        """None of those that run where it shows a task that is over; nothing where it does not show any."""
        if pid in self._offspring:
            return frozenset({self._offspring[pid]})
        places, mark = _places(pid), _mark(pid)
        if mark is not None:
            places.append(mark)
        if any(_lies_in(place, directory) for place in places for directory in self._service_directories):
            return frozenset({_NODE})
        shown = frozenset(task.pid for task in running if any(_lies_in(place, task.directory) for place in places))
        return shown if shown or mark is not None else None


def end_descendants() -> None:
    """SIGKILL everything that descends from this process, and reap it; return once it is gone, or after a second."""
    for _ in range(_ROUNDS):
        left = [pid for pid in _children("self") if not _reaped(pid)]
        if not left:
            return
        for pid in left:
            _kill_tree(pid)
        time.sleep(_PAUSE_S)


def _become_reaper() -> bool:
    if sys.platform != "linux" or not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return False
    # 2 ms that nobody else on the node needs.
    import ctypes

    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _children(pid: int | str) -> Iterator[int]:
    """Of all threads of a process; none where the system does not tell."""
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                yield from map(int, file.read().split())


def _descendants(pid: int) -> Iterator[int]:
    """Parents before their children."""
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _reaped(pid: int) -> bool:
    """Whether this child is over; it is gone then."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _kill_tree(pid: int) -> None:
    """Parents first, so that none of them starts another child for one that is missing."""
    for process in [pid, *_descendants(pid)]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def _places(pid: int) -> list[str]:
    """Where a process works and what it writes to."""
    found = []
    for link in ("cwd", "fd/1", "fd/2"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/{pid}/{link}"))
    return found


def _mark(pid: int) -> str | None:
    """The task's directory in the environment the process was started with."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        for setting in file.read().split(b"\0"):
            if setting.startswith(_MARK):
                return os.fsdecode(setting.removeprefix(_MARK))
    return None


def _lies_in(place: str, directory: str) -> bool:
    return place == directory or place.startswith(f"{directory}/")
