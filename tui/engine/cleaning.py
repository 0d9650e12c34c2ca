"""Deletes what an earlier run left, as its journal knows it; only what that run made, and journaled like the run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tui.core.errors import LocalError
from tui.core.events import Leftover
from tui.core.plan import DELETE_PARTS, RunPlan
from tui.core.ports import BatchPort, ClockPort, Publish, StopSignal, StoragePort
from tui.engine.context import RunContext
from tui.engine.journal import JournalFolder
from tui.engine.retrying import Patience, Retrier
from tui.engine.signing import RunSigner
from tui.engine.steps import clean_up


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Deletes on one account."""

    batch: BatchPort
    storage: StoragePort
    clock: ClockPort
    journals: JournalFolder
    patience: Patience = Patience()  # noqa: RUF009  # frozen

    def clean(self, plan: RunPlan, stop: StopSignal, publish: Publish) -> tuple[Leftover, ...]:
        """Deletes job, pool and containers of `plan`'s run; gives what is still on its way out.

        LocalError while a process drives the run.
        """
        everything = replace(plan, delete_after=frozenset(DELETE_PARTS))
        with self.journals.open(plan) as journal:
            clean_up.run(
                RunContext(
                    plan=everything,
                    batch=self.batch,
                    storage=self.storage,
                    clock=self.clock,
                    journal=journal,
                    node_script=_no_script,
                    sign=RunSigner(self.storage, self.clock, plan),
                    stop=stop,
                    publish=publish,
                    patience=self.patience,
                    retry=Retrier(self.clock, stop, publish, self.patience.step_s),
                )
            )
            return journal.record.leftovers


def _no_script(name: str) -> Path:
    raise LocalError("A deletion needs no node script", name)
