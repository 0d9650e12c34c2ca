"""The program as a shell sees it: what it loads, what it prints where, and its exit codes."""

from __future__ import annotations

import ast
import json
import os
import signal
import stat
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.cli.canned import StoppedClock
from tests.cli.process import PROGRAM, Finished, batch_tui, called, signalled_until_it_ends
from tui import __version__
from tui.cli import program
from tui.commands.endings import ending_of
from tui.commands.last_object import LastObject
from tui.console.errors import write_crash_report
from tui.console.safe_text import OutputClosed
from tui.core.errors import InputError, RunTimedOut, ServiceError, Unreachable
from tui.core.redaction import redact


def test_the_version_is_the_installed_one() -> None:
    assert batch_tui("--version") == Finished(0, f"batch-tui {metadata.version('batch-tui')}\n", "")
    assert __version__ == metadata.version("batch-tui")


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["run", "--help"], ["runs", "list"], ["info", "--json"]]
)
def test_what_reaches_no_service_loads_neither_textual_nor_azure(arguments: list[str]) -> None:
    script = f"import sys, tui.cli; tui.cli.main({arguments!r}); print(sorted(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(ast.literal_eval(finished.stdout.splitlines()[-1]))
    assert [name for name in loaded if name.partition(".")[0] in ("textual", "azure", "starlette", "uvicorn")] == []


def test_the_version_loads_click_and_no_more_of_ours_than_the_entry() -> None:
    script = "import sys, tui.cli; tui.cli.main(['--version']); print(sorted(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = ast.literal_eval(finished.stdout.splitlines()[-1])
    ours = [name for name in loaded if name.partition(".")[0] == "tui"]
    entry = ["tui", "tui.cli", "tui.commands", "tui.commands.groups", "tui.console", "tui.console.interruption"]
    assert ours == entry
    assert not {"rich", "platformdirs", "importlib.metadata", "json", "asyncio"} & set(loaded)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], ["No such command 'nonsense'", "--help"]),
        (["run"], ["Missing argument 'WORKLOAD | PLAN.toml'", "batch-tui run --help"]),
        (["run", "top-words", "--nodes", "many"], ["--nodes"]),
        (["run", "top-hats", "a.txt"], ["Unknown workload", "top-words, ffmpeg-mp3"]),
        (["run", "top-words", "--sandbox"], ["no input was chosen"]),
        (["run", "top-words", "gone.txt", "--sandbox"], ["'gone.txt' does not exist"]),
        (["run", "top-words", ".", "--sandbox"], ["'.' is a folder"]),
        (["run", "top-words", "gone\x1b]0;owned\x07.txt", "--sandbox"], ["does not exist"]),
        (["run", "top-words", "a.txt"], ["No account was chosen", "--sandbox"]),
        (["run", "top-words", "a.txt", "--account", "mine"], ["There is no account 'mine'", "accounts add"]),
        (["run", "top-words", "a.txt", "--account", "mine", "--sandbox"], ["contradict"]),
        (["run", "top-words", "a.txt", "--sandbox", "--output", "a.txt"], ["is not a folder"]),
        (["run", "top-words", "a.txt", "--sandbox", "--timeout", "5s"], ["timeout", "one minute"]),
        (["run", "top-words", "a.txt", "--sandbox", "--nodes", "0"], ["nodes"]),
        (["runs", "show", "../../etc/passwd"], ["Not a run id"]),
        (["runs", "show", "top-words-20261120-abc"], ["No such run"]),
        (["demo", "--delay", "-1"], ["'-1'"]),
        (["--read-only", "run", "top-words", "a.txt"], ["No such command 'run'"]),
        (["--read-only", "sandbox", "up"], ["No such command 'up'"]),
    ],
)
def test_bad_usage_is_one_clear_message(arguments: list[str], words: list[str], tmp_path: Path, own_home: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    finished = called(*arguments, folder=tmp_path)
    assert (finished.code, finished.stdout) == (2, "")
    assert [word for word in words if word not in finished.stderr] == []
    assert finished.stderr.startswith("Error: ")
    assert "\x1b" not in finished.stderr
    assert not finished.has_traceback
    assert [path for path in own_home.rglob("*") if path.is_file()] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "top-words", "gone.txt", "--sandbox"], "'gone.txt' does not exist"),
        (["run", "top-words", "a.txt"], "No account was chosen"),
        (["run", "top-hats", "a.txt"], "Unknown workload"),
        (["run", "top-words", "a.txt", "--sandbox", "--timeout", "5s"], "timeout"),
        (["run", "gone.toml"], "no such file"),
        (["runs", "resume", "top-words-20261120-abc"], "No account was chosen"),
        (["runs", "resume", "../../etc/passwd"], "Not a run id"),
        (["demo", "--delay", "-1"], "'-1'"),
    ],
)
def test_with_json_what_keeps_a_run_from_beginning_is_the_last_object(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")
    finished = called(*arguments, "--json", folder=tmp_path)
    (line,) = finished.stdout.splitlines()
    told = json.loads(line)
    assert (told["event"], told["exit_code"], finished.code) == ("error", 2, 2)
    assert {"at", "run", "title", "what", "hint"} <= told.keys()
    assert words in told["title"] + told["what"]
    assert f"Error: {told['title']}" in finished.stderr, "a person reads it too"


@pytest.mark.parametrize(
    ("problem", "code", "title"),
    [
        (click.UsageError("No such thing"), 2, "No such thing"),
        (click.Abort(), 130, "Interrupted"),
        (KeyboardInterrupt(), 130, "Interrupted"),
        (ZeroDivisionError("secret"), 70, "batch-tui itself failed"),
        (OutputClosed(), None, None),
        (SystemExit(0), None, None),
    ],
)
def test_whatever_ends_a_command_is_told_as_json(
    problem: BaseException, code: int | None, title: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(type(problem)), LastObject(StoppedClock(), as_json=True):
        raise problem
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["exit_code"], one["title"], one["run"]) for one in told] == ([(code, title, None)] if code else [])
    assert "secret" not in json.dumps(told)


def test_half_an_account_in_the_environment_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    half = {"AZURE_BATCH_ACCOUNT": "mybatch"}
    finished = called("run", "top-words", "a.txt", folder=tmp_path, environment=half)
    assert finished.code == 2
    assert "AZURE_BATCH_ACCESS_KEY" in finished.stderr


def test_a_group_that_needs_a_command_shows_its_help_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(click.UsageError) as caught:
        click.Group("harbour", commands=[click.Command("tides", help="When to sail.")]).main([], standalone_mode=False)
    assert ending_of(caught.value) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Usage: ")
    assert "\n  tides  When to sail.\n" in said.err


def test_without_a_terminal_there_is_no_interface() -> None:
    finished = batch_tui()
    assert finished.code == 2
    assert "terminal" in finished.stderr


def test_read_only_leaves_out_what_changes_something() -> None:
    listed = CliRunner().invoke(program, ["--read-only", "--help"]).output
    assert "\n  runs " in CliRunner().invoke(program, ["--help"]).output
    commands = [line.split()[0] for line in listed.partition("Commands:")[2].splitlines() if line.strip()]
    assert commands == ["runs", "watch", "accounts", "sandbox", "info"]


@pytest.mark.parametrize("group", ["runs", "accounts", "sandbox"])
def test_what_a_command_does_is_not_cut(group: str) -> None:
    listed = CliRunner().invoke(program, [group, "--help"]).output.partition("Commands:")[2]
    assert listed.count("\n  ") > 3
    assert "..." not in listed


def test_the_help_names_every_command_and_option() -> None:
    assert called("--help").stdout.count("\n  ") > 8
    text = called("run", "--help").stdout
    for option in ("--sandbox", "--pool", "--plan-only", "--json", "--keep", "130"):
        assert option in text


def test_the_help_ends_quietly_when_nobody_reads_it() -> None:
    script = f"{' '.join(map(repr, PROGRAM))} info | true"
    finished = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert finished.stderr == ""


def test_info_names_every_place(own_home: Path) -> None:
    told = json.loads(called("info", "--json").stdout)
    assert told["versions"]["batch-tui"] == __version__
    assert set(told["paths"]) == {"config", "state", "journals", "sandbox", "cache", "log"}
    assert all(path.startswith(str(own_home)) for path in told["paths"].values())
    text = called("info").stdout
    assert all(path in text for path in told["paths"].values())


def test_no_runs_yet_is_said() -> None:
    finished = called("runs", "list")
    assert (finished.code, finished.stderr) == (0, "")
    assert "batch-tui demo" in finished.stdout
    assert json.loads(called("runs", "list", "--json").stdout) == []


def test_an_invocation_option_keeps_bytes_that_are_no_text(tmp_path: Path) -> None:
    finished = batch_tui("run", "top-words", b"gone\xff.txt", "--sandbox", folder=tmp_path)
    assert finished.code == 2
    assert "does not exist" in finished.stderr


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (InputError("a"), 2),
        (ServiceError("a"), 3),
        (Unreachable("a"), 3),
        (RunTimedOut("a"), 4),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (click.UsageError("a"), 2),
        (SystemExit(5), 5),
    ],
)
def test_every_ending_has_its_exit_code(problem: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending_of(problem) == code
    assert capsys.readouterr().out == ""


def test_a_second_ctrl_c_while_the_first_is_told_shows_no_traceback() -> None:
    script = """
import os, signal, sys, threading
from tui import cli
from tui.commands import endings

def interrupted(problem):
    signal.raise_signal(signal.SIGINT)

def hang():
    threading.main_thread().join()
    print("the command has ended", flush=True)
    threading.Event().wait()

endings.ending_of = interrupted
threading.Thread(target=hang).start()
sys.argv = ["batch-tui", "run", "unknown"]
sys.exit(cli.process())
"""
    finished = signalled_until_it_ends(script, signal.SIGINT)
    assert (finished.code, finished.stderr) == (130, "")


def test_a_closed_pipe_is_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "out").open("w") as stdout, (tmp_path / "err").open("w") as stderr:
        monkeypatch.setattr(sys, "stdout", stdout)
        monkeypatch.setattr(sys, "stderr", stderr)
        assert ending_of(OutputClosed()) == 130
    assert (tmp_path / "err").read_text() == ""


def test_an_error_is_shown_whole_and_safe(capsys: pytest.CaptureFixture[str]) -> None:
    redact.register("c2VjcmV0c2VjcmV0c2VjcmV0")
    problem = ServiceError(
        "Refused \x1b[31m",
        "first line\nkey c2VjcmV0c2VjcmV0c2VjcmV0",
        "do this",
        request_id="r-1",
        details=(("PropertyName", "vmSize"),),
    )
    ending_of(problem)
    assert capsys.readouterr().err.splitlines() == [
        "Error: Refused ␛[31m",
        "  first line",
        "  key •••",
        "  PropertyName: vmSize",
        "  request r-1",
        "  Hint: do this",
    ]


def test_a_crash_leaves_a_redacted_report_and_no_traceback(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    redact.register("c2VjcmV0c2VjcmV0c2VjcmV0")
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError("with c2VjcmV0c2VjcmV0c2VjcmV0")
    assert ending_of(caught.value) == 70
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "ZeroDivisionError" in said
    (report,) = own_home.rglob("crash-*.txt")
    assert str(report) in said
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert "Traceback" in report.read_text()
    assert "c2VjcmV0" not in report.read_text()


def test_a_crash_report_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert write_crash_report(ValueError("x"), tmp_path / "file" / "log", "now") is None
    assert os.listdir(tmp_path) == ["file"]
