"""What every step of a run is handed: the plan, the world through its ports, and where to tell what happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tui.core.deletion import ResourceKind
from tui.core.errors import AccessRefused, AlreadyExists, RunFailed
from tui.core.events import Notice, Step, StepChanged, StepState
from tui.core.plan import RunPlan
from tui.core.ports import BatchPort, ClockPort, Publish, StopSignal, StoragePort
from tui.core.redaction import redact
from tui.core.specs import Signer
from tui.engine.journal import Journal
from tui.engine.patience import Patience
from tui.engine.poller import PollControl
from tui.engine.resources import metadata_of, start_deletion
from tui.engine.retrying import Retrier
from tui.engine.run_record import FileMoved, ResourceState


@dataclass(frozen=True, slots=True)
class RunContext:
    """One execution of one run. Steps share nothing else; what must last is in the journal."""

    plan: RunPlan
    batch: BatchPort
    storage: StoragePort
    clock: ClockPort
    journal: Journal
    node_script: Callable[[str], Path]
    """The local file of a node script, by its name."""
    sign: Signer
    stop: StopSignal
    publish: Publish
    patience: Patience
    retry: Retrier
    control: PollControl = field(default_factory=PollControl)
    """What a person may ask of the watching."""

    def tell(self, text: str, *, is_warning: bool = False) -> None:
        """Something a person should know: on screen and in the journal."""
        text = redact(text)
        self.journal.note(text)
        self.publish(Notice(text, is_warning))

    def show_step(self, step: Step, state: StepState, summary: str = "") -> None:
        self.publish(StepChanged(step, state, self.clock.now_s(), redact(summary)))

    def note_moved(self, moved: FileMoved) -> None:
        """Journals one file, unless the journal has it already."""
        if self.journal.record.files_moved.get((moved.direction, moved.name)) != moved:
            self.journal.transferred(moved)

    def check_ours(self, kind: ResourceKind, name: str, metadata: Mapping[str, str]) -> None:
        """RunFailed where what bears our name was made by someone else."""
        if not self.plan.made(metadata):
            raise RunFailed(
                f"The {kind} exists already",
                f"{kind} {name} was not made by this run",
                "nothing of it was touched; start a run under another name",
            )

    def find(self, kind: ResourceKind, name: str) -> Mapping[str, str] | None:
        """The metadata of a resource, or None where there is none."""
        return metadata_of(self.batch, self.storage, kind, name)

    def make(self, kind: ResourceKind, name: str, create: Callable[[], None]) -> None:
        """Makes a resource, or finds it made by this run; RunFailed where someone else made it.

        It is looked for before each attempt, so that an attempt whose outcome is unknown is settled by looking.
        """
        record = self.journal.record

        def attempt() -> None:
            metadata = self.find(kind, name)
            if metadata is not None:
                self.check_ours(kind, name, metadata)
                return
            if record.resources.get((kind, name)) is not ResourceState.MAKING:
                self.journal.resource(kind, name, ResourceState.MAKING)
            try:
                create()
            except AlreadyExists:
                # An attempt of ours may have been answered by nobody, or someone else was faster: looking tells.
                self.check_ours(kind, name, self.find(kind, name) or {})

        self.retry(f"making the {kind} {name}", attempt)
        if record.resources.get((kind, name)) is not ResourceState.MADE:
            self.journal.resource(kind, name, ResourceState.MADE)

    def delete(self, kind: ResourceKind, name: str) -> None:
        """Starts the deletion of what this run made; fine where it is gone. RunFailed where it is not ours.

        What was refused is not journaled as on its way out, unless an attempt before may have sent it there.
        """
        resources = self.journal.record.resources

        def attempt() -> bool:
            metadata = self.find(kind, name)
            if metadata is None:
                return True
            self.check_ours(kind, name, metadata)
            was_asked = resources.get((kind, name)) is ResourceState.DELETING
            if not was_asked:
                self.journal.resource(kind, name, ResourceState.DELETING)
            try:
                return start_deletion(self.batch, self.storage, kind, name)
            except AccessRefused:
                if not was_asked:
                    self.journal.resource(kind, name, ResourceState.MADE)
                raise

        if self.retry(f"deleting the {kind} {name}", attempt):
            self.journal.resource(kind, name, ResourceState.DELETED)
