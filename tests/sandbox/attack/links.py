"""Tasks that put links in the place of folders on their node: nothing behind one is told, changed or removed."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.sandbox.attack.attacker import VERSION, Answer, Attacker, Request, Tally
from tests.support.sandbox import eventually

_SECRET = b"what lies behind a link"
PLACES: Mapping[str, str] = {
    "the task's folder": "",
    "its working directory": "/wd",
    "the job's only run": "/..",
    "the job's folder": "/../..",
    "the workitems": "/../../..",
    "the node's root": "/../../../..",
    "the node's folder": "/../../../../..",
}
"""What is replaced, by its path from the task's folder."""
_NAMES = (
    *("passwd", "sub/passwd", "sub", "wd/passwd", "wd/sub", "task/passwd", "task/sub", "job-1/task/passwd"),
    *("linked/job-1/task/passwd", "workitems/linked/job-1/task/passwd", "root/workitems/linked/job-1/task/passwd"),
)


def linking_tasks(attacker: Attacker) -> Tally:
    """Each place, on a node of its own."""
    tally = Tally()
    for what, place in PLACES.items():
        with tempfile.TemporaryDirectory() as folder:
            _link(attacker, tally, what, place, Path(folder).resolve())
    return tally


def _link(attacker: Attacker, tally: Tally, what: str, place: str, foreign: Path) -> None:
    before = _fill(foreign)
    pool = f"links{time.time_ns()}"
    node = _node(attacker, pool)
    script = f'cd "$AZ_BATCH_TASK_DIR{place}"; D=$(pwd); cd /; mv "$D" "$D.moved"; ln -s "{foreign}" "$D"; exit 1'
    _post(attacker, "/jobs", {"id": "linked", "poolInfo": {"poolId": pool}})
    _post(attacker, "/jobs/linked/tasks", {"id": "task", "commandLine": f"/bin/sh -c '{script}'"})
    _ended(attacker)
    for files in ("/jobs/linked/tasks/task/files", f"{node}/files"):
        listed = attacker.signed(Request("batch", "GET", files, f"recursive=true&{VERSION}"))
        tally.note(f"{what}: list {files}", b"passwd" not in listed.body and not listed.is_crash, listed.status)
        for name in (*_NAMES, *(f"workitems/linked/job-1/task/{name}" for name in _NAMES)):
            for method in ("GET", "HEAD", "DELETE"):
                answer = attacker.signed(Request("batch", method, f"{files}/{name}", f"recursive=true&{VERSION}"))
                is_safe = answer.status in (404, 409) and _SECRET not in answer.body
                tally.note(f"{what}: {method} {name}", is_safe, answer.status)
    _post(attacker, "/jobs/linked/tasks/task/reactivate")
    _ended(attacker)
    tally.note(f"{what}: a new attempt", _tree(foreign) == before, 0)
    for path in ("/jobs/linked/tasks/task", "/jobs/linked", f"/pools/{pool}"):
        attacker.signed(Request("batch", "DELETE", path, VERSION))
        if path != "/jobs/linked/tasks/task":
            eventually(lambda path=path: _is_gone(attacker, path), f"{path} is gone")  # type: ignore[misc]
        tally.note(f"{what}: DELETE {path}", _tree(foreign) == before, 0)


def _fill(folder: Path) -> Mapping[str, bytes]:
    """Somebody's folder, which has whatever a folder of a node might have."""
    for below in ("", "wd", "task", "job-1/task", "linked/job-1/task", "workitems/linked/job-1/task",
                  "root/workitems/linked/job-1/task"):  # fmt: skip
        for name in ("passwd", "sub/passwd", "stdout.txt", "wd/file"):
            path = folder / below / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_SECRET)
    return _tree(folder)


def _tree(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def _node(attacker: Attacker, pool: str) -> str:
    """The path of a new pool's node."""
    image = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
    _post(attacker, "/pools", {
        "id": pool, "vmSize": "standard_d2s_v3", "targetDedicatedNodes": 1,
        "virtualMachineConfiguration": {"imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04"},
    })  # fmt: skip
    nodes = f"/pools/{pool}/nodes"

    def listed() -> list[dict[str, str]]:
        return list(json.loads(attacker.signed(Request("batch", "GET", nodes, VERSION)).body)["value"])

    eventually(lambda: any(node["state"] == "idle" for node in listed()), "the node is ready")
    return f"{nodes}/{listed()[0]['id']}"


def _state(attacker: Attacker) -> str:
    answer = attacker.signed(Request("batch", "GET", "/jobs/linked/tasks/task", VERSION))
    return str(json.loads(answer.body)["state"])


def _ended(attacker: Attacker) -> None:
    eventually(lambda: _state(attacker) == "completed", "the task ends")


def _is_gone(attacker: Attacker, path: str) -> bool:
    return attacker.signed(Request("batch", "GET", path, VERSION)).status == 404


def _post(attacker: Attacker, path: str, body: object = None) -> Answer:
    content = b"" if body is None else json.dumps(body).encode()
    answer = attacker.signed(Request("batch", "POST", path, VERSION, content))
    assert answer.status < 300, (path, answer)
    return answer
