"""What the user interface is given: Protocols and values, filled in by the wiring, or by a test with fakes.

Nothing here knows how a service is reached. Calls that block say so; the interface makes them through `run_blocking`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, runtime_checkable

from tui.ui.blocking import run_in_daemon_thread

if TYPE_CHECKING:
    from tui.core.bulk import TaskOutcome
    from tui.core.events import Notice, RunEvent, RunSummary
    from tui.core.plan import RunPlan
    from tui.core.ports import StopSignal
    from tui.core.preflight import Finding
    from tui.core.records import ImageInfo, JobRecord, PoolRecord
    from tui.core.rerun import RetryGround
    from tui.core.run_draft import LastChoices
    from tui.core.task_changes import TaskGround
    from tui.core.task_reading import TaskAction
    from tui.core.view_columns import ColumnChoice
    from tui.core.waiting import Situation
    from tui.ui.account_services import AccessServices
    from tui.ui.input_services import InputServices

ResultT = TypeVar("ResultT")


class RunSession(Protocol):
    """One run under way, on the engine's own threads."""

    def start(self) -> None:
        """Returns at once."""
        ...

    def take(self, timeout_s: float) -> list[RunEvent]:
        """What happened since the last call; waits at most so long for something to."""
        ...

    def stop(self) -> None:
        """Asks the run to stop at a named step; returns at once."""
        ...

    @property
    def summary(self) -> RunSummary | None:
        """How it ended, once it has."""
        ...

    @property
    def error(self) -> BaseException | None:
        """What ended it, where something did."""
        ...


@runtime_checkable
class PausableSession(RunSession, Protocol):
    """A session whose polling a person may pause; the run itself goes on."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def refresh_now(self) -> None:
        """One look at everything as soon as none is under way, also while paused."""
        ...


@dataclass(frozen=True, slots=True)
class LogSource:
    """Whose output: a task's, or the start task's of a node."""

    owner: Literal["task", "start task"]
    id: str
    """Task id or node id."""
    stream: Literal["stdout", "stderr"]

    @property
    def file_name(self) -> str:
        return f"{self.stream}.txt"


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of a log as it is, bytes and all."""

    content: bytes
    offset: int
    """Of the first byte, in the whole log."""
    size_bytes: int
    """Of the whole log, as far as it is known to go."""
    origin: str
    """Where it was read, in words: `node`, `output container`."""
    version: str = ""
    """Another one where the log has changed; empty where there is no telling."""


class LogReader(Protocol):
    """Reads output by byte range, from the node while it lives and from where it was stored afterwards."""

    def read(self, source: LogSource, offset: int | None, limit_bytes: int, *, unless_version: str = "") -> LogChunk:
        """At most `limit_bytes` from `offset`, or the last ones without it; none where it is `unless_version`.

        Blocks; raises `core.errors`.
        """
        ...


class JobDesk(Protocol):
    """What may be asked of a run's job. Every method blocks and raises `core.errors`."""

    def read_job(self) -> JobRecord | None:
        """None where it is gone."""
        ...

    def read_ground(self) -> RetryGround:
        """What a new run of some of its inputs could rest on."""
        ...

    def look(self) -> Situation:
        """Everything that decides whether tasks run, read now."""
        ...

    def read_task_ground(self, task_ids: Sequence[str], stop: StopSignal) -> TaskGround:
        """What decides what may be done with these tasks, and what is lost with them."""
        ...

    def change_tasks(
        self,
        action: TaskAction,
        task_ids: Sequence[str],
        stop: StopSignal,
        tell: Callable[[TaskOutcome | Notice], object],
    ) -> None:
        """Ends, reactivates or deletes exactly these; `tell` hears from engine threads what becomes of each.

        Once `stop` is set it ends what is under way, begins no more, and raises Interrupted.
        """
        ...


class ViewStore(Protocol):
    """What a person chose of how things look, from one start to the next; returns at once, never fails."""

    def columns(self, view: str) -> tuple[ColumnChoice, ...]:
        """Empty where nothing was chosen."""
        ...

    def remember_columns(self, view: str, choice: Sequence[ColumnChoice]) -> None: ...


class Clock(Protocol):
    def now_s(self) -> float:
        """Unix seconds."""
        ...


class RunBlocking(Protocol):
    """Makes a blocking call without blocking the interface, nor its exit."""

    def __call__(self, function: Callable[[], ResultT], /) -> Awaitable[ResultT]: ...


@dataclass(frozen=True, slots=True)
class AccountLabel:
    """The account in use, as the title line names it."""

    name: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class AppServices:
    """Everything the interface reaches beyond itself."""

    account: AccountLabel
    clock: Clock
    start_run: Callable[[RunPlan], RunSession]
    """A session that has not been started; cheap, does no I/O."""
    log_reader: Callable[[RunPlan], LogReader]
    job_desk: Callable[[RunPlan], JobDesk] | None = None
    """Where the job cannot be asked anything, the keys that would are absent."""
    save_file: Callable[[str, Iterable[str]], int] | None = None
    """Writes a text file whole or not at all, and gives its bytes; blocks, raises LocalError."""
    views: ViewStore | None = None
    """Without it, what is chosen lasts as long as the screen."""
    access: AccessServices | None = None
    """Without it, nobody is asked for credentials again: what was refused stays so."""
    run_blocking: RunBlocking = field(default=run_in_daemon_thread)


class RunPreflight(Protocol):
    """Looks at everything a plan rests on, before anything is created."""

    def __call__(self, plan: RunPlan, stop: StopSignal, report: Callable[[Finding], object], /) -> object:
        """Blocks until every item is settled or `stop` is set (Interrupted); tells each from the calling thread."""
        ...


def _inputs_of_this_machine() -> InputServices:
    from tui.ui.input_services import InputServices  # reads folders, which nothing does before a run is planned

    return InputServices()


@dataclass(frozen=True, slots=True)
class NewRunServices:
    """What the new run screen reaches beyond `AppServices`; the calls block and raise `core.errors`."""

    list_pools: Callable[[], tuple[PoolRecord, ...]]
    list_images: Callable[[], tuple[ImageInfo, ...]]
    run_preflight: RunPreflight
    on_sandbox: bool
    """Whether tasks run on this machine: their programs must be here, and nodes cost nothing."""
    remember_choices: Callable[[LastChoices], object] = lambda _: None
    """Called when a run starts, for the next one to begin with; returns at once."""
    inputs: InputServices = field(default_factory=_inputs_of_this_machine)
    """What inputs are chosen with."""
