"""Each kind of failure: its own exit code and one line on stderr that says what and why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node_task import top_words
from node_task.top_words import CONTAINER_URL_VARIABLE, ExitCode
from tests.node_task.blob_server import SAS, SIGNATURE, BlobServer
from tests.node_task.conftest import Ended, Node


def assert_failed(ended: Ended, exit_code: ExitCode, *said: str) -> None:
    assert ended.exit_code == exit_code
    assert ended.stderr.startswith("top_words: ")
    assert ended.stderr.count("\n") == 1
    for words in said:
        assert words in ended.stderr


def test_the_input_is_missing(node: Node, blobs: BlobServer) -> None:
    assert_failed(node.count("neap.txt"), ExitCode.INPUT_MISSING, "no such file: neap.txt")
    assert blobs.puts == []
    assert node.names() == ["tides.txt"]


def test_a_variable_that_is_not_set_is_named(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARBOUR", raising=False)
    assert_failed(node.count("${HARBOUR}/x.txt"), ExitCode.INPUT_MISSING, "(not set: HARBOUR)")


def test_the_input_is_a_directory(node: Node) -> None:
    (node.directory / "coast").mkdir()
    assert_failed(node.count("coast"), ExitCode.INPUT_IS_DIRECTORY, "is a directory", "coast")


def test_the_input_cannot_be_read(node: Node) -> None:
    (node.directory / "loop.txt").symlink_to("loop.txt")
    assert_failed(node.count("loop.txt"), ExitCode.INPUT_UNREADABLE, "cannot read loop.txt: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_the_input_is_forbidden(node: Node) -> None:
    (node.directory / "tides.txt").chmod(0)
    assert_failed(node.count("tides.txt"), ExitCode.INPUT_UNREADABLE, "Permission denied")


def test_the_output_cannot_be_written(node: Node, blobs: BlobServer) -> None:
    (node.directory / "tides_OUTPUT.txt").mkdir()
    assert_failed(node.count("tides.txt"), ExitCode.CANNOT_WRITE, "cannot write tides_OUTPUT.txt")
    assert blobs.puts == []
    assert node.names() == ["tides.txt", "tides_OUTPUT.txt"], "no partial file stays"


def test_a_name_with_a_new_line_stays_one_line(node: Node) -> None:
    assert_failed(node.count("a\nb\x1b[2J.txt"), ExitCode.INPUT_MISSING, r"a\nb\x1b[2J.txt")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--filepath, --numwords"),
        (("--filepath=tides.txt",), "--numwords"),
        (("--filepath=", "--numwords=1"), "--filepath is empty"),
        (("--filepath=tides.txt", "--numwords=0"), "at least 1"),
        (("--filepath=tides.txt", "--numwords=-3"), "at least 1"),
        (("--filepath=tides.txt", "--numwords=many"), "at least 1"),
        (("--filepath=tides.txt", "--numwords=1", "--delay=-1"), "seconds"),
        (("--filepath=tides.txt", "--numwords=1", "--delay=inf"), "seconds"),
        (("--filepath=tides.txt", "--numwords=1", "--output-name=folder/"), "--output-name names no file"),
        (("--filepath=tides.txt", "--numwords=1", "--output-name=.."), "--output-name names no file"),
        (("--filepath=tides.txt", "--numwords=1", "--storageaccount=abc"), "go together"),
        (
            ("--filepath=tides.txt", "--numwords=1", "--storageaccount=A/b", "--storagecontainer=out", "--sastoken=x"),
            "no account name",
        ),
        (
            ("--filepath=tides.txt", "--numwords=1", "--storageaccount=abc", "--storagecontainer=?", "--sastoken=x"),
            "no container name",
        ),
        (
            ("--filepath=tides.txt", "--numwords=1", f"--sas={SAS}", f"&sig={SIGNATURE}", SIGNATURE),
            "not understood: 3 (--sas)",
        ),
        (
            (
                "--filepath=tides.txt",
                "--numwords=1",
                "--storageaccount=abc",
                "--storagecontainer=out",
                f"--sastoken={SAS}\n",
            ),
            "--sastoken holds a character that no URL may hold",
        ),
    ],
)
def test_bad_arguments(node: Node, blobs: BlobServer, arguments: tuple[str, ...], said: str) -> None:
    assert_failed(node.run(*arguments), ExitCode.BAD_ARGUMENTS, said)
    assert blobs.puts == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", f"no container to upload to: set {CONTAINER_URL_VARIABLE}"),
        (f"http://coast.example/account/out?{SAS}", "is plain http"),
        (f"http://127.0.0.1.coast.example/account/out?{SAS}", "is plain http"),
        (f"file:///account/out?{SAS}", "is not an https URL"),
        (f"https://[::1/out?{SAS}", "is not a URL"),
        (f"https://coast.example:99999/out?{SAS}", "is not a URL"),
        (f"https://{'c' * 64}.example/out?{SAS}", "is not a URL"),
        (f"https://coast..example/out?{SAS}", "is not a URL"),
        (f"https://coast.example/?{SAS}", "names no container"),
        ("https://coast.example/out", "holds no shared access signature"),
        (f"https://coast.example/out\u00e9?{SAS}", "holds a character that no URL may hold"),
    ],
)
def test_bad_container_urls(node: Node, monkeypatch: pytest.MonkeyPatch, url: str, said: str) -> None:
    monkeypatch.setenv(CONTAINER_URL_VARIABLE, url)
    assert_failed(node.count("tides.txt"), ExitCode.BAD_ARGUMENTS, said)
    assert node.names() == ["tides.txt"], "refused before any work"


def as_the_shell_does(
    redirections: str, *arguments: str, limits: str = "", inherits: int = 0
) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own, in the working directory, its streams led elsewhere."""
    program = [sys.executable, "-I", top_words.__file__, "--numwords=3", *arguments]
    shell = ["bash", "-c", f'{limits} "$@" {redirections}', "bash", *program]
    return subprocess.run(shell, capture_output=True, text=True, check=False, timeout=60, pass_fds=(inherits,))


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device is always full here")


@FULL
@pytest.mark.usefixtures("node")
def test_stdout_is_full(blobs: BlobServer) -> None:
    ended = as_the_shell_does(">/dev/full", "--filepath=tides.txt")
    assert ended.stderr == "top_words: cannot write to stdout: No space left on device\n"
    assert ended.returncode == ExitCode.CANNOT_WRITE
    assert blobs.puts == []


@pytest.mark.usefixtures("node")
def test_nobody_reads_stdout(blobs: BlobServer) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = as_the_shell_does(f">&{writer}", "--filepath=tides.txt", inherits=writer)
    os.close(writer)
    assert ended.stderr == "top_words: cannot write to stdout: Broken pipe\n"
    assert ended.returncode == ExitCode.CANNOT_WRITE
    assert blobs.puts == []


@pytest.mark.parametrize("redirections", [pytest.param("2>/dev/full", marks=FULL), "2>&-", ">&-", ">&- 2>&-"])
@pytest.mark.usefixtures("node")
def test_the_exit_code_tells_where_nobody_can_be_told(redirections: str) -> None:
    assert as_the_shell_does(redirections, "--filepath=neap.txt").returncode == ExitCode.INPUT_MISSING


@pytest.mark.skipif(sys.platform == "darwin", reason="it does not limit a process's address space")
def test_the_words_do_not_fit_into_memory(node: Node) -> None:
    with (node.directory / "one-word.txt").open("wb") as file:
        file.truncate(300_000_000)  # one word of NULs, which takes no room on the disk
    ended = as_the_shell_does("", "--filepath=one-word.txt", limits="ulimit -v 200000;")
    assert ended.stderr == "top_words: the words of the input do not fit into this node's memory\n"
    assert ended.returncode == ExitCode.INPUT_UNREADABLE
    assert node.names() == ["one-word.txt", "tides.txt"]


def test_an_interruption_is_no_traceback(node: Node) -> None:
    command = [sys.executable, "-I", top_words.__file__, "--numwords=3", "--filepath=tides.txt", "--delay=60"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (-signal.SIGINT, "")
    assert node.names() == ["tides.txt"]
