"""Watches the nodes of a pool the run did not make for a job preparation task that failed there.

Such a node stays idle and says nothing: only asking how the nodes were prepared tells. It is asked while tasks wait
though a node has had room for them for a while, and never while all is well.
"""

from __future__ import annotations

from tui.core.errors import ServiceError
from tui.core.records import NodePreparation
from tui.engine import reasons
from tui.engine.context import RunContext
from tui.engine.poller import PollView

ASK_EVERY_S = 5.0
"""So long a node must have had room in vain before it is asked why, and so long between two questions."""


class PreparationWatch:
    """What is known of the nodes' preparation; for the thread that polls."""

    def __init__(self, context: RunContext) -> None:
        self.failed: dict[str, NodePreparation] = {}
        """By node id."""
        self._context = context
        self._has_any = context.plan.job_spec().preparation_task is not None
        self._in_vain_since_s: float | None = None

    def look(self, view: PollView) -> None:
        """Brings `failed` up to date where that is due; a question without an answer is asked again later."""
        if not self._has_any or not self._has_room_in_vain(view):
            self._in_vain_since_s = None
            return
        now_s = self._context.clock.monotonic_s()
        if self._in_vain_since_s is None:
            self._in_vain_since_s = now_s
        if now_s - self._in_vain_since_s < ASK_EVERY_S:
            return
        self._in_vain_since_s = now_s
        try:
            found = self._context.batch.list_preparations(self._context.plan.job_id)
        except ServiceError:
            return
        self.failed = {item.node_id: item for item in found if item.has_failed}

    def hopeless(self, view: PollView) -> str:
        """Why no node of the pool will ever run a task of the job; empty while one may."""
        if view.pool is None or not view.pool.is_steady or view.counts.running:
            return ""
        able = [node for node in view.nodes if not node.is_broken]
        if not able or not all(node.takes_tasks and node.id in self.failed for node in able):
            return ""
        return f"the job preparation task failed on every node: {preparation_failure(self.failed[able[0].id])}"

    def _has_room_in_vain(self, view: PollView) -> bool:
        pool = view.pool
        if pool is None or not view.counts.active:
            return False
        return any(node.takes_tasks and node.running_slots < pool.slots_per_node for node in view.nodes)


def preparation_failure(preparation: NodePreparation) -> str:
    """`exit code 1, FailureExitCode: …`."""
    return reasons.failure_text(preparation.exit_code, preparation.failure)
