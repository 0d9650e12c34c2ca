"""What the Batch service needs from outside: the nodes that run tasks, and a place that keeps its records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tui.sandbox.nodes.records import TaskLaunch, TaskOutcome

if TYPE_CHECKING:
    from tui.sandbox.batch.records import Pool, ResizeError


class AgentLost(Exception):
    """The node's agent is gone; what it ran has ended and left no outcome."""


class NodeAgent(Protocol):
    """Runs attempts on one node."""

    async def run(self, launch: TaskLaunch) -> TaskOutcome:
        """Fetch resource files, run the command, upload output files; returns when all is over.

        Raises `AgentLost` when the agent ends before the attempt did.
        """
        ...

    def terminate(self, key: str) -> None:
        """End that attempt's process group; its `run` returns. Nothing happens for an unknown key."""
        ...

    async def close(self) -> None:
        """End everything on the node."""
        ...


class NodeHost(Protocol):
    """Makes nodes on this machine."""

    async def create(self, pool_id: str, node_id: str) -> NodeAgent:
        """Make what is missing of the node's directories and start its agent.

        Called again for a node that exists, after a reboot or a restart of the service: its files stay.
        Raises OSError when the node cannot be made.
        """
        ...

    async def remove(self, pool_id: str, node_id: str) -> None:
        """Delete the node's directory; no error where there is none."""
        ...

    def root(self, pool_id: str, node_id: str) -> Path:
        """`AZ_BATCH_NODE_ROOT_DIR` of the node, made or not."""
        ...


class Limits(Protocol):
    """What an account may have, and how long it takes."""

    def granted(self, pool: Pool, wanted: int) -> tuple[int, ResizeError | None]:
        """How many of `wanted` further nodes the pool gets now, and why it gets no more."""
        ...

    async def steadied(self, pool: Pool) -> None:
        """Return once the pool's resize may end."""
        ...
