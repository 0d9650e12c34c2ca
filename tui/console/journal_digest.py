"""A journal told to strangers: what happened when, in how many files and bytes; names of files are in none of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

from tui.core.redaction import MASK

_LONGEST_TEXT = 400
_NAMES_FORGOTTEN = 50_000
_UNTOLD = ("destination", "input_name", "last_words", "log_path")
"""Of a summary and its failed tasks: where a person keeps files, and what a program wrote."""


def digest_lines(content: bytes) -> Iterator[str]:
    """One line a record; transfers of files are summed up, damage is said."""
    names: list[str] = []
    moved = {"up": [0, 0], "down": [0, 0]}
    for raw in content.split(b"\n"):
        if not raw:
            continue
        try:
            record = json.loads(raw)
            line = _line(record, names, moved)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, OSError):
            yield f"(a record of {len(raw):,} bytes that cannot be read)"
            continue
        if line:
            yield _without(names, line)
    for direction, (files, size_bytes) in moved.items():
        if files:
            yield f"in all, {files:,} files, {size_bytes:,} bytes {direction}"


def _line(record: Mapping[str, object], names: list[str], moved: Mapping[str, list[int]]) -> str:
    moment_s, kind = record["at"], record["kind"]
    assert isinstance(moment_s, int | float)
    at = datetime.fromtimestamp(moment_s, UTC).isoformat(timespec="milliseconds")
    if kind == "transferred":
        tally = moved[str(record["direction"])]
        size_bytes = record["size"]
        tally[0] += 1
        tally[1] += size_bytes if isinstance(size_bytes, int) else 0
        return ""
    if kind == "plan":
        return f"{at} plan {_plan(record['plan'], names)}"
    if kind == "account":  # its name is nobody's business
        return f"{at} account"
    told = {name: _short(value) for name, value in record.items() if name not in ("at", "kind")}
    return f"{at} {kind} {json.dumps(told, ensure_ascii=False)}"


def _plan(plan: object, names: list[str]) -> str:
    if not isinstance(plan, dict):
        raise TypeError("no plan")
    inputs = plan["inputs"]
    extensions: dict[str, int] = {}
    for name, _, path in inputs[:_NAMES_FORGOTTEN]:
        names += [text for text in (path, name, PurePosixPath(name).stem) if text]
        extension = PurePosixPath(name).suffix.lower()[:8]
        extensions[extension] = extensions.get(extension, 0) + 1
    pool = dict(plan["pool"])
    if pool.get("kind") == "existing":
        pool["id"] = "(of the account)"
    told = {name: value for name, value in plan.items() if name not in ("inputs", "destination", "pool")}
    if told.get("existing_input_container"):
        told["existing_input_container"] = "(of the account)"
    if (destination := str(plan["destination"])).startswith("/"):
        names.append(destination)  # hints and notes name what was put there
    sizes = sum(size for _, size, _ in inputs)
    told |= {"pool": pool, "inputs": len(inputs), "input_bytes": sizes, "extensions": extensions}
    return json.dumps(told, ensure_ascii=False)


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + "…"
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items() if name not in _UNTOLD}
    if isinstance(value, list):
        return [_short(item) for item in value[:20]]
    return value


def _without(names: list[str], line: str) -> str:
    """`line` with every file name of the run masked; the longest first, so that no half of one stays."""
    found = sorted((name for name in set(names) if len(name) > 2 and name in line), key=len, reverse=True)
    for name in found:
        line = line.replace(name, MASK)
    return line
