"""Command lines: split without a shell, programs found on the node's PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.sandbox.nodes.command import CommandRunner, LaunchRefused, find_program, split_command_line
from tui.sandbox.nodes.layout import NodeLayout


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("echo  a\tb", ["echo", "a", "b"]),
        ("/bin/sh -c 'echo \"$HOME\" && ls'", ["/bin/sh", "-c", 'echo "$HOME" && ls']),
        ('/bin/bash -c "echo \\"x y\\"; exit 3"', ["/bin/bash", "-c", 'echo "x y"; exit 3']),
        ("echo $HOME *.txt # no comment", ["echo", "$HOME", "*.txt", "#", "no", "comment"]),
        ("cat 'a b'/c\\ d ''", ["cat", "a b/c d", ""]),
    ],
)
def test_quotes_group_and_nothing_is_expanded(line: str, arguments: list[str]) -> None:
    assert split_command_line(line) == arguments


@pytest.mark.parametrize("line", ["", "   ", "echo 'open", "'' x"])
def test_a_line_without_a_program_or_with_an_open_quote_is_refused(line: str) -> None:
    with pytest.raises(LaunchRefused) as caught:
        split_command_line(line)
    assert caught.value.failure.code == "CommandLaunchFailed"


def test_a_program_is_found_by_name_on_the_path_and_by_path_from_the_working_directory(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "tool").write_text("#!/bin/sh\n")
    (second / "tool").chmod(0o755)
    assert find_program("tool", f"{first}:{second}", "/") == str(second / "tool")
    assert find_program("second/tool", "", str(tmp_path)) == str(tmp_path / "second/tool")


@pytest.mark.parametrize(
    ("program", "code"),
    [("absent", "CommandProgramNotFound"), ("plain", "CommandLaunchFailed"), ("./x", "CommandProgramNotFound")],
)
def test_what_cannot_be_found_differs_from_what_may_not_run(tmp_path: Path, program: str, code: str) -> None:
    (tmp_path / "plain").touch(mode=0o644)
    with pytest.raises(LaunchRefused) as caught:
        find_program(program, str(tmp_path), str(tmp_path))
    assert (caught.value.failure.category, caught.value.failure.code) == ("UserError", code)


def test_shims_stay_ahead_of_a_path_that_a_task_sets(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path)
    environment = CommandRunner(layout).environment({"PATH": "/opt/tool/bin", "HOME": "/elsewhere"})
    assert environment["PATH"].split(":") == [str(layout.bin), str(layout.venv / "bin"), "/opt/tool/bin"]
    assert environment["HOME"] == "/elsewhere"


def test_node_folders_are_short_and_take_ids_that_differ_in_case_for_one(tmp_path: Path) -> None:
    layout = NodeLayout.of(tmp_path, "p" * 64, "tvmps_" + "0" * 64 + "_d")
    assert len(layout.base.name) <= 24
    assert NodeLayout.of(tmp_path, "Pool", "N") == NodeLayout.of(tmp_path, "pool", "n")
    assert NodeLayout.of(tmp_path, "pool", "n") != NodeLayout.of(tmp_path, "pool", "m")
