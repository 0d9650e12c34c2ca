"""The sandbox's process life, with real processes: one at a time, gone when down, the same again when up."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.sandbox import eventually
from tui.sandbox import control
from tui.sandbox.errors import NeverStartedError, PortTakenError, StartError, StateFolderError, StopError
from tui.sandbox.locks import FileLock, is_held
from tui.sandbox.settings import SandboxPaths, SandboxSettings, ServerRecord


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state" / "sand box"
    yield folder
    control.down(folder)


def answer_status(endpoint: str | None) -> int:
    """What an endpoint answers to a request without credentials."""
    assert endpoint is not None
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    try:
        connection.request("GET", "/pools?api-version=2025-06-01")
        return connection.getresponse().status
    finally:
        connection.close()


def test_up_down_and_up_again(state_dir: Path) -> None:
    assert control.status(state_dir) == replace(control.status(state_dir), is_up=False, pid=None)
    assert not state_dir.exists(), "looking creates nothing"
    first = control.up(state_dir)
    assert first.is_up
    assert answer_status(first.batch_endpoint) in (401, 403)
    assert answer_status(first.blob_endpoint) in (400, 401, 403, 404)
    assert control.up(state_dir).pid == first.pid, "up again changes nothing"
    environment = control.endpoint_environment(state_dir)
    assert control.down(state_dir)
    assert not control.down(state_dir)
    assert not control.status(state_dir).is_up
    with pytest.raises(ConnectionRefusedError):
        answer_status(first.batch_endpoint)
    second = control.up(state_dir)
    assert second.pid != first.pid
    assert control.endpoint_environment(state_dir) == environment
    assert answer_status(second.batch_endpoint) in (401, 403)


def test_sigkill_leaves_nothing_in_the_way(state_dir: Path) -> None:
    first = control.up(state_dir)
    environment = control.endpoint_environment(state_dir)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)  # and while it may still be dying:
    second = control.up(state_dir)
    assert second.is_up
    assert second.pid != first.pid
    assert control.endpoint_environment(state_dir) == environment


def test_one_that_was_stopped_but_never_answers_is_not_called_up(state_dir: Path) -> None:
    first = control.up(state_dir)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)
    with pytest.raises(StartError, match="does not answer"):
        control.up(state_dir, answer_timeout_s=0.1)
    os.kill(first.pid, signal.SIGCONT)
    assert control.up(state_dir).pid == first.pid


def test_a_reused_process_id_is_not_taken_for_the_sandbox(state_dir: Path) -> None:
    paths = SandboxPaths(state_dir)
    paths.create()
    paths.alive_lock.touch()
    SandboxSettings.new().save(paths)
    ServerRecord(os.getpid(), 0.0, None).save(paths)
    assert not control.status(state_dir).is_up
    assert not control.down(state_dir), "or this test would have been terminated"


def test_one_that_does_not_say_who_it_is_is_not_taken_for_stopped(state_dir: Path) -> None:
    paths = SandboxPaths(state_dir)
    paths.create()
    lock = FileLock(paths.alive_lock)
    assert lock.acquire(0)
    try:
        with pytest.raises(StopError):
            control.reset(state_dir)
    finally:
        lock.release()


def test_two_at_once_make_one(state_dir: Path) -> None:
    command = [sys.executable, "-m", "tui.sandbox", "up", "--state-dir", str(state_dir)]
    with ThreadPoolExecutor(3) as executor:
        runs = [executor.submit(subprocess.run, command, capture_output=True, text=True) for _ in range(3)]
        ended = [run.result() for run in runs]
    assert [run.returncode for run in ended] == [0, 0, 0], [run.stderr for run in ended]
    assert len({run.stdout for run in ended}) == 1
    pid = control.status(state_dir).pid
    assert control.up(state_dir).pid == pid


def test_it_is_detached_and_private(state_dir: Path) -> None:
    """The starter's output ends with the starter: no stream of it is kept."""
    command = [sys.executable, "-m", "tui.sandbox", "up", "--state-dir", str(state_dir)]
    subprocess.run(command, capture_output=True, check=True, timeout=60)  # waits for the end of both streams
    pid = control.status(state_dir).pid
    assert pid is not None
    assert os.getsid(pid) not in (os.getsid(0), os.getpid())
    assert stat.S_IMODE(state_dir.stat().st_mode) == 0o700
    for entry in state_dir.iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) & 0o077 == 0, entry


def test_a_taken_port_is_named(state_dir: Path) -> None:
    paths = SandboxPaths(state_dir)
    paths.create()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        replace(SandboxSettings.new(), blob_port=port).save(paths)
        with pytest.raises(PortTakenError) as caught:
            control.up(state_dir)
    assert caught.value.port == port
    assert str(port) in str(caught.value)
    assert "reset" in caught.value.hint
    assert control.up(state_dir).is_up, "once the port is free again"


def test_reset_forgets_keys_and_everything_stored(state_dir: Path) -> None:
    control.up(state_dir)
    key = control.endpoint_environment(state_dir)["AZURE_BATCH_ACCESS_KEY"]
    control.reset(state_dir)
    assert {entry.name for entry in state_dir.iterdir()} <= {"start.lock", "alive.lock"}
    with pytest.raises(NeverStartedError):
        control.endpoint_environment(state_dir)
    control.up(state_dir)
    assert control.endpoint_environment(state_dir)["AZURE_BATCH_ACCESS_KEY"] != key


def test_a_state_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFolderError) as caught:
        control.up(tmp_path / "file" / "state")
    assert str(tmp_path / "file") in str(caught.value)
    assert not control.down(tmp_path / "absent")


def test_a_server_that_cannot_start_says_why(state_dir: Path) -> None:
    paths = SandboxPaths(state_dir)
    paths.create()
    paths.batch_state.mkdir()
    with pytest.raises(StartError) as caught:
        control.up(state_dir)
    assert str(paths.batch_state) in str(caught.value)
    assert str(paths.log) in caught.value.hint
    assert not is_held(paths.alive_lock)


@pytest.mark.parametrize("damage", ["blobs", "version", "record"])
def test_stored_state_that_cannot_be_read_is_said_without_a_traceback(state_dir: Path, damage: str) -> None:
    control.up(state_dir)
    control.down(state_dir)
    paths = SandboxPaths(state_dir)
    catalogue = paths.blobs / "catalogue.sqlite3"
    if damage == "blobs":
        catalogue.write_bytes(b"no database" * 1000)
    else:
        with closing(sqlite3.connect(catalogue if damage == "version" else paths.batch_state)) as database:
            database.execute("PRAGMA user_version = 99" if damage == "version" else "INSERT INTO jobs VALUES('j', '{')")
            database.commit()
    with pytest.raises(StartError) as caught:
        control.up(state_dir)
    assert "File " not in str(caught.value)
    assert str(paths.blobs if damage != "record" else "The state cannot be read") in str(caught.value)


@pytest.mark.parametrize(
    "change", [{"batch_key": "no base64!"}, {"storage_key": 5}, {"batch_port": 99_999}, {"blob_port": "80"}]
)
def test_settings_that_no_sandbox_saved_are_refused_with_the_way_out(
    state_dir: Path, change: dict[str, object]
) -> None:
    paths = SandboxPaths(state_dir)
    paths.create()
    SandboxSettings.new().save(paths)
    paths.settings.write_text(json.dumps(json.loads(paths.settings.read_text()) | change))
    with pytest.raises(StateFolderError) as caught:
        control.up(state_dir)
    assert "reset" in caught.value.hint
    control.reset(state_dir)
    assert not paths.settings.exists()


def test_it_leaves_by_itself_when_idle_unless_asked_to_stay(state_dir: Path) -> None:
    control.up(state_dir, idle_exit_s=0.3)
    eventually(lambda: not control.status(state_dir).is_up, "an idle sandbox leaves")
    staying = control.up(state_dir, idle_exit_s=30)
    assert staying.idle_exit_s == 30
    assert control.up(state_dir, idle_exit_s=30).idle_exit_s == 30
    control.up(state_dir)
    eventually(lambda: control.status(state_dir).idle_exit_s is None, "it was asked to stay")
    assert control.status(state_dir).pid == staying.pid


def test_the_environment_for_shells_and_programs(state_dir: Path) -> None:
    paths = SandboxPaths(state_dir)
    paths.create()
    replace(SandboxSettings.new(), batch_port=10_000, blob_port=10_001).save(paths)
    command = [sys.executable, "-m", "tui.sandbox", "env", "--state-dir", str(state_dir)]
    as_object = json.loads(subprocess.run([*command, "--json"], capture_output=True, check=True).stdout)
    assert list(as_object) == [
        "AZURE_BATCH_ACCOUNT",
        "AZURE_BATCH_ACCESS_KEY",
        "AZURE_BATCH_ENDPOINT",
        "AZURE_STORAGE_ACCOUNT",
        "AZURE_STORAGE_KEY",
        "AZURE_STORAGE_CONNECTION_STRING",
    ]
    script = f'eval "$({shlex.join(command)})"; printf %s "$AZURE_STORAGE_CONNECTION_STRING"'
    evaluated = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert evaluated.stdout == as_object["AZURE_STORAGE_CONNECTION_STRING"]
    settings = SandboxSettings.load(SandboxPaths(state_dir))
    assert settings is not None
    assert settings.batch_key not in repr(settings)


def test_a_lock_is_seen_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    assert not path.exists()
    lock = FileLock(path)
    assert lock.acquire(0)
    assert is_held(path)
    assert not FileLock(path).acquire(0.05)
    lock.release()
    assert not is_held(path)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_every_folder_it_makes_is_its_owners_alone(state_dir: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        control.up(state_dir)
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (state_dir.parent, *folders_of(state_dir))}
    assert state_dir in modes
    assert set(modes.values()) == {0o700}, modes


def folders_of(folder: Path) -> list[Path]:
    return [folder, *(path for path in folder.rglob("*") if path.is_dir())]
