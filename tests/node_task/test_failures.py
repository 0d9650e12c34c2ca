"""Each kind of failure: its own exit code and one line on stderr that says what and why."""

from __future__ import annotations

import os

import pytest

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
        (f"https://coast.example/?{SAS}", "names no container"),
        ("https://coast.example/out", "holds no shared access signature"),
        (f"https://coast.example/out\u00e9?{SAS}", "holds a character that no URL may hold"),
    ],
)
def test_bad_container_urls(node: Node, monkeypatch: pytest.MonkeyPatch, url: str, said: str) -> None:
    monkeypatch.setenv(CONTAINER_URL_VARIABLE, url)
    assert_failed(node.count("tides.txt"), ExitCode.BAD_ARGUMENTS, said)
    assert node.names() == ["tides.txt"], "refused before any work"
