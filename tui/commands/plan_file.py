"""A run as a file: `batch-tui run PLAN.toml`, with the words of the command line as keys.

    workload = "top-words"
    inputs = ["texts/*.txt"]
    nodes = 2
    timeout = "30m"
    delete = ["job", "pool"]

Relative paths are meant from the file's own folder. A key that means nothing is an error, never overlooked.
"""

from __future__ import annotations

import glob
import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from tui.commands.options import TypedRun
from tui.core.errors import InputError
from tui.core.workloads import WORKLOADS

SUFFIX = ".toml"
LARGEST_BYTES = 4_000_000
"""Room for tens of thousands of inputs; a larger file is something else."""

_LARGEST_NUMBER = 1_000_000_000
"""Every limit of a run lies below; a longer number need not even be printed."""

_PARAMETERS = tuple(dict.fromkeys(one.name for workload in WORKLOADS.values() for one in workload.parameters))
_ON_THE_COMMAND_LINE = ("json", "yes", "plan-only")

_REPLACED_BY: Mapping[str, frozenset[str]] = {
    "account": frozenset({"sandbox"}),
    "sandbox": frozenset({"account"}),
    "pool": frozenset({"nodes", "spot", "vm_size", "slots"}),
    "nodes": frozenset({"pool"}),
    "spot": frozenset({"pool"}),
    "vm_size": frozenset({"pool"}),
    "slots": frozenset({"pool"}),
    "delete": frozenset({"keep"}),
    "keep": frozenset({"delete"}),
}
"""Typed words also take the place of what contradicts them in the file."""


def is_plan_file(word: str) -> bool:
    """Whether the first word after `run` names a plan rather than a workload."""
    return word.lower().endswith(SUFFIX)


def read_plan_file(path: str) -> TypedRun:
    """What the file says, as if it had been typed; InputError names every key that cannot be used."""
    try:
        document = tomllib.loads(_content(path))
    except ValueError as problem:  # what Python itself cannot take as a number too
        raise _refusal(path, f"it is no TOML: {problem}") from None
    except RecursionError:
        raise _refusal(path, "it is nested too deeply") from None
    words = {**_READERS, **dict.fromkeys(_PARAMETERS, _number)}
    known: dict[str, Any] = {}
    wrong = []
    for key, value in document.items():
        reader = words.get(key)
        if reader is None:
            wrong.append(f"{key!r} is no key of a plan")
            continue
        try:
            known[key] = reader(value)
        except ValueError as expected:
            wrong.append(f"{key} must be {expected}")
    if "workload" not in document:
        wrong.append("workload is missing")
    if wrong:
        raise _refusal(path, "\n".join(wrong), _keys_hint(document))
    said = {key.replace("-", "_"): value for key, value in known.items() if key not in _PARAMETERS}
    said["parameters"] = tuple((name, known.get(name)) for name in _PARAMETERS)
    return _below(TypedRun(**{"inputs": (), **said}), Path(path).absolute().parent)


def typed_over(typed: TypedRun, plan: TypedRun) -> TypedRun:
    """The plan, with what was typed beside it in the place of what it says."""
    nothing = TypedRun("", ())
    given = {
        one.name: value
        for one in fields(TypedRun)
        if one.name not in ("workload", "parameters")
        and (value := getattr(typed, one.name)) != getattr(nothing, one.name)
    }
    replaced = frozenset().union(*(_REPLACED_BY.get(name, frozenset()) for name in given))
    cleared = {name: getattr(nothing, name) for name in replaced}
    parameters = dict(plan.parameters) | {name: text for name, text in typed.parameters if text is not None}
    return replace(plan, **{**cleared, **given}, parameters=tuple(parameters.items()))


def _content(path: str) -> str:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise _refusal(path, "it is not a regular file")
        if status.st_size > LARGEST_BYTES:
            raise _refusal(path, f"it is larger than {LARGEST_BYTES:,} bytes")
        return Path(path).read_bytes().decode("utf-8")
    except OSError as problem:
        raise _refusal(path, (problem.strerror or str(problem)).lower()) from None
    except UnicodeDecodeError:
        raise _refusal(path, "it is not UTF-8 text") from None


def _below(run: TypedRun, folder: Path) -> TypedRun:
    inputs = tuple(file for name in run.inputs for file in _matches(os.path.join(folder, name)))
    output = None if run.output is None else os.path.join(folder, run.output)
    return replace(run, inputs=inputs, output=output)


def _matches(path: str) -> list[str]:
    """The files a pattern stands for, in order; no shell does it here. A name that exists is meant to the letter."""
    if os.path.lexists(path) or not glob.has_magic(path):
        return [path]
    return sorted(glob.glob(path, recursive=True)) or [path]


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item and "\0" not in item for item in value):
        raise ValueError("a list of texts")
    return tuple(value)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST_NUMBER:
        raise ValueError("a whole number")
    return value


def _number(value: Any) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > _LARGEST_NUMBER:
        raise ValueError("a number")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _parts(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(_texts(value))


_READERS: Mapping[str, Callable[[Any], object]] = {
    "workload": _text,
    "inputs": _texts,
    "account": _text,
    "sandbox": _flag,
    "pool": _text,
    "nodes": _whole,
    "spot": _whole,
    "vm-size": _text,
    "slots": _whole,
    "output": _text,
    "timeout": _text,
    "delete": _parts,
    "keep": _flag,
}


def _keys_hint(document: Mapping[str, Any]) -> str:
    if any(key in _ON_THE_COMMAND_LINE for key in document):
        return "How a run is shown is said on the command line: --json, --yes, --plan-only"
    return f"A plan has {', '.join([*_READERS, *_PARAMETERS])}"


def _refusal(path: str, what: str, hint: str = "") -> InputError:
    return InputError(f"The plan {path!r} cannot be used", what, hint)
