"""Ordinary start tasks work on a node and leave the machine alone; a node's Python is its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.sandbox.nodes.conftest import Node
from tui.sandbox.nodes.furnish import SHIMMED

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def node(shared_node: Node) -> Node:
    return shared_node


async def test_every_shimmed_program_is_ours(node: Node) -> None:
    found = await node.output_of(f"/bin/sh -c 'for p in {' '.join(SHIMMED)} pip; do command -v $p; done'")
    assert {str(Path(line).parent) for line in found.splitlines()} == {str(node.root.parent / "bin")}


@pytest.mark.parametrize(
    "script",
    [
        "apt-get update && apt-get install -y --no-install-recommends curl-less-sh || test $? = 100",
        "sudo -E DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install sh ca-certificates",
        "apt-get -y upgrade; add-apt-repository -y ppa:x/y; systemctl restart docker; yum makecache",
        "apk add --no-cache sh; dnf install -y python3-pip",
    ],
)
async def test_ordinary_start_tasks(node: Node, script: str) -> None:
    assert "sandbox:" in await node.output_of(f'/bin/bash -c "set -e; {script}"')


@pytest.mark.parametrize("command_line", ["apt-get install -y no-such-tool", "sudo -n yum -y install no-such-tool"])
async def test_what_is_not_on_the_machine_cannot_be_installed(node: Node, command_line: str) -> None:
    launch = node.launch(command_line)
    outcome = await node.run(launch)
    assert outcome.exit_code == 100
    assert "no-such-tool" in (launch.directory / "stderr.txt").read_text()


async def test_sudo_runs_the_rest(node: Node) -> None:
    assert await node.output_of("sudo -u root -H NAME=value /bin/sh -c 'echo $NAME'") == "value\n"
    outcome = await node.run(node.launch("sudo no-such-program"))
    assert outcome.exit_code == 1


async def test_python_is_the_nodes_own(node: Node) -> None:
    prefix = await node.output_of("python3 -c 'import sys; print(sys.prefix, sys.version_info[:2])'")
    assert prefix == f"{node.root.parent / 'venv'} {sys.version_info[:2]}\n"


async def test_pip_comes_at_its_first_use_even_when_two_ask_at_once(node: Node) -> None:
    versions = await asyncio.gather(node.output_of("pip --version"), node.output_of("python3 -m pip --version"))
    site_packages = str(node.root.parent / "venv")
    assert all(version.startswith("pip ") and site_packages in version for version in versions)
    assert await node.output_of("pip3 --version") == versions[0]
    known = await node.output_of("python3 -c 'import importlib.metadata as known; print(known.version(\"pip\"))'")
    assert known.strip() == versions[0].split()[1], "it is installed, not only there"


async def test_ffmpeg_is_there_if_the_sandbox_has_one(node: Node) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.importorskip("imageio_ffmpeg")
    assert (await node.output_of("ffmpeg -version")).startswith("ffmpeg version")
    assert os.access(node.root.parent / "bin", os.X_OK)
