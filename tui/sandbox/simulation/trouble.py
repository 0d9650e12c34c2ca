"""A bad day of the service on demand: slow and throttled answers, quotas, start tasks that fail, preemption.

For training and tests. Nothing of it is stored: a sandbox that starts again is well.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tui.sandbox.batch.errors import invalid_property
from tui.sandbox.batch.records import NodeState, Pool, ResizeError, key_of
from tui.sandbox.simulation.outcomes import chance
from tui.sandbox.simulation.recipe import MAX_NODES, Wire, number

QUOTA_CODES = ("AccountCoreQuotaReached", "AllocationFailed")
_QUOTA_WORDS = {
    "AccountCoreQuotaReached": "The account may have no more cores: its quota is reached",
    "AllocationFailed": "The region has no room for more nodes of this size now",
}
_LONGEST_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong; the first half concerns requests to both services, the second one pools."""

    latency_ms: float = 0.0
    """Added to each answer."""
    throttled: float = 0.0
    """Share of the requests that are refused."""
    throttle_status: int = 429
    retry_after_s: float = 2.0
    slow_pages_ms: float = 0.0
    """Added to each page of a list."""
    quota_nodes: int | None = None
    """A pool gets no more nodes than this."""
    quota_code: str = QUOTA_CODES[0]
    start_task_failures: float = 0.0
    """Share of the nodes starting from now on whose start task fails; a pool without one has none to fail."""
    preemptions_per_minute: float = 0.0
    """Of Spot nodes, in each pool."""
    back_after_s: float = 10.0
    """A preempted node starts again after this."""
    never_steady: bool = False
    """A resize under way does not end."""

    def changed_by(self, body: Wire) -> Trouble:
        """With what a request names; raises InvalidPropertyValue."""
        given: dict[str, Any] = {}
        for name, (high, is_whole) in _NUMBERS.items():
            if body.get(name) is not None:
                value = number(body, name, 0, 0, high)
                given[name] = int(value) if is_whole else value
        if "throttle_status" in given and given["throttle_status"] not in (429, 503):
            raise invalid_property("throttle_status", given["throttle_status"], "429 and 503 say so.")
        if "quota_code" in body:
            if body["quota_code"] not in QUOTA_CODES:
                raise invalid_property("quota_code", body["quota_code"], f"One of {', '.join(QUOTA_CODES)}.")
            given["quota_code"] = body["quota_code"]
        if "never_steady" in body:
            given["never_steady"] = body["never_steady"] is True
        return replace(self, **given)

    def to_wire(self) -> Wire:
        """What differs from a good day."""
        well = Trouble()
        return {name: value for name, value in asdict(self).items() if value != getattr(well, name)}


_NUMBERS: dict[str, tuple[float, bool]] = {
    "latency_ms": (_LONGEST_S * 1_000, False),
    "throttled": (1.0, False),
    "throttle_status": (599, True),
    "retry_after_s": (_LONGEST_S, False),
    "slow_pages_ms": (_LONGEST_S * 1_000, False),
    "quota_nodes": (MAX_NODES, True),
    "start_task_failures": (1.0, False),
    "preemptions_per_minute": (60_000.0, False),
    "back_after_s": (_LONGEST_S, False),
}
"""Upper bounds, and whether it is a whole number."""

_OF_REQUESTS = {"latency_ms", "throttled", "throttle_status", "retry_after_s", "slow_pages_ms"}
KNOWN = {field.name for field in fields(Trouble)} | {"pool"}


class TroubleDesk:
    """The trouble in force, for everything and for single pools; grants nodes to pools accordingly."""

    def __init__(self) -> None:
        self.everywhere = Trouble()
        self.pools: dict[str, Trouble] = {}
        """By the pool's key; what stands here counts for the pool instead."""
        self._changed = asyncio.Event()

    def of(self, pool_id: str) -> Trouble:
        return self.pools.get(key_of(pool_id), self.everywhere)

    def change(self, body: Wire) -> None:
        """Change what a request names; raises InvalidPropertyValue."""
        for name in body:
            if name not in KNOWN:
                raise invalid_property(name, "", f"There is no such trouble; there are {', '.join(sorted(KNOWN))}.")
        pool_id = body.get("pool")
        if pool_id:
            for name in body.keys() & _OF_REQUESTS:
                raise invalid_property(name, "", "This trouble is no single pool's.")
            self.pools[key_of(str(pool_id))] = self.of(str(pool_id)).changed_by(body)
        else:
            self.everywhere = self.everywhere.changed_by(body)
        self._tell()

    def clear(self) -> None:
        self.everywhere, self.pools = Trouble(), {}
        self._tell()

    def to_wire(self) -> Wire:
        return {
            "everywhere": self.everywhere.to_wire(),
            "pools": {pool: trouble.to_wire() for pool, trouble in self.pools.items()},
        }

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def preempts(self) -> bool:
        """Whether any pool, or one that is still to come, loses nodes."""
        return any(trouble.preemptions_per_minute for trouble in (self.everywhere, *self.pools.values()))

    # what pools ask

    def granted(self, pool: Pool, wanted: int) -> tuple[int, ResizeError | None]:
        trouble = self.of(pool.id)
        if trouble.quota_nodes is None:
            return wanted, None
        there = sum(node.state is not NodeState.LEAVING_POOL for node in pool.nodes.values())
        granted = min(wanted, max(0, trouble.quota_nodes - there))
        if granted == wanted:
            return wanted, None
        return granted, ResizeError(trouble.quota_code, _QUOTA_WORDS[trouble.quota_code])

    async def steadied(self, pool: Pool) -> None:
        while self.of(pool.id).never_steady:
            await self._changed.wait()

    def start_task_fails(self, pool_id: str, node_id: str) -> bool:
        share = self.of(pool_id).start_task_failures
        return share > 0 and chance(pool_id, node_id) < share
