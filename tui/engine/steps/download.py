"""Fetches the outputs, and the logs of the tasks that failed, into the run's folder.

What lies there is never overwritten: a different file of the same name stays and the download gets a numbered name.
"""

from __future__ import annotations

from pathlib import Path

from tui.core.errors import RunFailed
from tui.core.events import Step
from tui.core.paths import DestinationNames, MappedName, changed_names
from tui.core.plan import LOG_PREFIX
from tui.core.records import BlobRecord
from tui.core.run_description import MANIFEST_BLOB
from tui.core.units import count_text, size_text
from tui.engine.context import RunContext
from tui.engine.downloads import Download, check_destination, download_all
from tui.engine.partials import Scratch, scratch_folder
from tui.engine.progress import Meter
from tui.engine.run_record import Ending, FileMoved

_RENAMED_TOLD = 20


def run(context: RunContext) -> str:
    destination = Path(context.plan.destination)
    check_destination(destination)
    container = context.plan.output_container
    blobs = context.retry(f"looking into {container}", lambda: tuple(context.storage.list_blobs(container)))
    mapped = _mapped(context, blobs)
    for line in changed_names(mapped.values()):
        context.tell(line)
    downloads = [Download(container, blob, destination / name.relative_path) for blob, name in mapped.items()]
    total_bytes = sum(download.blob.size_bytes for download in downloads)
    meter = Meter(context.publish, context.clock, Step.DOWNLOAD, len(downloads), total_bytes=total_bytes)
    if downloads:
        with scratch_folder(destination, context.plan.run_id) as scratch:
            _fetch(context, downloads, scratch, meter)
    _check_complete(context, blobs)
    return f"{count_text(len(downloads), 'file')}, {size_text(total_bytes)}"


def _fetch(context: RunContext, downloads: list[Download], scratch: Scratch, meter: Meter) -> None:
    renamed, is_durable = 0, "containers" in context.plan.delete_after
    for outcome in download_all(
        context.storage, context.retry, context.stop, downloads, scratch, is_durable=is_durable
    ):
        if outcome.error is not None:
            raise outcome.error
        done, download = outcome.result, outcome.item.download
        if done is None:
            continue
        meter.add(done.completes_file, done.size_bytes)
        if done.completes_file:
            blob = download.blob
            context.note_moved(FileMoved("down", blob.name, blob.size_bytes, done.md5.hex(), done.path))
            if Path(done.path) != download.path and not done.was_there:
                renamed += 1
                if renamed <= _RENAMED_TOLD:
                    context.tell(f"{download.path} is another file: the output is {done.path}", is_warning=True)


def _mapped(context: RunContext, blobs: tuple[BlobRecord, ...]) -> dict[BlobRecord, MappedName]:
    """What is fetched, in the order of its names, and the file each becomes."""
    outcome = context.journal.record.outcome
    failed = set(outcome.failed if outcome is not None else ())
    names, mapped = DestinationNames(), {}
    for blob in sorted(blobs, key=lambda blob: blob.name):
        if blob.name == MANIFEST_BLOB:
            continue
        if blob.name.startswith(LOG_PREFIX) and blob.name.removeprefix(LOG_PREFIX).split("/")[0] not in failed:
            continue
        mapped[blob] = names.assign(blob.name)
    return mapped


def _check_complete(context: RunContext, blobs: tuple[BlobRecord, ...]) -> None:
    """RunFailed where a task succeeded and its output is not there: then nothing must be deleted."""
    plan, outcome = context.plan, context.journal.record.outcome
    if outcome is None or outcome.ending is not Ending.ALL_DONE:
        return
    there, failed = {blob.name for blob in blobs}, set(outcome.failed)
    missing = [
        plan.output_name(item)
        for index, item in enumerate(plan.inputs)
        if plan.task_id(index) not in failed and plan.output_name(item) not in there
    ]
    if missing:
        raise RunFailed(
            f"{count_text(len(missing), 'output')} missing",
            f"the task succeeded, but {missing[0]} is not in {plan.output_container}",
            "nothing was deleted",
        )
