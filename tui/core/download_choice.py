"""Which of a run's blobs a person wants, where they go, and what happens where a file is in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Literal

from tui.core.errors import AccessRefused
from tui.core.paths import MappedName
from tui.core.plan import LOG_PREFIX, RunPlan
from tui.core.records import BlobRecord
from tui.core.run_description import MANIFEST_BLOB

ConflictPolicy = Literal["rename", "skip", "overwrite", "newer"]
"""What to do where a different file has the name: put it beside, leave it, replace it, replace it if it is older."""

Policy = ConflictPolicy | Literal["ask"]
Selection = Literal["all", "succeeded", "marked"]


@dataclass(frozen=True, slots=True)
class DownloadChoice:
    """What to download of a run, and where to."""

    destination: str
    """Absolute folder."""
    selection: Selection = "all"
    task_ids: frozenset[str] = frozenset()
    """The marked tasks."""
    with_logs: bool = False
    """Also stdout and stderr of the chosen tasks."""


@dataclass(frozen=True, slots=True)
class FileInTheWay:
    """A different file that has a download's name."""

    size_bytes: int
    modified_s: float


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One blob, the file it becomes, and what is in its way."""

    container: str
    blob: BlobRecord
    path: str
    in_the_way: FileInTheWay | None = None
    mapped: MappedName | None = None
    """How the blob's name became the file's, where a list of the run made it."""


@dataclass(frozen=True, slots=True)
class DownloadList:
    """Everything a choice comes to, before anything is fetched."""

    choice: DownloadChoice
    files: tuple[WantedFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.blob.size_bytes for file in self.files)

    @property
    def conflicts(self) -> tuple[WantedFile, ...]:
        return tuple(file for file in self.files if file.in_the_way is not None)


FileEnd = Literal["downloaded", "there already", "kept", "failed", "left"]


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file."""

    file: WantedFile
    end: FileEnd
    path: str = ""
    """Where it lies now; elsewhere than wished where a file was in the way."""
    detail: str = ""
    """Why not."""
    exit_code: int = 0
    """Of the error, where it failed."""


@dataclass(frozen=True, slots=True)
class DownloadReport:
    """How a download ended."""

    destination: str
    results: tuple[FileResult, ...]
    stopped_by: str = ""
    """What ended it before its end, in words."""
    exit_code: int = 0
    refusal: AccessRefused | None = None
    """What ended it, where the account was refused: what is left can be fetched once it is accepted."""

    def ended(self, *ends: FileEnd) -> tuple[FileResult, ...]:
        return tuple(result for result in self.results if result.end in ends)

    @property
    def moved_bytes(self) -> int:
        return sum(result.file.blob.size_bytes for result in self.ended("downloaded"))

    @property
    def to_retry(self) -> tuple[WantedFile, ...]:
        return tuple(result.file for result in self.ended("failed", "left"))

    def gone_on_with(self, later: DownloadReport) -> DownloadReport:
        """The whole of a download whose rest was fetched `later`; it ended as that did."""
        newer = {result.file.blob.name: result for result in later.results}
        return replace(later, results=tuple(newer.get(result.file.blob.name, result) for result in self.results))


def selected(
    blobs: Iterable[BlobRecord], plan: RunPlan, choice: DownloadChoice, succeeded: Set[str]
) -> tuple[BlobRecord, ...]:
    """The blobs of the output container that `choice` means, by name; `succeeded` are ids of tasks."""
    task_of_output = outputs_of(plan)
    wanted = {"all": None, "succeeded": succeeded, "marked": choice.task_ids}[choice.selection]

    def is_wanted(blob: BlobRecord) -> bool:
        is_log = blob.name.startswith(LOG_PREFIX)
        if blob.name == MANIFEST_BLOB or (is_log and not choice.with_logs):
            return False
        task_id = log_owner(blob.name) if is_log else task_of_output.get(blob.name)
        return wanted is None or task_id in wanted

    return tuple(sorted(filter(is_wanted, blobs), key=lambda blob: blob.name))


def outputs_of(plan: RunPlan) -> Mapping[str, str]:
    """The id of the task that writes it, by the name of each output."""
    return {plan.output_name(item): plan.task_id(index) for index, item in enumerate(plan.inputs)}


def log_owner(blob_name: str) -> str:
    """The task whose log a blob below the log folder is."""
    return blob_name.removeprefix(LOG_PREFIX).partition("/")[0]
