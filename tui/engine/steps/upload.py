"""Carries inputs and node scripts into the run's containers; what is there with the same content is left alone.

The last thing written is the manifest: where it is, all uploads are, and the run needs no further file from here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from tui.core.errors import InputError
from tui.core.events import Step
from tui.core.records import BlobRecord
from tui.core.run_description import MANIFEST_BLOB, manifest, manifest_container
from tui.core.units import count_text, size_text
from tui.engine.context import RunContext
from tui.engine.progress import Meter
from tui.engine.run_record import FileMoved
from tui.engine.uploads import Upload, look_at, upload_all


def run(context: RunContext) -> str:
    uploads = _uploads(context)
    existing = _existing(context, {upload.container for upload in uploads} | {manifest_container(context.plan)})
    _check_remote_inputs(context)
    total_bytes = sum(upload.size_bytes for upload in uploads)
    meter = Meter(context.publish, context.clock, Step.UPLOAD, len(uploads), total_bytes=total_bytes)
    skipped = 0
    for outcome in upload_all(context.storage, context.retry, context.stop, uploads, existing):
        if outcome.error is not None:
            raise outcome.error
        done, upload = outcome.result, outcome.item.upload
        if done is None:
            continue
        meter.add(done.completes_file, done.size_bytes)
        if done.completes_file:
            skipped += done.was_there
            context.note_moved(FileMoved("up", upload.blob, upload.size_bytes, done.md5.hex(), str(upload.path)))
    _put_manifest(context, existing)
    already = f", {skipped:,} already there" if skipped else ""
    return f"{count_text(len(uploads), 'file')}, {size_text(total_bytes)}{already}"


def _uploads(context: RunContext) -> list[Upload]:
    """All files, looked at before the first one travels: a missing one is found at once."""
    plan = context.plan
    scripts = [
        look_at(plan.application_container, name, context.node_script(name)) for name in plan.workload.application_files
    ]
    inputs = [
        look_at(plan.input_container, item.blob_name, Path(item.local_path))
        for item in plan.inputs
        if item.local_path is not None
    ]
    return [*scripts, *inputs]


def _existing(context: RunContext, containers: set[str]) -> dict[tuple[str, str], BlobRecord]:
    def listed(container: str) -> tuple[BlobRecord, ...]:
        return tuple(context.storage.list_blobs(container))

    return {
        (container, blob.name): blob
        for container in sorted(containers)
        for blob in context.retry(f"looking into {container}", lambda container=container: listed(container))  # type: ignore[misc]
    }


def _check_remote_inputs(context: RunContext) -> None:
    """InputError where an input that should be in a container already is not."""
    remote = [item.blob_name for item in context.plan.inputs if item.local_path is None]
    if not remote:
        return
    container = context.plan.input_container
    there = {blob for _, blob in _existing(context, {container})}
    missing = [name for name in remote if name not in there]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise InputError("An input is not there", f"{container} has no blob {missing[0]!r}{more}")


def _put_manifest(context: RunContext, existing: dict[tuple[str, str], BlobRecord]) -> None:
    container, content = manifest_container(context.plan), manifest(context.plan)
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    there = existing.get((container, MANIFEST_BLOB))
    if there is None or there.content_md5 != md5:
        context.retry(
            "writing the list of inputs", lambda: context.storage.put_blob(container, MANIFEST_BLOB, content, md5)
        )
