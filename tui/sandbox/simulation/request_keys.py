"""A name for each request of a run that is the same in every run: operation, target and how many came before.

Ids that differ from run to run are replaced by names the test gives; node ids, which nobody can know, always are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal
from urllib.parse import parse_qsl, unquote

from starlette.routing import compile_path
from starlette.types import Scope

from tui.sandbox.batch.app import OPERATIONS
from tui.sandbox.simulation.refusals import Service

SignedBy = Literal["key", "sas"]
"""A shared access signature is what tasks and their nodes come with; the program signs with the key."""

_NODE_ID = re.compile(r"tvmps_[0-9a-f]{64}_[dp]")


@dataclass(frozen=True, slots=True, order=True)
class RequestKey:
    """One request of a run."""

    service: Service
    signed_by: SignedBy
    operation: str
    """Verb and kind of resource, such as `POST /jobs/{job_id}/addtaskcollection` or `PUT blob block`."""
    target: str
    """The path, with names in the place of ids that differ from run to run."""
    occurrence: int
    """Counts requests of the same operation and target, from 1."""

    def __str__(self) -> str:
        return f"{self.service}/{self.signed_by} {self.operation} {self.target} #{self.occurrence}"


def request_key(service: Service, scope: Scope, names: Mapping[str, str], occurrence: int = 1) -> RequestKey:
    """The key of a request; `names` maps what is replaced in targets to what stands in its place."""
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    path = unquote(scope["raw_path"].decode("latin-1"))
    operation = _blob_operation(scope["method"], path, query) if service == "blob" else _template(scope["path"])
    target = _NODE_ID.sub("{node}", path)
    for text, name in names.items():
        target = target.replace(text, name)
    return RequestKey(
        service=service,
        signed_by="sas" if "sig" in query else "key",
        operation=operation if service == "blob" else f"{scope['method']} {operation}",
        target=target,
        occurrence=occurrence,
    )


def _blob_operation(method: str, path: str, query: Mapping[str, str]) -> str:
    level = ("service", "container", "blob")[min(path.strip("/").count("/"), 2)]
    return " ".join(part for part in (method, level, query.get("comp", "")) if part)


def _template(path: str) -> str:
    return next((template for template, pattern in _templates() if pattern.match(path)), path)


@cache
def _templates() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, compile_path(template)[0]) for template in OPERATIONS)
