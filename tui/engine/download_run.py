"""Downloads of a run at any time: listed first, so that a person may decide on conflicts, then fetched and verified.

One file that fails keeps no other back; a service or a disk that refuses everything ends the download, and what was not
tried can be tried again. A refused account ends it too, once what was under way has ended. Where this machine's journal
is free, every file is journaled as by the run itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tui.core.download_choice import (
    ConflictPolicy,
    DownloadChoice,
    DownloadList,
    DownloadReport,
    FileInTheWay,
    FileResult,
    WantedFile,
    selected,
)
from tui.core.errors import (
    AccessRefused,
    BatchTuiError,
    InputError,
    Interrupted,
    LocalError,
    NotFound,
    Throttled,
    Unreachable,
    account_refusal,
)
from tui.core.events import Step
from tui.core.paths import DestinationNames
from tui.core.plan import RunPlan
from tui.core.ports import Publish, StopSignal
from tui.core.records import BlobRecord, TaskStatus
from tui.core.redaction import redact
from tui.engine.downloads import (
    Download,
    DownloadPart,
    check_destination,
    download_all,
    has_content,
)
from tui.engine.local_files import local_error
from tui.engine.parallel import Outcome
from tui.engine.partials import scratch_folder
from tui.engine.progress import Meter
from tui.engine.run_record import Ending, FileMoved, RunRecord
from tui.engine.run_tools import RunTools, tell_nobody
from tui.engine.transfers import PartDone

NoteMoved = Callable[[FileMoved], None]

_ENDS_EVERYTHING = (LocalError, Throttled, Unreachable)
"""What would meet every further file as well."""
_REFUSALS_BORNE = 20
"""Files, one after the other, that the account has no right to read: it has none to the container then."""


def list_download(tools: RunTools, record: RunRecord, choice: DownloadChoice, stop: StopSignal) -> DownloadList:
    """What `choice` comes to. InputError where the destination or the output container cannot be used."""
    destination = Path(choice.destination)
    check_destination(destination)
    plan, retry = record.plan, tools.retrier(stop, tell_nobody)

    def look() -> tuple[BlobRecord, ...]:
        try:
            return tuple(tools.storage.list_blobs(plan.output_container))
        except NotFound as problem:
            raise InputError("Nothing to download", f"container {plan.output_container} is gone") from problem

    blobs = retry(f"looking into {plan.output_container}", look)
    succeeded: frozenset[str] = frozenset()
    if choice.selection == "succeeded":
        succeeded = retry("looking for the tasks that succeeded", lambda: _succeeded(tools, record))
    names = DestinationNames()
    files = []
    for blob in selected(blobs, plan, choice, succeeded):
        mapped = names.assign(blob.name)
        path = destination / mapped.relative_path
        in_the_way = _in_the_way(path, blob)
        files.append(WantedFile(plan.output_container, blob, str(path), in_the_way, mapped))
    return DownloadList(choice, tuple(files))


def _succeeded(tools: RunTools, record: RunRecord) -> frozenset[str]:
    """From the job while it exists, else as the run's end was journaled."""
    plan, outcome = record.plan, record.outcome
    try:
        pages = tools.batch.list_tasks(plan.job_id)
        return frozenset(row.id for page in pages for row in page.rows if row.status is TaskStatus.SUCCEEDED)
    except NotFound as problem:
        if outcome is None or outcome.ending is not Ending.ALL_DONE:
            raise InputError(
                "Which tasks succeeded is not known", f"job {plan.job_id} is gone", "download all of them"
            ) from problem
    return frozenset(map(plan.task_id, range(len(plan.inputs)))) - set(outcome.failed)


def _in_the_way(path: Path, blob: BlobRecord) -> FileInTheWay | None:
    with local_error(path, "read"):
        try:
            found = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if blob.content_md5 and has_content(path, blob.size_bytes, blob.content_md5):
            return None
        return FileInTheWay(found.st_size, found.st_mtime)


def fetch_files(
    tools: RunTools,
    plan: RunPlan,
    files: Sequence[WantedFile],
    destination: str,
    policy: ConflictPolicy,
    stop: StopSignal,
    publish: Publish,
    policies: Mapping[str, ConflictPolicy] | None = None,
) -> DownloadReport:
    """Fetches `files`; `policies` are those of single files, by blob name. Progress goes to `publish`.

    Once `stop` is set, what is not there yet is left, and nothing half.
    """
    fetching = _Fetch(files)
    try:
        with _noting(tools, plan) as (note, owner), scratch_folder(Path(destination), owner) as scratch:
            downloads = [_download(file, policies or {}) for file in files]
            meter = Meter(publish, tools.clock, Step.DOWNLOAD, len(files), total_bytes=fetching.total_bytes)
            retry = tools.retrier(stop, publish)
            for outcome in download_all(tools.storage, retry, stop, downloads, scratch, policy):
                fetching.take(outcome, meter, note, policies or {}, policy)
                if isinstance(outcome.error, _ENDS_EVERYTHING) or fetching.refused_in_a_row > _REFUSALS_BORNE:
                    assert outcome.error is not None
                    raise outcome.error
    except Interrupted:
        return fetching.report(destination, "stopped", Interrupted.exit_code)
    except (AccessRefused, *_ENDS_EVERYTHING) as problem:
        return fetching.report(destination, redact(str(problem)), problem.exit_code)
    if fetching.refusal is not None:
        return fetching.report(destination, redact(str(fetching.refusal)), fetching.refusal.exit_code, fetching.refusal)
    return fetching.report(destination)


def _download(file: WantedFile, policies: Mapping[str, ConflictPolicy]) -> Download:
    return Download(file.container, file.blob, Path(file.path), policies.get(file.blob.name))


@contextmanager
def _noting(tools: RunTools, plan: RunPlan) -> Iterator[tuple[NoteMoved, str]]:
    """Where files are journaled, and the owner of the scratch folder.

    While the run is being driven its journal is not ours: then nothing is journaled, and the scratch folder is another.
    """
    if tools.journals.read(plan.run_id).is_driven:
        yield (lambda _: None), f"{plan.run_id}-{os.getpid()}"
        return
    with tools.journals.open(plan) as journal:
        yield journal.transferred, plan.run_id


class _Fetch:
    """What became of each file so far."""

    def __init__(self, files: Sequence[WantedFile]) -> None:
        self.total_bytes = sum(file.blob.size_bytes for file in files)
        self._files = {file.blob.name: file for file in files}
        self._results: dict[str, FileResult] = {}
        self.refusal: AccessRefused | None = None
        """The first one of the account."""
        self.refused_in_a_row = 0
        """Parts, without one that was fetched in between, that the account has no right to."""

    def take(
        self,
        outcome: Outcome[DownloadPart, PartDone],
        meter: Meter,
        note: NoteMoved,
        policies: Mapping[str, ConflictPolicy],
        policy: ConflictPolicy,
    ) -> None:
        blob, done = outcome.item.download.blob, outcome.result
        file = self._files[blob.name]
        if outcome.error is not None:
            self._fail(file, outcome.error)
        if done is None:
            return
        self.refused_in_a_row = 0
        meter.add(done.completes_file, done.size_bytes)
        if not done.completes_file or blob.name in self._results:
            return
        protects = policies.get(blob.name, policy) in ("skip", "newer")
        if done.was_there and protects and file.in_the_way is not None and done.path == file.path:
            self._results[blob.name] = FileResult(file, "kept", done.path)
            return
        self._results[blob.name] = FileResult(file, "there already" if done.was_there else "downloaded", done.path)
        note(FileMoved("down", blob.name, blob.size_bytes, done.md5.hex(), done.path))

    def _fail(self, file: WantedFile, problem: BatchTuiError) -> None:
        """A file that met a refusal of the account is left: nothing is the matter with the file."""
        refusal = account_refusal(problem)
        if refusal is not None:
            self.refusal = self.refusal or refusal
            return
        self.refused_in_a_row += isinstance(problem, AccessRefused)
        self._results[file.blob.name] = FileResult(
            file, "failed", detail=redact(str(problem)), exit_code=problem.exit_code
        )

    def report(
        self, destination: str, stopped_by: str = "", exit_code: int = 0, refusal: AccessRefused | None = None
    ) -> DownloadReport:
        """Its results are in the order of the list; what was not reached is left."""
        results = tuple(self._results.get(name) or FileResult(file, "left") for name, file in self._files.items())
        return DownloadReport(destination, results, stopped_by, exit_code, refusal)
