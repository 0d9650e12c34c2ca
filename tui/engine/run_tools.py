"""What acts on a run outside its execution is given: the account's services, the clock, the journals, and patience."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tui.core.errors import LocalError
from tui.core.events import RunEvent
from tui.core.plan import RunPlan
from tui.core.ports import BatchPort, ClockPort, Publish, StopSignal, StoragePort
from tui.engine.context import RunContext
from tui.engine.journal import Journal, JournalFolder
from tui.engine.patience import Patience
from tui.engine.retrying import Retrier
from tui.engine.signing import RunSigner


@dataclass(frozen=True, slots=True)
class RunTools:
    """One account and this machine's journals."""

    batch: BatchPort
    storage: StoragePort
    clock: ClockPort
    journals: JournalFolder
    patience: Patience = Patience()  # noqa: RUF009  # frozen

    def context(self, plan: RunPlan, journal: Journal, stop: StopSignal, publish: Publish) -> RunContext:
        """A context that makes nothing: it finds, deletes and journals."""
        return RunContext(
            plan=plan,
            batch=self.batch,
            storage=self.storage,
            clock=self.clock,
            journal=journal,
            node_script=_no_script,
            sign=RunSigner(self.storage, self.clock, plan),
            stop=stop,
            publish=publish,
            patience=self.patience,
            retry=self.retrier(stop, publish),
        )

    def retrier(self, stop: StopSignal, publish: Publish) -> Retrier:
        return Retrier(self.clock, stop, publish, self.patience.step_s)


def tell_nobody(_: RunEvent) -> None:
    """A `Publish` for whoever only waits for the result."""


def _no_script(name: str) -> Path:
    raise LocalError("Nothing is made here that needs a node script", name)
