"""Launches and outcomes as JSON lines between the Batch service and a node's agent process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tui.sandbox.nodes.records import Failure, OutputFile, ResourceFile, TaskLaunch, TaskOutcome

_RESOURCE_FIELDS = ("file_path", "http_url", "container_url", "blob_prefix", "file_mode")
_OUTPUT_FIELDS = ("file_pattern", "container_url", "path", "condition")


def encode_run(launch: TaskLaunch) -> bytes:
    """A line that starts `launch`; by hand, since `dataclasses.asdict` costs more than the rest of a launch."""
    return _line(
        {
            "run": {
                "key": launch.key,
                "directory": str(launch.directory),
                "command_line": launch.command_line,
                "environment": dict(launch.environment),
                "resource_files": [[getattr(f, n) for n in _RESOURCE_FIELDS] for f in launch.resource_files],
                "output_files": [[getattr(f, n) for n in _OUTPUT_FIELDS] for f in launch.output_files],
                "max_wall_clock_s": launch.max_wall_clock_s,
                "keep_working_directory": launch.keep_working_directory,
                "may_leave_services": launch.may_leave_services,
            }
        }
    )


def encode_terminate(key: str) -> bytes:
    return _line({"terminate": key})


def decode_command(line: bytes) -> TaskLaunch | str:
    """The launch of a run line, or the key of a terminate line."""
    message: dict[str, Any] = json.loads(line)
    if "terminate" in message:
        return str(message["terminate"])
    run = message["run"]
    run["directory"] = Path(run["directory"])
    run["resource_files"] = tuple([ResourceFile(*fields) for fields in run["resource_files"]])
    run["output_files"] = tuple([OutputFile(*fields) for fields in run["output_files"]])
    return TaskLaunch(**run)


def encode_outcome(key: str, outcome: TaskOutcome) -> bytes:
    failed = outcome.failure
    return _line(
        {
            "key": key,
            "exit_code": outcome.exit_code,
            "failure": failed and [failed.category, failed.code, failed.message, failed.details],
        }
    )


def decode_outcome(line: bytes) -> tuple[str, TaskOutcome]:
    message: dict[str, Any] = json.loads(line)
    if message["failure"] is None:
        return message["key"], TaskOutcome(message["exit_code"], None)
    category, code, text, details = message["failure"]
    failed = Failure(category, code, text, tuple([(name, _told(value)) for name, value in details]))
    return message["key"], TaskOutcome(message["exit_code"], failed)


def _told(value: str) -> str:
    """With question marks for what of a file's name is no UTF-8, which could be neither stored nor sent."""
    return value.encode(errors="replace").decode()


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
