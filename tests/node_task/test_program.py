"""The program as a node runs it: its output's form and names, and what it may use."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from node_task import top_words
from node_task.top_words import CONTAINER_URL_VARIABLE, EXIT_CODE_MEANINGS, ExitCode
from tests.node_task.blob_server import BlobServer
from tests.node_task.conftest import Node
from tui.core.workloads import OUTPUT_CONTAINER_VARIABLE, TOP_WORDS

SCRIPT = Path(top_words.__file__)

TIDES_REPORT = (
    "Word\tCount\n"
    "------------------------------\n"
    "ebb:\t3\n"
    "flood:\t2\n"
    "Ebb:\t1\n"
    "------------------------------\n"
    "Node: the-node\n"
    "Task: the-task\n"
    "Job:  the-job\n"
    "Pool: the-pool\n"
)


def uploaded_names(blobs: BlobServer) -> list[str]:
    return [put.target.partition("?")[0].removeprefix("/account/run-output/") for put in blobs.puts]


def test_the_report_has_the_tutorials_form(node: Node) -> None:
    ended = node.count("tides.txt")
    assert (node.directory / "tides_OUTPUT.txt").read_bytes() == TIDES_REPORT.encode()
    assert ended.stdout == f"counting the words of tides.txt\n{TIDES_REPORT}uploaded tides_OUTPUT.txt\n"
    assert ended.stderr == ""
    assert node.names() == ["tides.txt", "tides_OUTPUT.txt"]


def test_outside_a_node_the_ids_are_dashes(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZ_BATCH_NODE_ID")
    assert "Node: -\nTask: the-task\n" in node.count("tides.txt").stdout


def test_the_delay_comes_between_the_first_line_and_the_words(node: Node) -> None:
    assert node.count("tides.txt", "--delay", "2.5").waits_s == [2.5]


def test_bytes_that_are_no_utf_8_are_replaced_and_told(node: Node, blobs: BlobServer) -> None:
    (node.directory / "latin.txt").write_bytes(b"mar\xe9e haute mar\xe9e \xff")
    ended = node.count("latin.txt")
    assert ended.exit_code == 0
    assert ended.stderr == "top_words: latin.txt: bytes that are not UTF-8 and were replaced: 3\n"
    assert "mar\ufffde:\t2\n".encode() in blobs.puts[0].body


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" -- \n"])
def test_a_file_without_words_has_an_empty_list(node: Node, blobs: BlobServer, content: bytes) -> None:
    (node.directory / "calm.txt").write_bytes(content)
    assert node.count("calm.txt").exit_code == 0
    rule = b"-" * 30
    assert blobs.puts[0].body.startswith(b"Word\tCount\n" + rule + b"\n" + rule + b"\nNode: ")


@pytest.mark.parametrize(
    ("name", "blob"),
    [
        ("tides.old.txt", "tides.old_OUTPUT.txt"),
        ("README", "README_OUTPUT"),
        ("-n tides.txt", "-n%20tides_OUTPUT.txt"),
        ("it's $(id) `id`;.txt", "it%27s%20%24%28id%29%20%60id%60%3B_OUTPUT.txt"),
        ("100% #1?.txt", "100%25%20%231%3F_OUTPUT.txt"),
        ("mar\u00e9e \u6f6e.txt", "mar%C3%A9e%20%E6%BD%AE_OUTPUT.txt"),
        ("$TIDE.txt", "%24TIDE_OUTPUT.txt"),
    ],
)
def test_any_file_name_is_only_a_name(
    node: Node, blobs: BlobServer, monkeypatch: pytest.MonkeyPatch, name: str, blob: str
) -> None:
    monkeypatch.setenv("TIDE", "tides")
    (node.directory / name).write_text("ebb", encoding="utf-8")
    assert node.count(name).exit_code == 0
    assert uploaded_names(blobs) == [blob]


@pytest.mark.parametrize("path", ["$COAST/bay.txt", "${COAST}/bay.txt"])
def test_the_path_may_hold_variables(node: Node, blobs: BlobServer, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    folder = node.directory / "a coast"
    folder.mkdir()
    (folder / "bay.txt").write_text("ebb", encoding="utf-8")
    monkeypatch.setenv("COAST", str(folder))
    assert node.count(path).exit_code == 0
    assert uploaded_names(blobs) == ["bay_OUTPUT.txt"]
    assert (node.directory / "bay_OUTPUT.txt").exists(), "written to the working directory, not beside the input"


def test_the_output_may_be_named(node: Node, blobs: BlobServer) -> None:
    assert node.count("tides.txt", "--output-name", "east/tides_OUTPUT.txt").exit_code == 0
    assert uploaded_names(blobs) == ["east/tides_OUTPUT.txt"]
    assert (node.directory / "tides_OUTPUT.txt").read_bytes() == blobs.puts[0].body


def test_the_longest_file_name_has_an_output(node: Node, blobs: BlobServer) -> None:
    stem = "\u6f6e" * 83 + "ab"
    (node.directory / f"{stem}.txt").write_text("ebb", encoding="utf-8")
    assert len(os.fsencode(f"{stem}.txt")) == 255
    assert node.count(f"{stem}.txt").exit_code == 0
    assert len(blobs.puts) == 1
    assert f"{stem[3:]}_OUTPUT.txt" in node.names(), "the tail that fits, in whole characters"


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems hold UTF-8 names only")
def test_a_name_that_is_no_utf_8_has_an_output(node: Node, blobs: BlobServer) -> None:
    name = os.fsdecode(b"mar\xe9e.txt")
    (node.directory / name).write_text("ebb", encoding="utf-8")
    ended = node.count(name)
    assert ended.exit_code == 0
    assert uploaded_names(blobs) == ["mar%EF%BF%BDe_OUTPUT.txt"]


def test_a_second_attempt_of_the_task_replaces_the_first(node: Node, blobs: BlobServer) -> None:
    (node.directory / "tides_OUTPUT.txt").write_text("left by an attempt before", encoding="utf-8")
    assert node.count("tides.txt").exit_code == 0
    assert (node.directory / "tides_OUTPUT.txt").read_bytes() == TIDES_REPORT.encode() == blobs.puts[0].body


def test_the_file_alone_runs_anywhere(tmp_path: Path, blobs: BlobServer) -> None:
    """Isolated Python, an ASCII locale, nothing of ours importable: what a start task copies is enough."""
    script = tmp_path / "shared" / "top_words.py"
    script.parent.mkdir()
    script.write_bytes(SCRIPT.read_bytes())
    (tmp_path / "mar\u00e9e.txt").write_text("mar\u00e9e \u6f6e mar\u00e9e", encoding="utf-8")
    environment = {CONTAINER_URL_VARIABLE: blobs.container_url, "LC_ALL": "C", "PATH": os.defpath}
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8=0", str(script), "--filepath", "mar\u00e9e.txt", "--numwords", "9"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert "mar\u00e9e:\t2\n\u6f6e:\t1\n".encode() in finished.stdout
    assert uploaded_names(blobs) == ["mar%C3%A9e_OUTPUT.txt"]


def test_the_workload_speaks_to_this_program(node: Node, blobs: BlobServer) -> None:
    """The script may import nothing of ours, so nothing but this test holds the two together."""
    assert OUTPUT_CONTAINER_VARIABLE == CONTAINER_URL_VARIABLE
    program = TOP_WORDS.command[1]
    assert not isinstance(program, str)
    assert program.relative == SCRIPT.name
    values = {"input": "-a tides.txt", "output": "in/-a tides_OUTPUT.txt", "words": "2", "delay": "0.5"}
    (node.directory / "-a tides.txt").write_text("ebb ebb flood slack", encoding="utf-8")
    ended = node.run(*(str(argument).format(**values) for argument in TOP_WORDS.command[2:]))
    assert (ended.exit_code, ended.stderr, ended.waits_s) == (0, "", [0.5])
    assert uploaded_names(blobs) == ["in/-a%20tides_OUTPUT.txt"]
    assert b"ebb:\t2\nflood:\t1\n---" in blobs.puts[0].body


def test_help_names_every_option_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        top_words.main(["--help"])
    text = capsys.readouterr().out
    for option in ("--filepath", "--numwords", "--storageaccount", "--storagecontainer", "--sastoken", "--delay"):
        assert option in text
    assert CONTAINER_URL_VARIABLE in text
    assert set(EXIT_CODE_MEANINGS) == set(ExitCode)
    for code, meaning in EXIT_CODE_MEANINGS.items():
        assert f"{code:d}  {meaning}" in text


def test_the_grammar_is_that_of_python_3_8() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))
