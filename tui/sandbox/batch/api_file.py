"""Files of nodes and of tasks: list, read, look at, delete."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tui.sandbox import folders
from tui.sandbox.batch import files
from tui.sandbox.batch.errors import ServiceError, invalid_query
from tui.sandbox.batch.files import FileEntry
from tui.sandbox.batch.http import Call, Reply
from tui.sandbox.batch.listing import list_reply, parse_list_filter, read_token
from tui.sandbox.batch.odata import FilterField
from tui.sandbox.batch.records import NodeState
from tui.sandbox.batch.times import format_time, http_date, ticks_from_unix
from tui.sandbox.batch.wire_common import Properties
from tui.sandbox.batch.wire_node import node_url
from tui.sandbox.batch.wire_task import task_root, task_url

_FIELDS: dict[str, FilterField[FileEntry]] = {
    "name": FilterField("text", frozenset({"startswith"}), lambda entry: entry.name)
}
_NOT_READY = (NodeState.CREATING, NodeState.STARTING, NodeState.UNUSABLE, NodeState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on a node that a URL names, and how it is listed."""

    root: Path
    url: str
    list_entries: Callable[[bool], list[FileEntry]]


def _node_folder(call: Call) -> _Folder:
    node = call.service.state.node(call.path["pool_id"], call.path["node_id"])
    if node.state in _NOT_READY:
        raise ServiceError("NodeNotReady")
    call.service.before_files(node, None)
    root = call.service.host.root(node.pool_id, node.id)
    if "file_path" in call.path:
        files.check_node_path(call.path["file_path"])
    return _Folder(
        root,
        f"{node_url(node, call.base_url)}/files",
        lambda recursive: files.list_node(root, recursive=recursive),
    )


def _task_folder(call: Call) -> _Folder:
    _, task = call.service.state.task(call.path["job_id"], call.path["task_id"])
    node = call.service.state.find_node(task.pool_id, task.node_id)
    if node is None or task.start_time is None:
        raise ServiceError("OperationInvalidForCurrentState" if task.node_id is None else "NodeNotFound")
    call.service.before_files(node, task)
    root = call.service.host.root(node.pool_id, node.id) / task_root(task)
    return _Folder(
        root,
        f"{task_url(task, call.base_url)}/files",
        lambda recursive: files.list_folder(root, recursive=recursive),
    )


def _folder(call: Call) -> _Folder:
    return _task_folder(call) if "task_id" in call.path else _node_folder(call)


async def list_files(call: Call) -> Reply:
    folder = _folder(call)
    where = parse_list_filter(call, _FIELDS)
    entries = await asyncio.to_thread(folder.list_entries, call.flag("recursive"))
    start = 0
    after = read_token(call)
    if after is not None:
        # A page starts behind the entry the last one ended with; where that is gone, behind as many as were shown.
        names = [entry.name for entry in entries]
        if after not in names:
            raise invalid_query("$skiptoken", call.query["$skiptoken"], "The listing has changed; start again.")
        start = names.index(after) + 1
    return list_reply(
        call,
        "files",
        entries[start:],
        lambda entry: entry.name,
        properties=_properties(folder.url),
        where=where,
    )


def _properties(folder_url: str) -> Properties[FileEntry]:
    return {
        "name": lambda entry, _: entry.name,
        "url": lambda entry, _: f"{folder_url}/{quote(entry.name, errors='surrogateescape')}",
        "isDirectory": lambda entry, _: entry.is_directory,
        "properties": lambda entry, _: (
            None
            if entry.is_directory
            else {
                "lastModified": format_time(ticks_from_unix(entry.modified_s)),
                "contentLength": str(entry.size_bytes),
                "contentType": entry.content_type,
                "fileMode": f"0o{entry.mode:o}",
            }
        ),
    }


def _headers(folder: _Folder, entry: FileEntry) -> list[tuple[str, str]]:
    url = quote(f"{folder.url}/{entry.name}", safe="")
    headers = [
        ("ocp-batch-file-isdirectory", "True" if entry.is_directory else "False"),
        ("ocp-batch-file-url", url),
    ]
    if not entry.is_directory:
        headers += [
            ("Content-Type", entry.content_type),
            ("Last-Modified", http_date(ticks_from_unix(entry.modified_s))),
            ("ocp-batch-file-mode", f"0o{entry.mode:o}"),
        ]
    return headers


def head_file(call: Call) -> Reply:
    folder = _folder(call)
    _, entry = files.find(folder.root, call.path["file_path"])
    return Reply(headers=[*_headers(folder, entry), ("Content-Length", str(entry.size_bytes))])


def get_file(call: Call) -> Reply:
    folder = _folder(call)
    target, entry = files.find(folder.root, call.path["file_path"])
    if entry.is_directory:
        raise ServiceError("OperationInvalidForCurrentState", [("Reason", "The path names a directory.")])
    start, count = files.parse_range(call.headers.get("ocp-range"), entry.size_bytes)
    try:
        descriptor = folders.open_file(target)
    except (OSError, ValueError):
        raise ServiceError("FileNotFound") from None
    return Reply(headers=_headers(folder, entry), stream=files.stream(descriptor, start, count))


async def delete_file(call: Call) -> Reply:
    folder = _folder(call)
    target, entry = files.find(folder.root, call.path["file_path"])
    try:
        with folders.opened(target.parent) as parent:
            if not entry.is_directory:
                os.unlink(target.name, dir_fd=parent)
            elif call.flag("recursive"):
                await asyncio.to_thread(shutil.rmtree, target.name, dir_fd=parent)
            else:
                os.rmdir(target.name, dir_fd=parent)
    except OSError as problem:
        raise ServiceError("OperationInvalidForCurrentState", [("Reason", problem.strerror or "")]) from None
    return Reply(200)
