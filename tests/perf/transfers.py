"""Uploading and downloading 1,000 small files over a network, against the tutorial's way: one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.perf.bench import NETWORK_MS, Bench, bench
from tests.perf.figures import Figure, Line, seconds_of
from tui.core.plan import ExistingPool, PlannedInput, RunPlan
from tui.engine.steps import containers, download, upload

FILES = 1_000
SIZE_BYTES = 4_096
_ROUNDS = 2


def figures() -> Iterable[Line]:
    """The faster of two rounds of ours against one of the tutorial's, which waits for the network most of its time."""
    with bench(NETWORK_MS) as on:
        files = _write_files(on.folder / "in")
        up_ours, down_ours = [], []
        for number in range(_ROUNDS):
            plan = _plan(files, f"perf-{number}", on.folder / f"out-{number}")
            with on.context(plan) as context:
                containers.run(context)
                up_ours.append(seconds_of(lambda: upload.run(context)))
                _give_outputs(on, plan)
                down_ours.append(seconds_of(lambda: download.run(context)))
        up_theirs = seconds_of(lambda: _tutorial_upload(on, files, "theirs"))
        down_theirs = seconds_of(lambda: _tutorial_download(on, "theirs", on.folder / "theirs"))
        assert [len(list((on.folder / name).iterdir())) for name in ("out-0", "theirs")] == [FILES, FILES]
    for name, ours, their in (("upload", up_ours, up_theirs), ("download", down_ours, down_theirs)):
        note = f"{min(ours):.2f} s against {their:.2f} s"
        yield Figure(f"{name} {FILES:,} × 4 KB at 20 ms", their / min(ours), 8, at_least=True, note=note)


def _write_files(folder: Path) -> list[Path]:
    folder.mkdir()
    files = [folder / f"input-{index:04}.txt" for index in range(FILES)]
    for index, path in enumerate(files):
        path.write_bytes(f"{index:04}".encode() * (SIZE_BYTES // 4))
    return files


def _plan(files: Sequence[Path], run_id: str, destination: Path) -> RunPlan:
    inputs = tuple(PlannedInput(path.name, SIZE_BYTES, str(path)) for path in files)
    return RunPlan(run_id, "top-words", inputs, ExistingPool("none"), 3_600, str(destination))


def _give_outputs(on: Bench, plan: RunPlan) -> None:
    """The inputs once more, as outputs: what the download finds."""
    for item in plan.inputs:
        assert item.local_path is not None
        content = Path(item.local_path).read_bytes()
        on.storage.put_blob(plan.output_container, item.blob_name, content, _md5(content))


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def _tutorial_upload(on: Bench, files: Sequence[Path], container: str) -> None:
    with on.sdk_blobs() as client:
        client.create_container(container)
        for path in files:
            blob = client.get_blob_client(container, path.name)
            with path.open("rb") as data:
                blob.upload_blob(data)


def _tutorial_download(on: Bench, container: str, folder: Path) -> None:
    folder.mkdir()
    with on.sdk_blobs() as client:
        for found in client.get_container_client(container).list_blobs():
            blob = client.get_blob_client(container, found.name)
            (folder / found.name).write_bytes(blob.download_blob().readall())
