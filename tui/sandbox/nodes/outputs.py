"""Output files: what a task left, uploaded to containers by their SAS once its command has ended.

Every attempted upload leaves fileuploadout.txt and fileuploaderr.txt beside stdout.txt, as on the service.
"""

from __future__ import annotations

import base64
import os
import threading
from pathlib import Path
from typing import BinaryIO, Final, TextIO
from urllib.parse import quote

from tui.sandbox import folders
from tui.sandbox.nodes import failures
from tui.sandbox.nodes.patterns import FilePattern, Match
from tui.sandbox.nodes.records import Failure, OutputFile, TaskLaunch
from tui.sandbox.nodes.resources import blob_url
from tui.sandbox.nodes.transport import (
    BoundedReader,
    HttpClient,
    LocalFileError,
    TransferError,
    TransferStopped,
    without_query,
)

SINGLE_PUT_BYTES: Final = 64 * 1024 * 1024
BLOCK_BYTES: Final = 16 * 1024 * 1024


def upload_output_files(
    launch: TaskLaunch,
    node_root: Path,
    stop: threading.Event,
    *,
    single_put_bytes: int = SINGLE_PUT_BYTES,
    block_bytes: int = BLOCK_BYTES,
) -> Failure | None:
    """Upload what the launch's output files match; one that fails does not keep the others back.

    Returns the first failure.
    """
    working_directory = launch.directory / "wd"
    # Found before the logs exist, or `../*.txt` would take them for outputs of the task.
    found: list[tuple[OutputFile, FilePattern, list[Match]]] = []
    for output_file in launch.output_files:
        pattern = FilePattern.parse(output_file.file_pattern, working_directory, launch.environment)
        found.append((output_file, pattern, pattern.find(node_root)))
    uploads = _Uploads(stop, single_put_bytes, block_bytes)
    with (
        _log(launch.directory / "fileuploadout.txt") as out,
        _log(launch.directory / "fileuploaderr.txt") as err,
    ):
        first_failure: Failure | None = None
        try:
            for output_file, pattern, matches in found:
                if not matches:
                    out.write(f"{output_file.file_pattern}: no file matches\n")
                for match in matches:
                    target = _blob_name(output_file, pattern, match)
                    line = f"{match.path} -> {without_query(blob_url(output_file.container_url, target))}"
                    failure = uploads.upload(match, blob_url(output_file.container_url, target))
                    if failure is None:
                        out.write(f"{line}: uploaded\n")
                    else:
                        err.write(f"{line}: {failure.code}: {dict(failure.details)['Message']}\n")
                        first_failure = first_failure or failure
        except TransferStopped:
            return failures.ended_by_user()
        finally:
            uploads.close()
    return first_failure


def _log(path: Path) -> TextIO:
    return open(folders.create_file(path), "w", encoding="utf-8", errors="replace")


def _blob_name(output_file: OutputFile, pattern: FilePattern, match: Match) -> str:
    path = output_file.path.strip("/")
    if not pattern.has_wildcard:
        return path or match.name
    return f"{path}/{match.name}" if path else match.name


class _Uploads:
    """Uploads over kept connections: one Put Blob for most files, blocks for large ones."""

    def __init__(self, stop: threading.Event, single_put_bytes: int, block_bytes: int) -> None:
        self._stop = stop
        self._client = HttpClient(stop)
        self._single_put_bytes = single_put_bytes
        self._block_bytes = block_bytes

    def close(self) -> None:
        self._client.close()

    def upload(self, match: Match, url: str) -> Failure | None:
        path = str(match.path)
        try:
            with open(folders.open_file(match.target), "rb") as file:
                size_bytes = os.fstat(file.fileno()).st_size
                if size_bytes <= self._single_put_bytes:
                    self._put_blob(file, size_bytes, url)
                else:
                    self._put_blocks(file, size_bytes, url)
        except TransferError as error:
            code = "FileUploadConflict" if error.status in (409, 412) else error.pick(failures.UPLOAD_CODES)
            return failures.failure(code, ("FilePath", path), ("BlobUrl", without_query(url)), ("Message", str(error)))
        except OSError as error:
            reason = error.strerror or str(error)
            return failures.failure("FileUploadMiscError", ("FilePath", path), ("Message", reason))
        return None

    def _put_blob(self, file: BinaryIO, size_bytes: int, url: str) -> None:
        def body() -> BoundedReader:
            file.seek(0)
            return BoundedReader(file, size_bytes, self._stop)

        headers = {"x-ms-blob-type": "BlockBlob", "Content-Length": str(size_bytes)}
        self._client.exchange("PUT", url, lambda response: response.read(), headers=headers, body=body)

    def _put_blocks(self, file: BinaryIO, size_bytes: int, url: str) -> None:
        block_ids: list[str] = []
        for offset in range(0, size_bytes, self._block_bytes):
            data = file.read(min(self._block_bytes, size_bytes - offset))
            if not data:
                raise LocalFileError("the file became shorter while it was read")
            block_ids.append(base64.b64encode(f"{len(block_ids):08d}".encode()).decode())
            self._put(f"{url}&comp=block&blockid={quote(block_ids[-1], safe='')}", data)
        latest = "".join([f"<Latest>{block_id}</Latest>" for block_id in block_ids])
        document = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{latest}</BlockList>'
        self._put(f"{url}&comp=blocklist", document.encode())

    def _put(self, url: str, data: bytes) -> None:
        headers = {"Content-Length": str(len(data))}
        self._client.exchange("PUT", url, lambda response: response.read(), headers=headers, body=lambda: data)
