"""Runs as the user interface knows them: the engine's desk, with sessions whose end is an error a person can read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tui.core.errors import BatchTuiError, Interrupted, RunFailed
from tui.core.events import Leftover, RunEvent, RunSummary
from tui.core.plan import RunPlan
from tui.core.ports import StopSignal
from tui.engine.poller import PollControl
from tui.engine.run_desk import RunDesk
from tui.engine.session import RunSession


class ShownSession:
    """The engine's session as the interface knows it."""

    def __init__(self, session: RunSession) -> None:
        self._session = session

    def start(self) -> None:
        self._session.start()

    def take(self, timeout_s: float) -> list[RunEvent]:
        return self._session.take(timeout_s)

    def stop(self) -> None:
        self._session.stop()

    def pause(self) -> None:
        self._session.pause()

    def resume(self) -> None:
        self._session.resume()

    def refresh_now(self) -> None:
        self._session.refresh_now()

    def wait(self, timeout_s: float) -> bool:
        """Waits for it to end; True once it has."""
        return self._session.wait(timeout_s)

    @property
    def summary(self) -> RunSummary | None:
        return self._session.summary

    @property
    def error(self) -> BatchTuiError | None:
        problem = self._session.error
        if problem is None or isinstance(problem, BatchTuiError):
            return problem
        return RunFailed("batch-tui itself failed", f"{type(problem).__name__}: {problem}", "the run can be resumed")


@dataclass(frozen=True, slots=True)
class ShownRuns(RunDesk):
    """The desk with its sessions; remembers those that drive a run, for when the program is left."""

    driving: dict[str, ShownSession] = field(default_factory=dict)
    """By the run's id; only the interface's own thread starts runs."""
    released: set[str] = field(default_factory=set)
    """Ids of runs whose pool was resized to 0 while the program ran."""

    def start(self, plan: RunPlan) -> ShownSession:
        control = PollControl()
        session = ShownSession(RunSession(self.running(plan, control), plan.run_id, control))
        self.driving[plan.run_id] = session
        return session

    def release_nodes(self, run_id: str, stop: StopSignal) -> None:
        super(ShownRuns, self).release_nodes(run_id, stop)
        self.released.add(run_id)

    def leftovers(self, run_id: str) -> tuple[Leftover, ...]:
        """What is left of the run now, as its journal and this program know; raises `core.errors`."""
        found = self.line(run_id).leftovers
        if run_id not in self.released:
            return found
        return tuple(
            replace(item, costs=False, note="resized to 0 nodes") if item.kind == "pool" else item for item in found
        )

    def as_it_is_now(self, summary: RunSummary) -> RunSummary:
        """Without what was deleted since; a run whose nodes were given back does not go on by itself."""
        summary = replace(summary, leftovers=self.leftovers(summary.run_id))
        if summary.run_id not in self.released or summary.exit_code != Interrupted.exit_code:
            return summary
        return replace(
            summary,
            outcome="stopped watching: its pool was resized to 0 nodes, so the tasks that are left wait",
            hint=f"they run once the pool has nodes again; then {summary.hint}",
        )

    def watch(self, plan: RunPlan) -> ShownSession:
        control = PollControl()
        return ShownSession(RunSession(self.watching(plan, control), plan.run_id, control))

    def revisit(self, plan: RunPlan) -> ShownSession:
        return ShownSession(RunSession(self.revisiting(plan), plan.run_id))
