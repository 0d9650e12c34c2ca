"""A sandbox of its own for a measurement, and the engine's steps on it as a run takes them."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.blob import BlobServiceClient

from tui import bundled
from tui.core.accounts import Account, account_of_environment
from tui.core.events import RunEvent
from tui.core.plan import RunPlan
from tui.core.ports import BatchPort, StoragePort
from tui.engine.clock import SystemClock
from tui.engine.context import RunContext
from tui.engine.journal import JournalFolder
from tui.engine.patience import Patience
from tui.engine.retrying import Retrier
from tui.engine.signing import RunSigner
from tui.gateways.connect import open_batch, open_storage
from tui.sandbox import control

NETWORK_MS = 20.0
"""Added to each answer: a network."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A running sandbox, reached by our gateways and by the SDK as the tutorials use it."""

    folder: Path
    account: Account
    connection_string: str
    batch: BatchPort
    storage: StoragePort

    @contextmanager
    def context(self, plan: RunPlan) -> Iterator[RunContext]:
        """What a step of `plan`'s run is handed; the journal is a real one."""
        clock, stop, patience = SystemClock(), threading.Event(), Patience()
        with JournalFolder(self.folder / "runs", clock).open(plan) as journal:
            yield RunContext(
                plan=plan,
                batch=self.batch,
                storage=self.storage,
                clock=clock,
                journal=journal,
                node_script=bundled.node_script,
                sign=RunSigner(self.storage, clock, plan),
                stop=stop,
                publish=_drop,
                patience=patience,
                retry=Retrier(clock, stop, _drop, patience.step_s),
            )

    def sdk_blobs(self) -> BlobServiceClient:
        """The client as the tutorial makes it: nothing but the account."""
        return BlobServiceClient.from_connection_string(self.connection_string)

    def sdk_batch(self) -> BatchClient:
        credential = AzureNamedKeyCredential(self.account.batch_account, self.account.batch_key.reveal())
        return BatchClient(self.account.batch_endpoint, credential)


def _drop(_event: RunEvent) -> None:
    return


@contextmanager
def bench(latency_ms: float = 0.0) -> Iterator[Bench]:
    """A fresh sandbox, gone afterwards with everything in it."""
    with tempfile.TemporaryDirectory(prefix="batch-tui-perf-") as name:
        folder = Path(name)
        state = folder / "sandbox"
        control.up(state, latency_ms=latency_ms)
        try:
            environment = control.endpoint_environment(state)
            account = account_of_environment(environment)
            assert account is not None
            batch, storage = open_batch(account), open_storage(account)
            yield Bench(folder, account, environment["AZURE_STORAGE_CONNECTION_STRING"], batch, storage)
            batch.close()
            storage.close()
        finally:
            control.down(state)
