"""Resource files: blobs and containers fetched into a task's working directory before its command starts.

A file appears under its final name only when it is complete, and never outside the working directory.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from xml.etree import ElementTree

from tui.sandbox.nodes import failures
from tui.sandbox.nodes.records import Failure, ResourceFile
from tui.sandbox.nodes.transport import (
    HttpClient,
    LocalFileError,
    TransferError,
    TransferStopped,
    without_query,
)

DEFAULT_FILE_MODE = 0o770
_FILE_MODE = re.compile(r"(?:0[oO])?[0-7]{1,12}")


class ResourceError(Exception):
    """One resource file could not be had; `failure` is what the service reports."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


def fetch_resource_files(
    resource_files: tuple[ResourceFile, ...], working_directory: Path, stop: threading.Event
) -> Failure | None:
    """Fetch all of them in order; the first failure ends it."""
    client = HttpClient(stop)
    try:
        for resource_file in resource_files:
            mode = _file_mode(resource_file.file_mode)
            for url, file_path in _sources(resource_file, client):
                _fetch(client, url, _safe_target(working_directory, file_path), mode)
    except ResourceError as error:
        return error.failure
    except TransferStopped:
        return failures.ended_by_user()
    finally:
        client.close()
    return None


def _sources(resource_file: ResourceFile, client: HttpClient) -> Iterator[tuple[str, str]]:
    """Each blob's address and its path below the working directory."""
    if resource_file.http_url is not None:
        yield resource_file.http_url, resource_file.file_path
    elif resource_file.container_url is not None:
        folder = resource_file.file_path.rstrip("/")
        for name in _list_blobs(client, resource_file.container_url, resource_file.blob_prefix):
            yield blob_url(resource_file.container_url, name), f"{folder}/{name}" if folder else name


def blob_url(container_url: str, blob_name: str) -> str:
    """The blob's address under a container's, with the container's signature."""
    parts = urlsplit(container_url)
    path = f"{parts.path.rstrip('/')}/{quote(blob_name, safe='/~', errors='surrogateescape')}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _list_blobs(client: HttpClient, container_url: str, prefix: str) -> Iterator[str]:
    marker = ""
    while True:
        listing = "&restype=container&comp=list"
        if prefix:
            listing += f"&prefix={quote(prefix, safe='')}"
        if marker:
            listing += f"&marker={quote(marker, safe='')}"
        parts = urlsplit(container_url)
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, (parts.query + listing).lstrip("&"), ""))
        try:
            page = ElementTree.fromstring(client.exchange("GET", url, lambda response: response.read()))
        except TransferError as error:
            code = error.pick(failures.CONTAINER_CODES)
            raise ResourceError(_failure(code, container_url, error)) from error
        except ElementTree.ParseError as error:
            raise ResourceError(
                _failure("ResourceContainerListMiscError", container_url, ValueError("not a blob listing"))
            ) from error
        for blob in page.iterfind("./Blobs/Blob/Name"):
            yield blob.text or ""
        marker = page.findtext("NextMarker") or ""
        if not marker:
            return


def _fetch(client: HttpClient, url: str, target: Path, mode: int) -> None:
    # Without the target's name, which may be as long as the file system takes already.
    partial = target.with_name(f".{os.getpid()}-{threading.get_ident()}.part")
    file_path = str(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(_failure("ResourceDirectoryCreateFailed", file_path, error)) from error
    try:
        with open(partial, "xb") as file:
            stream = client.chunks_into(file.write)

            def save(response: HTTPResponse) -> None:
                file.seek(0)  # a second try starts the file over
                file.truncate()
                stream(response)

            client.exchange("GET", url, save)
        os.chmod(partial, mode)
        os.replace(partial, target)
    except TransferError as error:
        code = error.pick(failures.BLOB_CODES)
        raise ResourceError(_failure(code, url, error, ("FilePath", target.name))) from error
    except LocalFileError as error:
        code = "DiskFull" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "ResourceFileWriteFailed"
        raise ResourceError(_failure(code, file_path, error)) from error
    except OSError as error:
        raise ResourceError(_failure("ResourceFileCreateFailed", file_path, error)) from error
    finally:
        partial.unlink(missing_ok=True)


def _failure(code: str, source: str, error: Exception, *more: tuple[str, str]) -> Failure:
    name = "BlobSource" if code in failures.BLOB_CODES else "Source"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return failures.failure(code, (name, without_query(source)), *more, ("Message", reason))


def _safe_target(working_directory: Path, file_path: str) -> Path:
    """Where `file_path` lies below the working directory, which has a resolved path.

    Raises:
        ResourceError: It would lie elsewhere, by its name or through a link a task left.
    """
    parts = file_path.split("/")
    target = working_directory.joinpath(*parts)
    names_a_file = bool(file_path) and "\0" not in file_path and parts[-1] not in ("", ".")
    is_inside = not file_path.startswith("/") and ".." not in parts
    if names_a_file and is_inside and target.parent.resolve().is_relative_to(working_directory):
        return target
    raise ResourceError(
        failures.failure(
            "ResourceFileCreateFailed",
            ("FilePath", file_path),
            ("Message", "The path does not name a file below the working directory"),
        )
    )


def _file_mode(text: str | None) -> int:
    return int(text, 8) & 0o7777 if text and _FILE_MODE.fullmatch(text) else DEFAULT_FILE_MODE
