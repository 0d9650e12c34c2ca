"""The journal of a run: one append-only file of JSON lines, written before and after each side effect.

A record that announces a side effect is on disk before the effect begins; only the lines of single files may lag, since
a transfer that is repeated does no harm. Free text passes the redactor; names and the plan are kept to the letter, for
they are what a resumed run looks for, and hold no secret. One process at a time may write, which a lock on the file
keeps. The file is readable by its owner alone. Each line ends with a sum of the rest of it, so that one in which a bit
has turned is no record rather than a false one; a line without a sum is read as it is.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import stat
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.core import ids
from tui.core.deletion import ResourceKind
from tui.core.errors import BatchTuiError, InputError, LocalError
from tui.core.events import RunSummary, Step, StepState
from tui.core.plan import RunPlan
from tui.core.plan_codec import plan_to_json
from tui.core.ports import ClockPort
from tui.core.redaction import redact
from tui.engine.local_files import local_error, sync
from tui.engine.run_record import (
    FileMoved,
    ResourceState,
    RunRecord,
    TasksOutcome,
    moment,
    moved_to_json,
    outcome_to_json,
    plan_of,
    summary_to_json,
)

Write = Callable[[int, bytes, bool], None]
"""Appends to a file; the last argument says whether it must be on disk on return."""

_SUFFIX = ".jsonl"
_SUM = re.compile(rb',"crc":"([0-9a-f]{8})"\}$')
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a line that is no record, or none of ours, may raise."""
_LOCK_ATTEMPTS = 10
_LOCK_PAUSE_S = 0.05
"""A listing of runs holds a lock for an instant to learn whether a run is driven; so long is it waited for."""


def append(file: int, content: bytes, durable: bool) -> None:
    """Writes all of `content`; the operating system may write a part at a time."""
    while content:
        content = content[os.write(file, content) :]
    if durable:
        os.fsync(file)


class Journal:
    """The open journal of one run, locked. Its methods may be called from any thread, one record at a time."""

    def __init__(self, path: Path, file: int, record: RunRecord, clock: ClockPort, write: Write) -> None:
        self.path = path
        self.record = record
        """What the journal says so far, kept up as it is written."""
        self._file = file
        self._clock = clock
        self._write = write
        self._lock = threading.Lock()

    def settle_account(self, storage_account: str) -> None:
        """Takes down where the run is, once; InputError where that is elsewhere.

        The name of an account may come to mean another one: what is not found there has not been deleted.
        """
        known = self.record.storage_account
        if not known:
            self._append({"kind": "account", "storage": storage_account})
        elif known != storage_account:
            name = self.record.plan.account
            raise InputError(
                "The run is on another account",
                f"it was made with storage account {known}, and {name} means {storage_account} now",
                f"let {name} mean the account that the run was made on",
            )

    def step(self, step: Step, state: StepState, summary: str = "") -> None:
        self._append({"kind": "step", "step": step.value, "state": state.value, "summary": redact(summary)})

    def resource(self, kind: ResourceKind, name: str, state: ResourceState) -> None:
        self._append({"kind": "resource", "what": kind, "name": name, "state": state.value})

    def transferred(self, moved: FileMoved) -> None:
        """One file; on disk with the next record that must be."""
        self._append({"kind": "transferred", **moved_to_json(moved)}, durable=False)

    def outcome(self, outcome: TasksOutcome) -> None:
        self._append({"kind": "outcome", **outcome_to_json(outcome), "reason": redact(outcome.reason)})

    def note(self, text: str) -> None:
        self._append({"kind": "note", "text": redact(text)})

    def ended(self, summary: RunSummary) -> None:
        self._append({"kind": "ended", "summary": summary_to_json(summary)})

    def close(self) -> None:
        """Gives the lock back."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _append(self, line: dict[str, object], *, durable: bool = True) -> None:
        line = {"at": round(self._clock.now_s(), 3), **line}
        with self._lock, local_error(self.path, "written"):
            if self._file < 0:
                raise LocalError("The journal is closed", str(self.path))
            end = os.fstat(self._file).st_size
            try:
                self._write(self._file, _encoded(line), durable)
            except OSError:
                with suppress(OSError):  # a torn piece would swallow the next record, too
                    os.ftruncate(self._file, end)
                raise
            self.record.apply(line)


def _encoded(line: Mapping[str, object]) -> bytes:
    text = json.dumps(line, separators=(",", ":")).encode("ascii")
    return b'%b,"crc":"%08x"}\n' % (text[:-1], zlib.crc32(text))


def _decoded(text: bytes) -> dict[str, object]:
    """One line, without its end; something of `_DAMAGE` where it is none, or not what was written."""
    if (found := _SUM.search(text)) is not None:
        text = text[: found.start()] + b"}"
        if zlib.crc32(text) != int(found[1], 16):
            raise ValueError("the line is damaged")
    line: dict[str, object] = json.loads(text)
    return line


class JournalFolder:
    """Where the journals of all runs are: `<state>/runs`."""

    def __init__(self, folder: Path, clock: ClockPort, write: Write = append) -> None:
        self.folder = folder
        self._clock = clock
        self._write = write

    def path(self, run_id: str) -> Path:
        """The file of a run; InputError where `run_id` cannot be one, so that no path is built from it."""
        if not ids.is_run_id(run_id):
            raise InputError("Not a run id", repr(run_id), "`batch-tui runs list` shows them")
        return self.folder / f"{run_id}{_SUFFIX}"

    @contextmanager
    def open(self, plan: RunPlan) -> Iterator[Journal]:
        """The run's journal for writing: begun with the plan, or gone on with where it has one.

        LocalError where another process drives the run; InputError where the journal holds another plan.
        """
        path = self.path(plan.run_id)
        with local_error(path, "opened"):
            for part in (*reversed(self.folder.parents), self.folder):  # `parents=True` would leave them to the umask
                if not part.is_dir():
                    part.mkdir(mode=0o700, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        journal: Journal | None = None
        try:
            _lock(file, plan.run_id)
            with local_error(path, "read"):
                journal = Journal(path, file, self._begin(path, file, plan), self._clock, self._write)
            yield journal
        finally:
            if journal is None:
                os.close(file)
            else:
                journal.close()

    def _begin(self, path: Path, file: int, plan: RunPlan) -> RunRecord:
        whole = _whole_lines(path)
        os.ftruncate(file, len(whole))
        if not whole:
            line = {"at": round(self._clock.now_s(), 3), "kind": "plan", "plan": plan_to_json(plan)}
            with local_error(path, "written"):
                self._write(file, _encoded(line), True)
                sync(self.folder)
            whole = _encoded(line)
        record = parse(whole, path)
        if record.plan != plan:
            raise InputError(
                "The run id is taken",
                f"{path.name} is the journal of another run called {plan.run_id}",
                f"`batch-tui runs resume {plan.run_id}` goes on with that one",
            )
        return record

    def read(self, run_id: str) -> RunRecord:
        """What the journal of a run says; InputError where there is none or it is no journal."""
        path = self.path(run_id)
        try:
            with local_error(path, "read"):
                return self._read(path)
        except InputError as refusal:
            if isinstance(refusal.__cause__, FileNotFoundError):
                raise InputError("No such run", run_id, "`batch-tui runs list` shows them") from None
            raise

    def _read(self, path: Path) -> RunRecord:
        record = parse(_whole_lines(path), path)
        if record.plan.run_id != path.stem:
            raise InputError("Not the journal of a run", f"{path}: it is that of another run", "remove the file")
        record.is_driven = _is_locked(path)
        return record

    def list_runs(self) -> tuple[tuple[RunRecord, ...], tuple[tuple[str, BatchTuiError], ...]]:
        """All runs, newest first, and beside them the ids of the journals that cannot be read, with the reason."""
        records, unreadable = [], []
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            try:
                records.append(self.read(path.stem))
            except BatchTuiError as refusal:
                unreadable.append((path.stem, refusal))
        records.sort(key=lambda record: (record.started_s, record.plan.run_id), reverse=True)
        return tuple(records), tuple(unreadable)


def parse(content: bytes, path: Path) -> RunRecord:
    """The record of whole lines; InputError where the plan, which is the first of them, cannot be read."""
    first, _, rest = content.partition(b"\n")
    try:
        line = _decoded(first)
        at_s = moment(line["at"])
        record = RunRecord(plan_of(line), started_s=at_s, last_s=at_s)
    except _DAMAGE as problem:
        raise InputError("Not the journal of a run", f"{path}: {problem}", "remove the file") from problem
    for text in rest.splitlines():
        try:
            record.apply(_decoded(text))
        except _DAMAGE:
            record.damaged_lines += 1
    return record


def _whole_lines(path: Path) -> bytes:
    """Without the torn last line that a kill in the middle of a write leaves."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # a pipe or a device may never come to an end
            raise InputError("Not the journal of a run", f"{path} is no regular file", "remove it")
        content = file.read()
    return content[: content.rfind(b"\n") + 1]


def _lock(file: int, run_id: str) -> None:
    pause = threading.Event()
    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            if problem.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise LocalError("The run's journal cannot be locked", str(problem)) from problem
            pause.wait(_LOCK_PAUSE_S)
        else:
            return
    raise LocalError(
        "The run is already being driven",
        f"another process works on {run_id}",
        "watch it there, or end that process first",
    )


def _is_locked(path: Path) -> bool:
    with suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
    return False
