"""The machine the sandbox's nodes live on: makes each node's directories and starts its agent."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from tui.sandbox import folders
from tui.sandbox.nodes.client import AgentClient
from tui.sandbox.nodes.furnish import furnish
from tui.sandbox.nodes.layout import NodeLayout
from tui.sandbox.nodes.sweep import end_processes_below


class LocalNodeHost:
    """Nodes as directories below one folder."""

    def __init__(self, nodes_dir: Path) -> None:
        # Resolved once: a task's own view of its path (getcwd) then equals what the service tells it. The last step is
        # not, or a link that a task put there would be the nodes' folder from the next start on.
        self._nodes_dir = nodes_dir.parent.resolve() / nodes_dir.name

    def end_leftovers(self) -> None:
        """End what a sandbox that was killed left running, so that nothing runs beside its requeued self."""
        end_processes_below(self._nodes_dir)

    def root(self, pool_id: str, node_id: str) -> Path:
        """AZ_BATCH_NODE_ROOT_DIR of the node, whether it exists yet or not."""
        return self._layout(pool_id, node_id).root

    async def create(self, pool_id: str, node_id: str) -> AgentClient:
        """The node's directories, made anew or found again with what they hold, and its agent."""
        layout = self._layout(pool_id, node_id)
        client = AgentClient(layout)
        await asyncio.gather(asyncio.to_thread(furnish, layout), client.start())
        return client

    async def remove(self, pool_id: str, node_id: str) -> None:
        """End what runs on the node and delete all it holds."""
        await asyncio.to_thread(self._remove, self._layout(pool_id, node_id))

    def _layout(self, pool_id: str, node_id: str) -> NodeLayout:
        return NodeLayout.of(self._nodes_dir, pool_id, node_id)

    def _remove(self, layout: NodeLayout) -> None:
        if os.path.lexists(layout.base):
            end_processes_below(layout.base)
            with contextlib.suppress(OSError):
                folders.remove(layout.base)
