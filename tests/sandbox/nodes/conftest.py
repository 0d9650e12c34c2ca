"""A node with its agent, and a container for its files."""

from __future__ import annotations

import itertools
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
