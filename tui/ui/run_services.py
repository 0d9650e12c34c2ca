"""What the screens of past and present runs are given: Protocols, filled in by the wiring, or by a test with fakes.

Every method but `start` and `open` blocks and raises only `core.errors`; screens call them through `run_blocking`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui.core.deletion import DeletionResult, Remains, ResourceKind
    from tui.core.download_choice import ConflictPolicy, DownloadChoice, DownloadList, DownloadReport, WantedFile
    from tui.core.plan import RunPlan
    from tui.core.ports import Publish, StopSignal
    from tui.core.run_draft import RunDraft
    from tui.core.run_line import RunLine
    from tui.core.task_reading import TaskAction, TaskReading
    from tui.ui.account_services import AccountsService
    from tui.ui.services import AppServices, NewRunServices, RunSession


class RunsService(Protocol):
    """The runs of this machine, whatever account they belong to."""

    def list_runs(self) -> tuple[tuple[RunLine, ...], tuple[str, ...]]:
        """All runs from their journals, newest first, and why some cannot be read."""
        ...

    def line(self, run_id: str) -> RunLine: ...

    def glance(self, run_id: str, stop: StopSignal) -> Remains:
        """What exists and what the tasks do; starts nothing."""
        ...

    def remains(self, run_id: str, stop: StopSignal) -> Remains:
        """The same with what a deletion would lose."""
        ...

    def delete(
        self,
        run_id: str,
        resources: Collection[tuple[ResourceKind, str]],
        stop: StopSignal,
        report: Callable[[DeletionResult], None],
    ) -> tuple[DeletionResult, ...]:
        """`report` is called from the calling thread, at every change."""
        ...

    def release_nodes(self, run_id: str, stop: StopSignal) -> None:
        """Resizes the run's own pool to 0."""
        ...

    def list_download(self, run_id: str, choice: DownloadChoice, stop: StopSignal) -> DownloadList: ...

    def fetch(
        self,
        run_id: str,
        files: Sequence[WantedFile],
        destination: str,
        policy: ConflictPolicy,
        policies: Mapping[str, ConflictPolicy],
        stop: StopSignal,
        publish: Publish,
    ) -> DownloadReport:
        """`publish` is called from the calling thread."""
        ...

    def read_task(self, plan: RunPlan, task_id: str) -> TaskReading: ...

    def act_on_task(self, plan: RunPlan, task_id: str, action: TaskAction) -> None: ...

    def start(self, plan: RunPlan) -> RunSession:
        """A session that drives the run, from its beginning or from where its journal ends."""
        ...

    def watch(self, plan: RunPlan) -> RunSession:
        """A session that only looks: another process drives the run, or nothing may be changed."""
        ...

    def revisit(self, plan: RunPlan) -> RunSession:
        """A session that shows an ended run again."""
        ...


@dataclass(frozen=True, slots=True)
class HomeServices:
    """What Home reaches beyond `AppServices`."""

    runs: RunsService
    accounts: AccountsService
    services_of: Callable[[str], AppServices]
    """The services on the account of this name; cheap, asks nothing of anybody."""
    new_run: Callable[[str], tuple[NewRunServices, RunDraft]]
    """What a new run on the account of this name begins with; cheap."""
    forget: Callable[[str], object] = lambda _: None
    """Called when an account was set up or changed: it is opened anew when it is needed next."""
