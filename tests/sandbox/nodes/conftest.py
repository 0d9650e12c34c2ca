"""A node with its agent, and a container for its files."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from tests.sandbox.nodes.blob_server import Container, serve_container
from tui.sandbox.nodes.client import AgentClient
from tui.sandbox.nodes.host import LocalNodeHost
from tui.sandbox.nodes.records import OutputFile, ResourceFile, TaskLaunch, TaskOutcome

_LIMIT_S = 15


class Witness:
    """A pipe in the file system that a task's processes hold open: its end is the end of the last of them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "witness"
        os.mkfifo(self.path)
        self._read_end = os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
        self._write_end = os.open(self.path, os.O_WRONLY)
        """Ours, or the pipe would be at its end before the task opens it."""
        self._reader = asyncio.StreamReader()
        self._transport: asyncio.ReadTransport | None = None

    def command(self, script: str) -> str:
        return f"/bin/sh -c \"exec 3>'{self.path}'; {script}\""

    async def opened(self) -> None:
        """Wait until the task says it is up."""
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), self._read_end
        )
        assert await asyncio.wait_for(self._reader.readline(), _LIMIT_S) == b"up\n"
        os.close(self._write_end)

    async def closed(self) -> None:
        """Wait until no process is left."""
        assert await asyncio.wait_for(self._reader.read(), _LIMIT_S) == b""

    def is_held(self) -> bool:
        """Whether a process still has it open."""
        return not self._reader.at_eof()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@dataclass
class Node:
    """One node and short ways to use it."""

    host: LocalNodeHost
    agent: AgentClient
    root: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def launch(
        self,
        command_line: str,
        *,
        resource_files: tuple[ResourceFile, ...] = (),
        output_files: tuple[OutputFile, ...] = (),
        environment: dict[str, str] | None = None,
        max_wall_clock_s: float | None = None,
        keep_working_directory: bool = False,
        directory: Path | None = None,
    ) -> TaskLaunch:
        key = f"task-{next(self._numbers)}"
        directory = directory or self.root / "workitems" / "job" / "job-1" / key
        return TaskLaunch(
            key=key,
            directory=directory,
            command_line=command_line,
            environment={
                "AZ_BATCH_NODE_ROOT_DIR": str(self.root),
                "AZ_BATCH_TASK_DIR": str(directory),
                "AZ_BATCH_TASK_WORKING_DIR": str(directory / "wd"),
                **(environment or {}),
            },
            resource_files=resource_files,
            output_files=output_files,
            max_wall_clock_s=max_wall_clock_s,
            keep_working_directory=keep_working_directory,
        )

    async def run(self, launch: TaskLaunch) -> TaskOutcome:
        return await self.agent.run(launch)

    async def output_of(self, command_line: str) -> str:
        """What a command that succeeds prints."""
        launch = self.launch(command_line)
        outcome = await self.run(launch)
        assert outcome.succeeded, (outcome, (launch.directory / "stderr.txt").read_text())
        return (launch.directory / "stdout.txt").read_text()


@asynccontextmanager
async def _node_below(folder: Path) -> AsyncIterator[Node]:
    host = LocalNodeHost(folder)
    agent = await host.create("pool", "node-1")
    yield Node(host, agent, host.root("pool", "node-1"))
    await agent.close()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A node that a test may treat as it likes."""
    async with _node_below(tmp_path / "nodes") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """A node of a module's tests, which keep apart by their tasks' directories and share its event loop."""
    async with _node_below(tmp_path_factory.mktemp("shared") / "nodes") as made:
        yield made


@pytest.fixture
def container() -> Iterator[Container]:
    with serve_container() as served:
        yield served


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[Witness]:
    made = Witness(tmp_path)
    yield made
    made.close()
