"""Tasks whose processes leave their group, session and environment: none is there any more once its task is over."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping

from tests.sandbox.attack.attacker import VERSION, Answer, Attacker, Request, Tally
from tests.support.sandbox import eventually

ESCAPES: Mapping[str, str] = {
    "a group": "sleep 300 & echo $! >pid;",
    "a session": "setsid sh -c 'echo $$ >pid; exec sleep 300' &",
    "an environment": "env -i setsid sh -c 'echo $$ >pid; exec sleep 300' &",
    "a directory": "env -i setsid sh -c 'echo $$ >pid; cd /; exec sleep 300' &",
    "an output": "env -i setsid sh -c 'echo $$ >pid; cd /; exec sleep 300' >/dev/null 2>&1 &",
    "its parents": "env -i setsid sh -c '(cd /; exec setsid sleep 300) & echo $! >pid' >/dev/null 2>&1 &",
    "signals": "env -i setsid sh -c 'trap : TERM HUP INT; echo $$ >pid; cd /; while :; do sleep 1; done' >/dev/null &",
}
_GONE_LIMIT_S = 10.0
_WRITTEN = "while ! test -s pid; do sleep 0.01; done"


def escaping_tasks(attacker: Attacker) -> Tally:
    """Each escape from a task that ends by itself, that is terminated, whose job and whose pool are deleted."""
    tally, pool = Tally(), f"escapes{time.time_ns()}"
    _make_pool(attacker, pool)
    for ending in ("the task's own end", "terminate", "delete", "the job's termination", "the job's deletion"):
        job = f"escapes{time.time_ns()}"
        pids = _escaped(attacker, pool, job, stays=ending != "the task's own end")
        for task in pids:
            if ending == "terminate":
                _post(attacker, f"/jobs/{job}/tasks/{task}/terminate")
            elif ending == "delete":
                attacker.signed(Request("batch", "DELETE", f"/jobs/{job}/tasks/{task}", VERSION))
        if ending == "the job's termination":
            _post(attacker, f"/jobs/{job}/terminate")
        elif ending == "the job's deletion":
            attacker.signed(Request("batch", "DELETE", f"/jobs/{job}", VERSION))
        _note_the_living(tally, ending, pids)
    pids = _escaped(attacker, pool, f"escapes{time.time_ns()}", stays=True)
    attacker.signed(Request("batch", "DELETE", f"/pools/{pool}", VERSION))
    _note_the_living(tally, "the pool's deletion", pids)
    return tally


def _make_pool(attacker: Attacker, pool: str) -> None:
    image = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
    answer = _post(attacker, "/pools", {
        "id": pool, "vmSize": "standard_d2s_v3", "targetDedicatedNodes": 1, "taskSlotsPerNode": len(ESCAPES),
        "virtualMachineConfiguration": {"imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04"},
    })  # fmt: skip
    assert answer.status == 201, answer


def _escaped(attacker: Attacker, pool: str, job: str, *, stays: bool) -> Mapping[str, int]:
    """By task, the process that left each; all of them run side by side."""
    _post(attacker, "/jobs", {"id": job, "poolInfo": {"poolId": pool}})
    for number, script in enumerate(ESCAPES.values()):
        line = f'/bin/sh -c "{script} {_WRITTEN}{"; sleep 300" if stays else ""}"'
        answer = _post(attacker, f"/jobs/{job}/tasks", {"id": f"task{number}", "commandLine": line})
        assert answer.status == 201, answer
    return {f"task{number}": _pid(attacker, job, f"task{number}") for number in range(len(ESCAPES))}


def _pid(attacker: Attacker, job: str, task: str) -> int:
    request = Request("batch", "GET", f"/jobs/{job}/tasks/{task}/files/wd%2Fpid", VERSION)
    eventually(lambda: attacker.signed(request).body.strip().isdigit(), f"{task} of {job} says what left it")
    return int(attacker.signed(request).body)


def _note_the_living(tally: Tally, ending: str, pids: Mapping[str, int]) -> None:
    for what, pid in zip(ESCAPES, pids.values(), strict=True):
        try:
            eventually(lambda pid=pid: not _lives(pid), f"{pid} ends", timeout_s=_GONE_LIMIT_S)  # type: ignore[misc]
            is_gone = True
        except AssertionError:
            is_gone = False
            os.kill(pid, 9)
        tally.note(f"left {what}, after {ending}", is_gone, 0)


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] not in b"ZX"
    except OSError:
        return False


def _post(attacker: Attacker, path: str, body: object = None) -> Answer:
    content = b"" if body is None else json.dumps(body).encode()
    return attacker.signed(Request("batch", "POST", path, VERSION, content))
