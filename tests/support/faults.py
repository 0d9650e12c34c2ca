"""Faults on the wire of a running test sandbox: enumerate the requests of a clean run, then let each of them fail.

    with sandbox_at(folder, allow_faults=True) as sandbox:
        keys = enumerate_keys(sandbox, run, names={run_id: "{run}"})
        for key in keys:
            for kind in FaultKind:
                with with_fault(sandbox, key, kind, names={other_run_id: "{run}"}) as fault:
                    run(...)
                assert fault.was_met()

A plan is put by one request and takes effect with the next one; putting one starts counting and logging afresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from tests.support.sandbox import RunningSandbox
from tui.sandbox import admin
from tui.sandbox.simulation.faults import Fault, FaultKind, Seen
from tui.sandbox.simulation.request_keys import RequestKey

__all__ = ["Fault", "FaultKind", "FaultPlan", "RequestKey", "Seen", "enumerate_keys", "with_fault"]

_PATH = "/sandbox/faults"


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """The plan in force in one sandbox that was started with `allow_faults`."""

    sandbox: RunningSandbox

    def put(self, *faults: Fault, names: Mapping[str, str] | None = None, seed: int = 0) -> None:
        """Replace the plan; `names` maps ids that differ from run to run to what stands for them in targets."""
        wire = {"faults": [asdict(fault) for fault in faults], "names": dict(names or {}), "seed": seed}
        admin.ask(self.sandbox.state_dir, "PUT", _PATH, wire)

    def clear(self) -> None:
        self.put()

    def log(self) -> tuple[Seen, ...]:
        """Every request since the plan was put, in the order they came."""
        answer = admin.ask(self.sandbox.state_dir, "GET", _PATH)
        return tuple(
            Seen(
                RequestKey(**item["key"]),
                None if item["fault"] is None else FaultKind(item["fault"]),
                item["status"],
                item["quoted"],
            )
            for item in answer["log"]
        )

    def was_met(self) -> bool:
        """Whether a request came that was made to fail."""
        return any(seen.fault is not None for seen in self.log())


def enumerate_keys(
    sandbox: RunningSandbox, run: Callable[[], object], names: Mapping[str, str] | None = None
) -> tuple[RequestKey, ...]:
    """The keys of all requests that `run` makes while nothing fails, in the order they came."""
    plan = FaultPlan(sandbox)
    plan.put(names=names)
    run()
    return tuple(seen.key for seen in plan.log())


@contextmanager
def with_fault(
    sandbox: RunningSandbox,
    key: RequestKey,
    kind: FaultKind,
    names: Mapping[str, str] | None = None,
    *,
    delay_s: float = 60.0,
    retry_after_s: float = 0.0,
    quotes: bool = False,
) -> Iterator[FaultPlan]:
    """The request `key` fails, once, for as long as the context lasts; `delay_s` is how long a time-out withholds.

    A refusal that `quotes` says back what the request proved itself with.
    """
    plan = FaultPlan(sandbox)
    plan.put(Fault.at(key, kind, delay_s=delay_s, retry_after_s=retry_after_s, quotes=quotes), names=names)
    try:
        yield plan
    finally:
        plan.clear()
