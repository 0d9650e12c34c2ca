"""What is asked of the running sandbox itself, beside its two services: to make load, or trouble.

A client of the Batch port like any other: signed with the account's key.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any, Literal

from tui.sandbox.batch.auth import SignedRequest, authorization
from tui.sandbox.errors import NeverStartedError, RefusedError
from tui.sandbox.settings import SandboxPaths, SandboxSettings

Method = Literal["GET", "PUT", "POST", "DELETE"]

_QUERY = "api-version=2025-06-01"
_ANSWER_TIMEOUT_S = 30.0
_SEED_TIMEOUT_S = 900.0


def seed(state_dir: Path, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Make a job of synthetic tasks; returns once all of them are there. Gives the recipe it was made by.

    Raises:
        SandboxError: There is none, or it refuses.
    """
    return ask(state_dir, "POST", "/sandbox/seed", wishes, timeout_s=_SEED_TIMEOUT_S)


def trouble(state_dir: Path, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Change the trouble in force by what `wishes` names, if anything; gives what is in force then.

    Raises:
        SandboxError: There is none, or it refuses.
    """
    return ask(state_dir, "PUT" if wishes else "GET", "/sandbox/trouble", wishes or None)


def no_trouble(state_dir: Path) -> None:
    ask(state_dir, "DELETE", "/sandbox/trouble")


def ask(
    state_dir: Path,
    method: Method,
    path: str,
    content: Mapping[str, Any] | None = None,
    *,
    timeout_s: float = _ANSWER_TIMEOUT_S,
) -> dict[str, Any]:
    """One signed request; the JSON it is answered with.

    Raises:
        SandboxError: Nobody answers, or what answers refuses.
    """
    settings = SandboxSettings.load(SandboxPaths(state_dir.absolute()))
    if settings is None:
        raise NeverStartedError
    body = b"" if content is None else json.dumps(content).encode()
    headers = {"host": f"127.0.0.1:{settings.batch_port}", "ocp-date": formatdate(usegmt=True)}
    if method != "GET":
        headers["content-length"] = str(len(body))
    if body:
        headers["content-type"] = "application/json"
    signed = SignedRequest(method, path, _QUERY, headers)
    headers["authorization"] = authorization(settings.batch_account, settings.batch_key, signed)
    connection = http.client.HTTPConnection("127.0.0.1", settings.batch_port, timeout=timeout_s)
    try:
        connection.request(method, f"{path}?{_QUERY}", body or None, headers)
        answer = connection.getresponse()
        data, status = answer.read(), answer.status
    except (OSError, http.client.HTTPException) as problem:
        raise RefusedError(f"it does not answer: {problem}", "start it with `batch-tui sandbox up`") from problem
    finally:
        connection.close()
    if status >= 300:
        raise _refusal(status, data)
    return dict(json.loads(data)) if data else {}


def _refusal(status: int, data: bytes) -> RefusedError:
    try:
        error = json.loads(data)
        values = ", ".join(f"{item['key']}: {item['value']}" for item in error.get("values", ()))
        reason = str(error["message"]["value"]).partition("\n")[0]
        return RefusedError(f"{reason} ({values})" if values else reason)
    except (ValueError, LookupError, TypeError, AttributeError):
        return RefusedError(f"HTTP {status}")
