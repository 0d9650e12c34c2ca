"""Links that tasks leave on their node: the sandbox neither reads nor writes nor removes anything behind them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sandbox.nodes.blob_server import Container
from tests.sandbox.nodes.conftest import Node
from tui.sandbox.nodes.furnish import SHIMMED
from tui.sandbox.nodes.host import LocalNodeHost
from tui.sandbox.nodes.layout import ROOT_FOLDERS
from tui.sandbox.nodes.patterns import FilePattern
from tui.sandbox.nodes.records import OutputFile, ResourceFile

FOREIGN = ("stdout.txt", "fileuploadout.txt", "wd/file", "wd/sub/file")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder of somebody else's with everything in it that a task's folder has."""
    folder = tmp_path / "foreign"
    for name in FOREIGN:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("foreign")
    return folder


def is_untouched(foreign: Path) -> bool:
    found = {str(path.relative_to(foreign)): path.read_text() for path in foreign.rglob("*") if path.is_file()}
    return found == dict.fromkeys(FOREIGN, "foreign")


REPLACEMENTS = {
    "its folder": 'mv "$D" "$D.moved"; ln -s "$F" "$D"',
    "its working directory": 'mv "$D/wd" "$D/old"; ln -s "$F/wd" "$D/wd"',
    "its output": 'rm "$D/stdout.txt"; ln -s "$F/stdout.txt" "$D/stdout.txt"',
    "its output by another name": 'rm "$D/stdout.txt"; ln "$F/stdout.txt" "$D/stdout.txt"',
    "its output by a pipe": 'rm "$D/stdout.txt"; mkfifo "$D/stdout.txt"',
    "the log of its uploads": 'ln -s "$F/fileuploadout.txt" "$D/fileuploadout.txt"',
}


@pytest.mark.parametrize("script", REPLACEMENTS.values(), ids=REPLACEMENTS)
@pytest.mark.parametrize("keep", [False, True])
async def test_what_a_task_leaves_in_place_of_its_files_leads_the_next_attempt_nowhere(
    node: Node, container: Container, foreign: Path, script: str, keep: bool
) -> None:
    container.blobs = {"blob": b"content"}
    files = (ResourceFile("file", http_url=container.blob_url("blob")),)
    outputs = (OutputFile("../std*.txt", container.signed_url), OutputFile("**/*", container.signed_url))
    paths = {"F": str(foreign)}
    first = node.launch("", environment=paths)
    command = f"/bin/sh -c 'D=$AZ_BATCH_TASK_DIR; cd /; {script}'"
    launches = [
        node.launch(line, directory=first.directory, environment=paths, output_files=outputs, resource_files=files,
                    keep_working_directory=keep)
        for line in (command, "echo again")
    ]  # fmt: skip
    await node.run(launches[0])
    assert (await node.run(launches[1])).exit_code == 0
    assert (first.directory / "stdout.txt").read_text() == "again\n"
    assert is_untouched(foreign)
    assert b"foreign" not in container.blobs.values()


async def test_no_task_begins_below_a_link(node: Node, foreign: Path) -> None:
    job = node.root / "workitems" / "linked"
    job.symlink_to(foreign)
    outcome = await node.run(node.launch("true", directory=job / "job-1" / "task"))
    assert outcome.failure is not None
    assert outcome.failure.code == "ResourceDirectoryCreateFailed"
    assert is_untouched(foreign)


OWN_FOLDERS = ("", "bin", "venv", "home", "tmp", "root", *(f"root/{name}" for name in ROOT_FOLDERS), "root/startup/wd")


@pytest.mark.parametrize("own", OWN_FOLDERS)
async def test_a_node_is_made_again_beside_links_in_the_place_of_its_folders(
    node: Node, foreign: Path, own: str
) -> None:
    await node.agent.close()
    folder = node.root.parent / own
    shutil.rmtree(folder)
    folder.symlink_to(foreign)
    again = await node.host.create("pool", "node-1")
    await again.close()
    assert is_untouched(foreign)
    assert not any(folder.is_symlink() for folder in (node.root.parent / name for name in OWN_FOLDERS))


async def test_no_program_outside_becomes_a_shim(node: Node, tmp_path: Path) -> None:
    await node.agent.close()
    program = tmp_path / "program"
    program.write_text("foreign")
    for name in SHIMMED:
        (node.root.parent / "bin" / name).unlink()
        (node.root.parent / "bin" / name).symlink_to(program)
    again = await node.host.create("pool", "node-1")
    await again.close()
    assert program.read_text() == "foreign"


@pytest.mark.parametrize("own", ["", "root", "root/workitems", "venv"])
async def test_a_node_is_removed_without_what_its_links_lead_to(node: Node, foreign: Path, own: str) -> None:
    await node.agent.close()
    folder = node.root.parent / own
    shutil.rmtree(folder)
    folder.symlink_to(foreign)
    await node.host.remove("pool", "node-1")
    assert list(node.root.parent.parent.iterdir()) == []
    assert is_untouched(foreign)


async def test_the_folder_of_all_nodes_is_never_a_link(tmp_path: Path, foreign: Path) -> None:
    (tmp_path / "nodes").symlink_to(foreign)
    host = LocalNodeHost(tmp_path / "nodes")
    assert host.root("pool", "node").is_relative_to(tmp_path / "nodes")
    await (await host.create("pool", "node")).close()
    assert is_untouched(foreign)


async def test_no_pattern_finds_what_lies_behind_a_link_in_the_nodes_own_place(tmp_path: Path, foreign: Path) -> None:
    root = tmp_path / "node" / "root"
    root.parent.mkdir()
    root.symlink_to(foreign)
    for text in ("*", "**/*", "../stdout.txt", str(root / "stdout.txt")):
        assert FilePattern.parse(text, root / "wd", {}).find(root) == []
