"""The sandbox from outside its process: up, down, status, its environment, reset.

The running server holds a lock for as long as it lives, so a stale record or a reused process id is never taken for a
sandbox. Whoever brings it up or down holds the start lock: two at once make one sandbox.
"""

from __future__ import annotations

import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tui.sandbox.errors import (
    NeverStartedError,
    PortTakenError,
    StartError,
    StateFolderError,
    StopError,
    UnsupportedSystemError,
)
from tui.sandbox.locks import FileLock, held, is_held
from tui.sandbox.nodes.sweep import end_processes_below
from tui.sandbox.settings import SandboxPaths, SandboxSettings, ServerRecord

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
_KILL_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 5.0
_LOG_LIMIT_BYTES = 1024 * 1024
_LOG_TAIL_LINES = 5
_IMPORT_ROOT = Path(__file__).resolve().parents[2]
_BOOTSTRAP = "import sys; sys.path.append(sys.argv.pop()); from tui.sandbox.__main__ import main; sys.exit(main())"
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "PYTHONPATH", "PYTHONHOME")
"""What the server is started with of our environment: nothing of ours that a task could find."""

ROOT_WARNING = "You are root: the sandbox runs the commands of tasks as root, and it is no security boundary."


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """Whether the sandbox runs, and where."""

    is_up: bool
    state_dir: Path
    pid: int | None = None
    batch_endpoint: str | None = None
    """The endpoints are known, and stay the same, while it is down too."""
    blob_endpoint: str | None = None
    started_at_s: float | None = None
    """Seconds since the epoch."""
    idle_exit_s: float | None = None
    """It leaves by itself after so many seconds without a request or a running task."""
    warnings: tuple[str, ...] = ()


def up(
    state_dir: Path,
    *,
    idle_exit_s: float | None = None,
    latency_ms: float = 0.0,
    allow_faults: bool = False,
    patience_s: float | None = None,
    answer_timeout_s: float = ANSWER_TIMEOUT_S,
) -> SandboxStatus:
    """Start the sandbox unless it runs; return once it answers.

    A running one stays as it is, except that asking for one without idle exit makes it stay.

    Raises:
        SandboxError: It cannot run here, or did not start.
    """
    _refuse_windows()
    paths = SandboxPaths(state_dir.absolute())
    paths.create()
    with _start_lock(paths):
        found = status(state_dir)
        if found.pid is not None and _still_answers(paths, answer_timeout_s):
            if found.idle_exit_s is not None and idle_exit_s is None:
                os.kill(found.pid, signal.SIGUSR1)
            return found
        _start(paths, _options(idle_exit_s, latency_ms, allow_faults, patience_s))
        return status(state_dir)


def down(state_dir: Path) -> bool:
    """Stop the sandbox and everything it runs, and return once it is gone; whether it was up.

    Raises:
        SandboxError: It could not be stopped.
    """
    _refuse_windows()
    paths = SandboxPaths(state_dir.absolute())
    if not paths.state_dir.exists():
        return False
    with _start_lock(paths):
        return _stop(paths)


def status(state_dir: Path) -> SandboxStatus:
    """What is known of the sandbox; creates nothing.

    Raises:
        SandboxError: It cannot run here, or its state folder cannot be read.
    """
    _refuse_windows()
    paths = SandboxPaths(state_dir.absolute())
    settings = SandboxSettings.load(paths)
    record = _running_server(paths)
    return SandboxStatus(
        is_up=record is not None and settings is not None,
        state_dir=paths.state_dir,
        pid=record.pid if record else None,
        batch_endpoint=settings.batch_endpoint if settings else None,
        blob_endpoint=settings.blob_endpoint if settings else None,
        started_at_s=record.started_at_s if record else None,
        idle_exit_s=record.idle_exit_s if record else None,
        warnings=(ROOT_WARNING,) if os.geteuid() == 0 else (),
    )


def endpoint_environment(state_dir: Path) -> dict[str, str]:
    """The variables by which `az` and the SDKs find the sandbox; they hold its keys.

    Raises:
        NeverStartedError: There are none yet.
    """
    settings = SandboxSettings.load(SandboxPaths(state_dir.absolute()))
    if settings is None:
        raise NeverStartedError
    return settings.environment()


def shell_exports(environment: Mapping[str, str]) -> str:
    """The environment as lines a POSIX shell can evaluate."""
    return "".join([f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()])


def reset(state_dir: Path) -> None:
    """Stop the sandbox and forget everything it holds, ports and keys included.

    Raises:
        SandboxError: It could not be stopped or its files not be deleted.
    """
    _refuse_windows()
    paths = SandboxPaths(state_dir.absolute())
    if not paths.state_dir.exists():
        return
    with _start_lock(paths):
        _stop(paths)
        try:
            for entry in paths.state_dir.iterdir():
                if entry in (paths.start_lock, paths.alive_lock):
                    continue  # someone may wait for them; a deleted lock file would be no lock
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
        except OSError as error:
            raise StateFolderError(paths.state_dir, error.strerror or str(error)) from error


def _refuse_windows() -> None:
    if os.name == "nt":
        raise UnsupportedSystemError


@contextmanager
def _start_lock(paths: SandboxPaths) -> Iterator[None]:
    lock = FileLock(paths.start_lock)
    try:
        taken = lock.acquire(START_TIMEOUT_S + STOP_TIMEOUT_S)
    except OSError as error:
        raise StateFolderError(paths.state_dir, error.strerror or str(error)) from error
    if not taken:
        raise StartError("another program has been starting or stopping it for a minute", paths.log)
    try:
        yield
    finally:
        lock.release()


def _running_server(paths: SandboxPaths) -> ServerRecord | None:
    """The record of the server that holds the alive lock; nothing while there is none or it is still starting."""
    return ServerRecord.load(paths) if is_held(paths.alive_lock) else None


def _still_answers(paths: SandboxPaths, timeout_s: float) -> bool:
    """Whether the server that holds the lock answers; not while it is dying, and then only once it is gone.

    Raises:
        StartError: It neither answers nor goes.
    """
    settings = SandboxSettings.load(paths)
    with suppress(OSError):
        address = ("127.0.0.1", settings.batch_port if settings else 0)
        with socket.create_connection(address, timeout=timeout_s) as connection:
            connection.sendall(b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            if connection.recv(5):
                return True
    with held(paths.alive_lock, timeout_s) as is_gone:
        if not is_gone:
            raise StartError("one is running but does not answer; take it down first", paths.log)
    return False


def _options(
    idle_exit_s: float | None, latency_ms: float, allow_faults: bool, patience_s: float | None
) -> Sequence[str]:
    options = []
    if idle_exit_s is not None:
        options += ["--idle-exit-s", str(idle_exit_s)]
    if latency_ms:
        options += ["--latency-ms", str(latency_ms)]
    if allow_faults:
        options.append("--allow-faults")
    if patience_s is not None:
        options += ["--patience-s", str(patience_s)]
    return options


def _start(paths: SandboxPaths, options: Sequence[str]) -> None:
    """Start the server, detached, and wait until it says that it answers."""
    ready_reader, ready_writer = os.pipe()
    arguments = ["serve", "--detach", "--state-dir", str(paths.state_dir), "--ready-fd", str(ready_writer)]
    arguments += options
    log = _open_log(paths)
    log_start = os.fstat(log).st_size
    try:
        launcher = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOTSTRAP, *arguments, str(_IMPORT_ROOT)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(ready_writer,),
            cwd="/",
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            start_new_session=True,
        )
    finally:
        os.close(log)
        os.close(ready_writer)
    with open(ready_reader, "rb") as ready:
        launcher.wait()  # it forks and leaves; the server is nobody's child
        report = _read_report(ready)
    if report is None:
        raise StartError(f"it ended before it was ready{_log_tail(paths, log_start)}", paths.log)
    if report.get("port_taken"):
        raise PortTakenError(report["port_taken"])
    if report.get("error"):
        raise StartError(report["error"], paths.log)


def _read_report(ready: BinaryIO) -> dict[str, Any] | None:
    """The server's one line; nothing when it ended, or said nothing in time."""
    readable, _, _ = select.select([ready], [], [], START_TIMEOUT_S)
    line = ready.readline() if readable else b""
    return json.loads(line) if line else None


def _open_log(paths: SandboxPaths) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        if paths.log.exists() and paths.log.stat().st_size > _LOG_LIMIT_BYTES:
            flags |= os.O_TRUNC
        return os.open(paths.log, flags, 0o600)
    except OSError as error:
        raise StateFolderError(paths.log, error.strerror or str(error)) from error


def _log_tail(paths: SandboxPaths, start: int) -> str:
    """The last lines this start wrote to its log."""
    with suppress(OSError), open(paths.log, "rb") as log:
        log.seek(start)
        lines = log.read().decode(errors="replace").strip().splitlines()
        return "".join([f"\n{line}" for line in lines[-_LOG_TAIL_LINES:]])
    return ""


def _stop(paths: SandboxPaths) -> bool:
    record = _running_server(paths)
    if record is None:
        if is_held(paths.alive_lock):
            raise StopError(None)
        return False
    for signal_number, timeout_s in ((signal.SIGTERM, STOP_TIMEOUT_S), (signal.SIGKILL, _KILL_TIMEOUT_S)):
        with suppress(ProcessLookupError):
            os.kill(record.pid, signal_number)
        with held(paths.alive_lock, timeout_s) as is_gone:
            if is_gone:
                end_processes_below(paths.state_dir.resolve() / paths.nodes.name)
                return True
    raise StopError(record.pid)
