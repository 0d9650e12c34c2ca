"""Bad input: places. Full disks, read-only file systems, files in the way of folders, streams closed or full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bad_input.conftest import Machine, Mount
from tests.bad_input.table import write
from tests.bad_input.test_settings_and_plans import SCRIPT
from tests.cli.process import PROGRAM, Finished, called
from tests.cli.texts import counted, write_texts

RUN = ("run", "top-words", "a.txt", "--nodes", "1", "--output", "out")
_LIMIT_S = 60


def is_refused(finished: Finished, *words: str, code: int = 2) -> None:
    shown = finished.stdout + finished.stderr
    assert finished.code == code, shown
    assert [word for word in words if word not in shown] == [], shown
    assert "itself failed" not in shown
    assert not finished.has_traceback


def fill(folder: Path) -> Path:
    """Takes all the room there is; the file that took it."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4_096)
    except OSError:
        return ballast


def test_a_state_folder_on_a_full_disk(machine: Machine, tmp_path: Path, mounted: Mount) -> None:
    write_texts(tmp_path, ["a.txt"])
    state = mounted("size=64k")
    (state / "batch-tui" / "runs").mkdir(parents=True)
    fill(state)
    finished = called(*RUN, folder=tmp_path, environment={**machine.account, "XDG_STATE_HOME": str(state)})
    is_refused(finished, "The disk is full", ".jsonl")
    assert not (tmp_path / "out").exists()


def test_a_state_folder_that_can_only_be_read(machine: Machine, tmp_path: Path, mounted: Mount) -> None:
    write_texts(tmp_path, ["a.txt"])
    state = mounted("ro")
    finished = called(*RUN, folder=tmp_path, environment={**machine.account, "XDG_STATE_HOME": str(state)})
    is_refused(finished, "A read-only file system")


def test_a_state_folder_that_is_a_file(machine: Machine, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    write(tmp_path / "state" / "batch-tui", "")
    environment = {**machine.account, "XDG_STATE_HOME": str(tmp_path / "state")}
    is_refused(called(*RUN, folder=tmp_path, environment=environment), "A file is in the way")


def test_an_output_folder_that_can_only_be_read(tmp_path: Path, mounted: Mount) -> None:
    write_texts(tmp_path, ["a.txt"])
    finished = called("run", "top-words", "a.txt", "--sandbox", "--output", str(mounted("ro") / "out"), folder=tmp_path)
    is_refused(finished, "is not writable", "--output")


def test_outputs_that_find_a_full_disk_are_fetched_once_there_is_room(
    machine: Machine, tmp_path: Path, mounted: Mount
) -> None:
    texts = write_texts(tmp_path, ["a.txt"])
    out = mounted("size=64k")
    ballast = fill(out)
    run = ("run", "top-words", "a.txt", "--nodes", "1", "--sandbox", "--output", str(out))
    finished = called(*run, folder=tmp_path, environment=machine.environment)
    is_refused(finished, "The disk is full", "make room", "runs resume")
    run_id = finished.stdout.partition("runs resume ")[2].split("`")[0]
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["ballast"]
    ballast.unlink()
    resumed = called("runs", "resume", run_id, environment=machine.environment)
    assert resumed.code == 0, resumed.stdout + resumed.stderr
    assert counted(out / "a_OUTPUT.txt")[0].startswith(next(iter(texts)))


def test_an_output_folder_that_becomes_a_file_while_the_run_goes_on(machine: Machine, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    write(tmp_path / "out" / "a_OUTPUT.txt" / "in the way", "")
    finished = called(*RUN, "--sandbox", folder=tmp_path, environment=machine.environment)
    assert finished.code == 0, "a name that is taken gets another beside it"
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_file()) == ["a_OUTPUT~2.txt"]


def test_accounts_on_a_full_disk_keep_what_they_had(tmp_path: Path, mounted: Mount) -> None:
    config = mounted("size=32k")
    environment = {"XDG_CONFIG_HOME": str(config)}
    assert called("accounts", "add", "first", environment=environment, pasted=SCRIPT).code == 0
    fill(config)
    is_refused(called("accounts", "add", "second", environment=environment, pasted=SCRIPT), "no space left on device")
    listed = called("accounts", environment=environment)
    assert (listed.code, "first" in listed.stdout, "second" in listed.stdout) == (0, True, False)
    assert [path.name for path in config.rglob(".*")] == [], "no half-written file stays"
    assert tmp_path.exists()


def test_a_bundle_on_a_full_disk(mounted: Mount) -> None:
    place = mounted("size=16k")
    fill(place)
    is_refused(called("info", "--bundle", str(place / "report.txt")), "The bundle cannot be written", "no space left")


def shell(script: str, folder: Path) -> Finished:
    """The program with streams as a shell makes them; `$1…` are the program's words."""
    finished = subprocess.run(
        ["sh", "-c", script, "sh", *PROGRAM], cwd=folder, capture_output=True, text=True, check=False, timeout=_LIMIT_S
    )
    return Finished(finished.returncode, finished.stdout, finished.stderr)


FULL = "Error: The output cannot be written: no space left on device"


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ('"$@" --help > /dev/full', 2, FULL),
        ('"$@" run top-words a.txt --sandbox --plan-only --json > /dev/full', 2, FULL),
        ('"$@" runs list 2> /dev/full', 0, "No runs yet"),
        ('"$@" info >&-', 130, ""),
        ('"$@" accounts add work <&-', 2, "stdin"),
        ('"$@" <&- >&- 2>&-', 2, ""),
        ('PYTHONIOENCODING=ascii "$@" run top-words é.txt --sandbox --plan-only', 0, "--filepath=\\xe9.txt"),
        ('LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 "$@" run top-words é.txt --sandbox --plan-only', 0, "1 file"),
        ('env -u HOME COLUMNS=0 TERM=nonsense TMPDIR=/nonexistent TZ=No/Where "$@" info --bundle -', 0, "## journals"),
        ('cd gone && rmdir ../gone && "$@" run top-words ../a.txt --sandbox --plan-only', 2, "Error: "),
    ],
)  # fmt: skip
def test_streams_and_surroundings(script: str, code: int, words: str, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt", "é.txt"])
    (tmp_path / "gone").mkdir()
    finished = shell(script, tmp_path)
    is_refused(finished, words, code=code)
    assert "Exception ignored" not in finished.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the limit counts differently elsewhere")
def test_outputs_beyond_a_limit_of_the_shell(machine: Machine, tmp_path: Path) -> None:
    """`ulimit -f` is a full disk that comes with a signal."""
    write_texts(tmp_path, ["a.txt"])
    script = f'ulimit -f 0; XDG_STATE_HOME="{machine.state_home}" "$@" run top-words a.txt --sandbox --nodes 1'
    is_refused(shell(script, tmp_path), "File too large")
